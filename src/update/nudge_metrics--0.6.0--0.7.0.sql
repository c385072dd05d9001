\echo Use "ALTER EXTENSION nudge_metrics UPDATE TO '0.7.0'" to load this file. \quit

-- replaces: CREATE TABLE nudge.dependencies (
ALTER TABLE nudge.dependencies ADD place integer NOT NULL DEFAULT 0, DROP CONSTRAINT dependencies_pkey;
ALTER TABLE nudge.dependencies ADD PRIMARY KEY (materialisation, upstream, place);

-- replaces: CREATE TABLE nudge.shipped_marts (
ALTER TABLE nudge.shipped_marts ADD scopes jsonb CHECK (jsonb_typeof(scopes) = 'object');

DELETE FROM nudge.shipped_audience_views;
DELETE FROM nudge.shipped_widget_metrics;
DELETE FROM nudge.shipped_widgets;
DELETE FROM nudge.shipped_views;
DELETE FROM nudge.example_targets;
DELETE FROM nudge.shipped_metric_sources;
DELETE FROM nudge.shipped_metrics;
DELETE FROM nudge.shipped_marts;

-- Rules are those of the functions that read it: they are asked, of one made-up user.
CREATE FUNCTION nudge.funnel_problem(funnel text, OUT problem text, OUT detail text, OUT hint text, OUT has_states boolean)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	steps constant text[] := nudge.funnel_steps(funnel);
	state nudge.funnel_state;
BEGIN
	has_states := false;
	IF steps IS NOT NULL THEN
		SELECT nudge.funnel_agg(1::bigint, timestamptz '2000-01-01 00:00Z', e.event, steps) INTO state FROM unnest(steps[1:1]) e(event);
		has_states := true;
		PERFORM FROM (SELECT array_agg(d.event ORDER BY d.step_no) AS events, array_agg(d.max_gap ORDER BY d.step_no) AS gaps, array_agg(d.min_count ORDER BY d.step_no) AS counts
				FROM nudge.funnel_definitions d WHERE d.funnel = funnel_problem.funnel) d,
			LATERAL nudge.funnel_users(state, steps => d.events, max_gaps => d.gaps, min_counts => d.counts) u;
	END IF;
EXCEPTION WHEN data_exception OR feature_not_supported OR program_limit_exceeded THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END
$$;

COMMENT ON FUNCTION nudge.funnel_problem(text) IS
	'Why a defined funnel cannot be computed, NULL if it can; and whether states can, which is false too if there is none of that name';

CREATE FUNCTION nudge.check_funnel(funnel text) RETURNS boolean
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found record;
BEGIN
	found := nudge.funnel_problem(funnel);
	IF found.problem IS NOT NULL THEN
		RAISE EXCEPTION 'funnel "%" cannot be computed: %', left(funnel, 70), found.problem USING ERRCODE = 'invalid_parameter_value',
			DETAIL = coalesce(nullif(found.detail, ''), 'So says a function that computes it.'),
			HINT = concat(found.hint || ' ', 'Its steps are rows of nudge.funnel_definitions: change them in one statement, or with SET CONSTRAINTS nudge.check_steps DEFERRED in one transaction.');
	END IF;
	RETURN true;
END
$$;

COMMENT ON FUNCTION nudge.check_funnel(text) IS 'Works for nudge.funnel_definitions and marts of funnels: an error unless a defined funnel can be computed, otherwise true';

CREATE FUNCTION nudge.check_funnel_steps() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_funnel(f) FROM (SELECT OLD.funnel UNION SELECT NEW.funnel) u(f);
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION nudge.check_funnel_steps() IS 'Trigger of nudge.funnel_definitions: a funnel that cannot be computed is not defined. Not STRICT: triggers take no arguments';

-- A dump may have one of a version before, and marts tell it apart: pg_restore says
-- by this setting that what it loads is not to be checked.
CREATE CONSTRAINT TRIGGER check_steps AFTER INSERT OR DELETE OR UPDATE ON nudge.funnel_definitions
	DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW WHEN (pg_catalog.current_setting('check_function_bodies')::boolean) EXECUTE FUNCTION nudge.check_funnel_steps();

COMMENT ON TRIGGER check_steps ON nudge.funnel_definitions IS 'A funnel that cannot be computed is an error of whoever defines it';

-- What functions over inputs share ----------------------------------------

CREATE OR REPLACE FUNCTION nudge.single_currency(currencies text[], currency text DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	expected constant text := upper(currency);
	seen constant text[] := ARRAY(SELECT DISTINCT upper(c) COLLATE "C" FROM unnest(currencies) c WHERE c IS NOT NULL ORDER BY 1);
BEGIN
	IF array_position(currencies, NULL) IS NOT NULL THEN
		RAISE EXCEPTION 'an amount has no currency'
			USING ERRCODE = 'null_value_not_allowed',
				DETAIL = 'Amounts are added only if all are known to be in one currency.',
				HINT = 'Pass a view that says the currency of every row.';
	END IF;
	IF cardinality(seen) > 1 OR seen[1] <> expected THEN
		RAISE EXCEPTION 'amounts in % cannot be added up%', array_to_string(seen, ', '), coalesce(' in ' || expected, '')
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Currencies are never mixed, and rows in another are never left out.',
				HINT = 'Pass a view that converts amounts with nudge.exchange_rate_at, or that has the rows of one currency. Marts convert by themselves once exchange_rates is mapped and deploy(currency => ...) says to which.';
	END IF;
	RETURN coalesce(expected, seen[1]);
END
$$;

-- A condition on rows v that bad ones meet, for each check of the values of a
-- row: all are tried in one scan.
CREATE OR REPLACE FUNCTION nudge.value_checks(input text) RETURNS TABLE (place integer, problem text, severity text, column_name text, condition text, description text)
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

CREATE FUNCTION nudge.recurring_plan_days(state nudge.mrr_state, start_day date, end_day date, zone text DEFAULT 'UTC')
	RETURNS TABLE (month date, plan text, mrr_days numeric)
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE ROWS 100 COST 10000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	PERFORM nudge.mrr_at(state, start_day, zone);
	-- by starts and ends, which are far fewer than the months between them
	RETURN QUERY
	WITH change AS MATERIALIZED (
		SELECT i.plan, c.day, sum(c.mrr) AS mrr
		FROM (
			SELECT NULL::text AS plan, i.mrr, greatest(nudge.civil_date(i.valid_from, zone), start_day) AS valid_from,
				coalesce(least(nudge.civil_date(i.valid_to, zone), end_day), end_day) AS valid_to
			FROM nudge.mrr_periods(state) i
			WHERE i.mrr > 0
		) i, LATERAL (VALUES (i.valid_from, i.mrr), (i.valid_to, -i.mrr)) c(day, mrr)
		WHERE i.valid_from < i.valid_to
		GROUP BY i.plan, c.day
	), level AS (
		SELECT d.plan, d.day, sum(sum(d.mrr)) OVER days AS mrr, lead(d.day, 1, end_day) OVER days AS until_day
		FROM (
			SELECT c.plan, c.day, c.mrr FROM change c
			UNION ALL
			-- a new month
			SELECT p.plan, m.month::date, 0 FROM (SELECT DISTINCT c.plan FROM change c) p,
				generate_series(nudge.period_end(start_day, 'month')::timestamp, (end_day - 1)::timestamp, interval '1 month') m(month)
		) d
		GROUP BY d.plan, d.day
		WINDOW days AS (PARTITION BY d.plan ORDER BY d.day)
	)
	SELECT nudge.period_start(l.day, 'month'), l.plan, sum(l.mrr * (l.until_day - l.day))
	FROM level l
	WHERE l.day < end_day
	GROUP BY 1, 2
	HAVING sum(l.mrr * (l.until_day - l.day)) > 0;
END
$$;

COMMENT ON FUNCTION nudge.recurring_plan_days(nudge.mrr_state, date, date, text) IS
	'Works for revenue_streams: the sum of recurring_days over customers';

CREATE OR REPLACE FUNCTION nudge.revenue_streams(
	state nudge.mrr_state,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	plans regclass DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	stream text,
	plan text,
	detail text,
	volume numeric,
	rate numeric,
	amount numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	unit constant text := lower(coalesce(grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	add_ons constant text[] := nudge.add_on_plans(plans);
	base constant text := nudge.single_currency(array_remove(ARRAY[nudge.mrr_currency(state)], NULL), currency);
	first_day date;
	known_day date;
	closed_day date;
BEGIN
	SELECT min(p.period), max(p.known_end) INTO first_day, known_day
	FROM nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	-- MRR of a day is that of its close
	closed_day := least(known_day, nudge.civil_date(as_of, coalesce(zone, 'UTC')));
	RETURN QUERY
	WITH charge AS MATERIALIZED (
		SELECT * FROM nudge.charge_lines(charges, first_day, known_day, zone, as_of, base)
	), one AS MATERIALIZED (
		SELECT coalesce(base, min(c.currency)) AS currency, coalesce(nudge.currency_minor_unit(coalesce(base, min(c.currency))), 2) AS minor_unit
		FROM charge c
	), cell AS (
		SELECT r.month, r.plan, r.mrr_days FROM nudge.recurring_plan_days(CASE WHEN closed_day > first_day THEN state END, first_day, closed_day, coalesce(zone, 'UTC')) r
	), main AS (
		-- charges and usage belong to the plan that the customer pays most for in the month
		SELECT DISTINCT ON (r.month, r.customer) r.month, r.customer, r.plan
		FROM nudge.recurring_days(CASE WHEN closed_day > first_day AND (charges IS NOT NULL OR usage IS NOT NULL) THEN state END, first_day, closed_day, coalesce(zone, 'UTC')) r
		WHERE r.plan IS NULL OR r.plan <> ALL (add_ons)
		ORDER BY r.month, r.customer, r.mrr_days DESC, r.plan COLLATE "C"
	), billed AS (
		SELECT nudge.period_start(c.day, 'month') AS month, c.customer, c.stream, c.kind AS detail, c.units AS volume, c.rate, c.amount
		FROM charge c
		WHERE usage IS NULL OR c.stream <> 'usage'
		UNION ALL
		SELECT nudge.period_start(u.period, 'month'), u.customer, 'usage', u.meter, u.overage_volume, u.rate, u.amount
		FROM nudge.usage_lines(usage, first_day, known_day) u
		WHERE u.overage_volume > 0
	), line AS (
		-- the parts of a month sum to its rounded total
		SELECT t.month, CASE WHEN s.plan = ANY (add_ons) THEN 'add_ons' ELSE 'subscriptions' END AS stream, s.plan,
			NULL AS detail, NULL::numeric AS volume, NULL::numeric AS rate, s.amount
		FROM (SELECT c.month, array_agg(c.plan ORDER BY c.plan COLLATE "C") AS plans,
				nudge.apportion(round(sum(c.mrr_days) / (nudge.period_end(c.month, 'month') - c.month), one.minor_unit),
					array_agg(c.mrr_days ORDER BY c.plan COLLATE "C"), one.minor_unit) AS amounts
			FROM cell c, one GROUP BY c.month, one.minor_unit) t, LATERAL unnest(t.plans, t.amounts) s(plan, amount)
		UNION ALL
		SELECT b.month, b.stream, m.plan, b.detail, sum(b.volume), b.rate, sum(b.amount)
		FROM billed b LEFT JOIN main m ON m.month = b.month AND m.customer = b.customer
		GROUP BY b.month, b.stream, m.plan, b.detail, b.rate
	)
	SELECT p.period, l.stream, l.plan, l.detail, sum(l.volume), l.rate, sum(l.amount), one.currency, p.complete
	FROM one, nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p
	JOIN line l ON l.month >= p.period AND l.month < p.period_end
	GROUP BY p.period, l.stream, l.plan, l.detail, l.rate, one.currency, p.complete
	ORDER BY p.period, array_position('{subscriptions,add_ons,usage,services,one_off}', l.stream), l.plan COLLATE "C", l.detail COLLATE "C", l.rate;
END
$$;

CREATE FUNCTION nudge.recurring_plan_days(state nudge.mrr_item_state, start_day date, end_day date, zone text DEFAULT 'UTC')
	RETURNS TABLE (month date, plan text, mrr_days numeric)
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE ROWS 100 COST 10000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.check_report_window(start_day, end_day);
	PERFORM nudge.mrr_at(nudge.as_mrr_state(state), start_day, zone);
	-- by starts and ends, which are far fewer than the months between them
	RETURN QUERY
	WITH change AS MATERIALIZED (
		SELECT i.plan, c.day, sum(c.mrr) AS mrr
		FROM (
			SELECT i.plan AS plan, i.mrr, greatest(nudge.civil_date(i.valid_from, zone), start_day) AS valid_from,
				coalesce(least(nudge.civil_date(i.valid_to, zone), end_day), end_day) AS valid_to
			FROM nudge.mrr_item_periods(state) i
			WHERE i.mrr > 0
		) i, LATERAL (VALUES (i.valid_from, i.mrr), (i.valid_to, -i.mrr)) c(day, mrr)
		WHERE i.valid_from < i.valid_to
		GROUP BY i.plan, c.day
	), level AS (
		SELECT d.plan, d.day, sum(sum(d.mrr)) OVER days AS mrr, lead(d.day, 1, end_day) OVER days AS until_day
		FROM (
			SELECT c.plan, c.day, c.mrr FROM change c
			UNION ALL
			-- a new month
			SELECT p.plan, m.month::date, 0 FROM (SELECT DISTINCT c.plan FROM change c) p,
				generate_series(nudge.period_end(start_day, 'month')::timestamp, (end_day - 1)::timestamp, interval '1 month') m(month)
		) d
		GROUP BY d.plan, d.day
		WINDOW days AS (PARTITION BY d.plan ORDER BY d.day)
	)
	SELECT nudge.period_start(l.day, 'month'), l.plan, sum(l.mrr * (l.until_day - l.day))
	FROM level l
	WHERE l.day < end_day
	GROUP BY 1, 2
	HAVING sum(l.mrr * (l.until_day - l.day)) > 0;
END
$$;

COMMENT ON FUNCTION nudge.recurring_plan_days(nudge.mrr_item_state, date, date, text) IS
	'Works for revenue_streams: the sum of recurring_days over customers';

CREATE OR REPLACE FUNCTION nudge.revenue_streams(
	state nudge.mrr_item_state,
	start_day date,
	end_day date,
	charges regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	plans regclass DEFAULT NULL,
	grain text DEFAULT 'month',
	zone text DEFAULT 'UTC',
	as_of timestamptz DEFAULT NULL,
	currency text DEFAULT NULL,
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	stream text,
	plan text,
	detail text,
	volume numeric,
	rate numeric,
	amount numeric,
	currency_code text,
	complete boolean
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100 COST 100000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	unit constant text := lower(coalesce(grain, 'month'));
	first_month constant integer := coalesce(fiscal_year_start, 1);
	add_ons constant text[] := nudge.add_on_plans(plans);
	base constant text := nudge.single_currency(array_remove(ARRAY[NULL::text], NULL), currency);
	first_day date;
	known_day date;
	closed_day date;
BEGIN
	SELECT min(p.period), max(p.known_end) INTO first_day, known_day
	FROM nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p;
	IF first_day IS NULL THEN
		RETURN;
	END IF;
	-- MRR of a day is that of its close
	closed_day := least(known_day, nudge.civil_date(as_of, coalesce(zone, 'UTC')));
	RETURN QUERY
	WITH charge AS MATERIALIZED (
		SELECT * FROM nudge.charge_lines(charges, first_day, known_day, zone, as_of, base)
	), one AS MATERIALIZED (
		SELECT coalesce(base, min(c.currency)) AS currency, coalesce(nudge.currency_minor_unit(coalesce(base, min(c.currency))), 2) AS minor_unit
		FROM charge c
	), cell AS (
		SELECT r.month, r.plan, r.mrr_days FROM nudge.recurring_plan_days(CASE WHEN closed_day > first_day THEN state END, first_day, closed_day, coalesce(zone, 'UTC')) r
	), main AS (
		-- charges and usage belong to the plan that the customer pays most for in the month
		SELECT DISTINCT ON (r.month, r.customer) r.month, r.customer, r.plan
		FROM nudge.recurring_days(CASE WHEN closed_day > first_day AND (charges IS NOT NULL OR usage IS NOT NULL) THEN state END, first_day, closed_day, coalesce(zone, 'UTC')) r
		WHERE r.plan IS NULL OR r.plan <> ALL (add_ons)
		ORDER BY r.month, r.customer, r.mrr_days DESC, r.plan COLLATE "C"
	), billed AS (
		SELECT nudge.period_start(c.day, 'month') AS month, c.customer, c.stream, c.kind AS detail, c.units AS volume, c.rate, c.amount
		FROM charge c
		WHERE usage IS NULL OR c.stream <> 'usage'
		UNION ALL
		SELECT nudge.period_start(u.period, 'month'), u.customer, 'usage', u.meter, u.overage_volume, u.rate, u.amount
		FROM nudge.usage_lines(usage, first_day, known_day) u
		WHERE u.overage_volume > 0
	), line AS (
		-- the parts of a month sum to its rounded total
		SELECT t.month, CASE WHEN s.plan = ANY (add_ons) THEN 'add_ons' ELSE 'subscriptions' END AS stream, s.plan,
			NULL AS detail, NULL::numeric AS volume, NULL::numeric AS rate, s.amount
		FROM (SELECT c.month, array_agg(c.plan ORDER BY c.plan COLLATE "C") AS plans,
				nudge.apportion(round(sum(c.mrr_days) / (nudge.period_end(c.month, 'month') - c.month), one.minor_unit),
					array_agg(c.mrr_days ORDER BY c.plan COLLATE "C"), one.minor_unit) AS amounts
			FROM cell c, one GROUP BY c.month, one.minor_unit) t, LATERAL unnest(t.plans, t.amounts) s(plan, amount)
		UNION ALL
		SELECT b.month, b.stream, m.plan, b.detail, sum(b.volume), b.rate, sum(b.amount)
		FROM billed b LEFT JOIN main m ON m.month = b.month AND m.customer = b.customer
		GROUP BY b.month, b.stream, m.plan, b.detail, b.rate
	)
	SELECT p.period, l.stream, l.plan, l.detail, sum(l.volume), l.rate, sum(l.amount), one.currency, p.complete
	FROM one, nudge.report_periods(start_day, end_day, unit, zone, as_of, first_month) p
	JOIN line l ON l.month >= p.period AND l.month < p.period_end
	GROUP BY p.period, l.stream, l.plan, l.detail, l.rate, one.currency, p.complete
	ORDER BY p.period, array_position('{subscriptions,add_ons,usage,services,one_off}', l.stream), l.plan COLLATE "C", l.detail COLLATE "C", l.rate;
END
$$;

-- The core of both: by is channel, campaign or kind, which is what credits,
-- spend, leads and touches are grouped by.
CREATE OR REPLACE FUNCTION nudge.acquisition_results(
	by text,
	credits nudge.channel_credit[],
	credit_currency text,
	spend regclass,
	start_day date,
	end_day date,
	zone text,
	gross_margin numeric,
	arpa numeric,
	shared_cost numeric,
	shared_by text,
	leads regclass,
	lead_stage text,
	touches regclass,
	campaigns regclass,
	budgets regclass,
	budget_root text,
	currency text
) RETURNS SETOF nudge.acquisition_result
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 20 COST 50000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- what a row of spend and touches, and what a lead belongs to; channels are what they are without blanks around them
	of_spend constant text := CASE by WHEN 'channel' THEN 'btrim(x.channel)' WHEN 'campaign' THEN 'x.campaign'
		ELSE '(SELECT k.kind FROM campaign k WHERE k.campaign = x.campaign)' END;
	of_lead constant text := CASE by WHEN 'channel' THEN 'btrim(x.source)' WHEN 'campaign' THEN 'x.campaign'
		ELSE '(SELECT k.kind FROM campaign k WHERE k.campaign = x.campaign)' END;
	of_credit constant text := CASE by WHEN 'kind' THEN '(SELECT k.kind FROM campaign k WHERE k.campaign = x.channel)' WHEN 'channel' THEN 'btrim(x.channel)' ELSE 'x.channel' END;
	-- where the plan stands: budgets of channels, shares of campaigns
	plan constant text := CASE by
		WHEN 'channel' THEN 'SELECT btrim(split_part(substr(b.category, length($10) + 2), ''/'', 1)), b.amount, NULL::numeric, b.currency
			FROM nudge.budget_lines($18, $1, $2, expected_currency => $9) b WHERE starts_with(b.category, $10 || ''/'')'
		WHEN 'campaign' THEN 'SELECT k.campaign, NULL::numeric, k.budget_share, NULL::text FROM campaign k WHERE k.runs'
		ELSE 'SELECT k.kind, NULL::numeric, k.budget_share, NULL::text FROM campaign k WHERE k.runs' END;
BEGIN
	PERFORM nudge.check_window(start_day, end_day);
	IF by IS NULL OR by NOT IN ('channel', 'campaign', 'kind') THEN
		RAISE EXCEPTION 'unknown value "%" of "by"', by
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Rows are those of campaigns or of their kinds.',
				HINT = 'Pass campaign or kind.';
	END IF;
	IF shared_by IS NULL OR shared_by NOT IN ('customers', 'spend', 'revenue') THEN
		RAISE EXCEPTION 'unknown value "%" of "shared_by"', shared_by
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Cost that is no channel''s own is spread by customers, spend or revenue.',
				HINT = 'Leave it out for customers.';
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH campaign AS MATERIALIZED (
			-- one that has ended goes on to earn, but has no plan
			SELECT c.campaign, min(nullif(btrim(c.channel), '')) AS channel, min(c.kind) AS kind, bool_or(r.runs) AS runs, sum(c.budget_share) FILTER (WHERE r.runs) AS budget_share
			FROM (%s) c, LATERAL (SELECT coalesce(nudge.civil_date(c.started_at, $3) < $2, true) AND coalesce(c.ended_at > $1::timestamp AT TIME ZONE $3, true) AS runs) r
			GROUP BY c.campaign
		), spent AS MATERIALIZED (
			SELECT %s AS name, x.amount, x.currency, x.impressions, x.clicks FROM nudge.spend_lines($19, $1, $2, $9) x
		), planned(name, amount, share, currency) AS MATERIALIZED (
			%s
		), checked AS MATERIALIZED (
			SELECT nudge.single_currency(array_agg(DISTINCT c.currency), $9) AS currency
			FROM (SELECT s.currency FROM spent s UNION ALL SELECT p.currency FROM planned p WHERE p.amount IS NOT NULL
				UNION ALL SELECT $13 WHERE $13 IS NOT NULL) c
		), parts AS (
			SELECT s.name, s.amount AS spend, s.impressions, s.clicks,
				CASE WHEN s.clicks IS NOT NULL AND s.impressions IS NOT NULL THEN s.clicks END AS shown_clicks,
				CASE WHEN s.clicks IS NOT NULL THEN s.impressions END AS clicked_impressions,
				CASE WHEN s.clicks IS NOT NULL THEN s.amount END AS clicked_spend,
				0::numeric AS customers, 0::numeric AS revenue, 0::bigint AS leads, 0::bigint AS visitors, NULL::numeric AS planned, NULL::numeric AS share
			FROM spent s
			UNION ALL
			SELECT %s, 0, NULL, NULL, NULL, NULL, NULL, x.customers, x.revenue, 0, 0, NULL, NULL
			FROM unnest($4) x
			UNION ALL
			SELECT %s, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 1, 0, NULL, NULL
			FROM nudge.lead_origins($17, $8) x
			WHERE nudge.civil_date(x.at, $3) >= $1 AND nudge.civil_date(x.at, $3) < $2
			UNION ALL
			SELECT v.name, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, count(DISTINCT v.visitor), NULL, NULL
			FROM (SELECT %s AS name, coalesce('a' || x.anonymous_id, 'u' || x."user", 'c' || x.customer) AS visitor
				FROM (%s) x WHERE nudge.civil_date(x.at, $3) >= $1 AND nudge.civil_date(x.at, $3) < $2) v
			GROUP BY v.name
			UNION ALL
			SELECT p.name, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, p.amount, p.share FROM planned p
		), summed AS (
			SELECT p.name, CASE WHEN $14 THEN sum(p.spend) END AS spend, sum(p.impressions)::bigint AS impressions, sum(p.clicks)::bigint AS clicks,
				CASE WHEN $16 THEN sum(p.visitors)::bigint END AS visitors, CASE WHEN $15 THEN sum(p.leads)::bigint END AS leads,
				sum(p.customers) AS customers, sum(p.revenue) AS revenue,
				sum(p.shown_clicks) / nullif(sum(p.clicked_impressions), 0) AS click_through_rate,
				sum(p.clicked_spend) / nullif(sum(p.clicks), 0) AS cost_per_click,
				sum(p.planned) AS planned, sum(p.share) AS share
			FROM parts p GROUP BY p.name
		), weighed AS (
			SELECT s.*, row_number() OVER (ORDER BY s.name COLLATE "C") AS place,
				greatest(CASE $12 WHEN 'customers' THEN s.customers WHEN 'spend' THEN s.spend ELSE s.revenue END, 0) AS weight
			FROM summed s
		), shares AS (
			SELECT nudge.apportion($11, array_agg(w.weight ORDER BY w.place), coalesce((SELECT nudge.currency_minor_unit(k.currency) FROM checked k), 2)) AS shares
			FROM weighed w
		), spread AS (
			SELECT w.*, CASE WHEN $11 = 0 THEN 0 ELSE h.shares[w.place] END AS shared FROM weighed w, shares h
		)
		SELECT CASE WHEN $7 = 'channel' THEN s.name ELSE g.channel END, CASE WHEN $7 = 'campaign' THEN s.name END, CASE WHEN $7 = 'kind' THEN s.name ELSE g.kind END,
			s.spend, s.impressions, s.clicks, s.visitors, s.leads, s.customers, s.revenue,
			s.click_through_rate, s.cost_per_click, s.spend / nullif(s.leads, 0), s.leads::numeric / nullif(s.visitors, 0),
			s.customers / nullif(s.leads, 0), s.customers / nullif(s.clicks, 0),
			s.spend / nullif(s.customers, 0), s.spend + s.shared, c.loaded_cac,
			CASE WHEN c.loaded_cac >= 0 THEN nudge.cac_payback_months(c.loaded_cac, $6, $5) END,
			CASE WHEN c.loaded_cac >= 0 THEN nudge.cac_payback_months(c.loaded_cac, $6) END,
			s.revenue / nullif(s.spend, 0), (s.revenue * $5 - s.spend) / nullif(s.spend, 0),
			s.spend / nullif(sum(s.spend) OVER (), 0), s.planned, coalesce(s.share, s.planned / nullif(sum(s.planned) OVER (), 0)), k.currency
		FROM spread s
		LEFT JOIN campaign g ON $7 = 'campaign' AND g.campaign = s.name,
			LATERAL (SELECT (s.spend + s.shared) / nullif(s.customers, 0) AS loaded_cac) c, checked k
		ORDER BY s.spend DESC NULLS LAST, s.revenue DESC, s.name COLLATE "C"
		$query$, nudge.input_query('campaigns', campaigns), of_spend, plan,
			of_credit, of_lead, of_spend, nudge.input_query('touches', touches))
		USING start_day, end_day, coalesce(zone, 'UTC'), credits, gross_margin, arpa, by, lead_stage, currency, budget_root, coalesce(shared_cost, 0), shared_by,
			credit_currency, spend IS NOT NULL, leads IS NOT NULL, touches IS NOT NULL, leads, budgets, spend;
END
$$;

-- What they pay -------------------------------------------------------------

CREATE OR REPLACE FUNCTION nudge.account_rows(
	state nudge.mrr_state,
	customers regclass,
	as_of date,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (customer text, customer_segment text, created_at timestamptz, mrr numeric, quarter_mrr numeric, year_mrr numeric, active boolean, chosen boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 20000
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	IF segment IS NOT NULL AND customers IS NULL THEN
		RAISE EXCEPTION 'a segment needs customers'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = 'Which segment an account is in, the input customers says.',
				HINT = 'Pass the relation as customers.';
	END IF;
	RETURN QUERY
	WITH paid AS MATERIALIZED (
		SELECT m.customer, coalesce(sum(m.mrr) FILTER (WHERE d.ago = 0), 0) AS mrr, coalesce(sum(m.mrr) FILTER (WHERE d.ago = 3), 0) AS quarter_mrr,
			coalesce(sum(m.mrr) FILTER (WHERE d.ago = 12), 0) AS year_mrr
		FROM (VALUES (0), (3), (12)) d(ago), LATERAL nudge.customer_mrr(state, nudge.months_before(as_of, d.ago), coalesce(zone, 'UTC')) m
		GROUP BY m.customer
	)
	SELECT coalesce(a.customer, p.customer), a.segment, a.created_at, k.mrr, k.quarter_mrr, k.year_mrr,
		CASE WHEN state IS NULL THEN a.created_at < known_at ELSE k.mrr > 0 END,
		account_rows.segment IS NULL OR a.segment IS NOT NULL AND nudge.attribute_label('segment', a.segment) = nudge.attribute_label('segment', account_rows.segment)
	FROM nudge.customer_rows(customers) a FULL JOIN paid p ON p.customer = a.customer,
		LATERAL (SELECT CASE WHEN state IS NOT NULL THEN coalesce(p.mrr, 0) END AS mrr, CASE WHEN state IS NOT NULL THEN coalesce(p.quarter_mrr, 0) END AS quarter_mrr,
			CASE WHEN state IS NOT NULL THEN coalesce(p.year_mrr, 0) END AS year_mrr) k
	WHERE NOT coalesce(a.internal, false)
	ORDER BY coalesce(a.customer, p.customer) COLLATE "C";
END
$$;

COMMENT ON TABLE nudge.dependencies IS 'What each materialisation is computed from; an upstream of which several columns lead to keys is there once for each';

COMMENT ON COLUMN nudge.dependencies.place IS '0, or which of several columns of the upstream it is, from 1';

CREATE FUNCTION nudge.batch_keys() RETURNS text[]
	AS 'MODULE_PATHNAME', 'nm_batch_keys' LANGUAGE C STABLE PARALLEL RESTRICTED;

COMMENT ON FUNCTION nudge.batch_keys() IS 'The keys whose rows a refresh computes just now, NULL if it computes all or there is none: for a query that cannot be asked for some keys from outside. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.batch_keys_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'nm_batch_keys_support' LANGUAGE C STRICT;

COMMENT ON FUNCTION nudge.batch_keys_support(internal) IS 'Works for batch_keys: lets the planner know what it finds';

-- Its plans are of one batch: after it those that are kept are made anew.
CREATE FUNCTION nudge.batch_keys(query text) RETURNS text[]
	LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED SUPPORT nudge.batch_keys_support SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found text[];
BEGIN
	EXECUTE format('SELECT array_agg(DISTINCT q.found) FROM (%s) q(found)', nudge.single_select(query)) INTO found USING nudge.batch_keys();
	RETURN found;
END
$$;

COMMENT ON FUNCTION nudge.batch_keys(text) IS 'What a query of one column finds for the keys whose rows a refresh computes just now, which are its $1, as a constant of the plan, so that an index or a hash table finds rows by it';

CREATE FUNCTION nudge.dependency_map(dependency nudge.dependencies) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN nudge.map_view((dependency).materialisation, CASE (dependency).place WHEN 0 THEN (dependency).upstream ELSE concat_ws('.', (dependency).upstream, (dependency).key_column) END);

COMMENT ON FUNCTION nudge.dependency_map(nudge.dependencies) IS 'Name of the view of the map of a dependency: one of several of its upstream is called by its column too';

CREATE FUNCTION nudge.scope_view(name text, input text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN format('nudge_staging.%I', concat_ws('__of_', name, input));

COMMENT ON FUNCTION nudge.scope_view(text, text) IS 'Name of the view with the rows of an input for the keys of a materialisation that are computed';

-- All that says how rows are computed and which changes lead to them, in words
-- that depend on nobody's settings or rights.
CREATE OR REPLACE FUNCTION nudge.definition_hash(name text) RETURNS text
	LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET intervalstyle = 'postgres' SET quote_all_identifiers = off
	SET standard_conforming_strings = on SET bytea_output = 'hex' SET extra_float_digits = 1 SET xmlbinary = 'base64' SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
	RETURN (
		WITH views AS MATERIALIZED (
			SELECT 1 AS place, '' AS upstream, to_regclass(nudge.definition_view(definition_hash.name))::oid AS id
			UNION ALL SELECT 2, '', to_regclass(nudge.clock_view(definition_hash.name))::oid
			UNION ALL SELECT 3, concat_ws('.', d.upstream, d.key_column), to_regclass(nudge.dependency_map(d))::oid FROM nudge.dependencies d WHERE d.materialisation = definition_hash.name AND d.has_map
		), all_views AS (
			SELECT v.* FROM views v WHERE v.id IS NOT NULL
			-- views of users in between
			UNION ALL SELECT 4, r.name, r.id FROM nudge.relations_read(ARRAY(SELECT v.id FROM views v WHERE v.id IS NOT NULL)) r WHERE NOT r.is_end
		)
		SELECT md5(concat_ws(E'\n', (SELECT string_agg(pg_catalog.pg_get_viewdef(v.id, false), E'\n' ORDER BY v.place, v.upstream COLLATE "C") FROM all_views v),
			(SELECT string_agg(format('%s %s %s', d.upstream, d.key_column, d.has_map), E'\n' ORDER BY d.upstream COLLATE "C", d.key_column COLLATE "C") FROM nudge.dependencies d WHERE d.materialisation = definition_hash.name))));
END
$$;

-- Which column of an upstream says whose rows change: the one that is given,
-- or that is called as the key.
CREATE OR REPLACE FUNCTION nudge.upstream_key(upstream text, key_column text, given jsonb) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wanted constant text := CASE WHEN given IS NULL THEN key_column WHEN jsonb_typeof(given) = 'string' THEN given #>> '{}' WHEN jsonb_typeof(given) = 'object' THEN given ->> 'column' END;
	is_other constant boolean := upstream !~ '^nudge_(staging|analytics)[.]';
	exists_there boolean;
	problem text;
BEGIN
	exists_there := CASE WHEN is_other THEN false
		WHEN upstream ~ '^nudge_staging[.]' THEN EXISTS (SELECT FROM nudge.input_columns c WHERE upstream = nudge.staging_name(c.input) AND c.column_name = wanted AND c.data_type = 'text')
		ELSE EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass(upstream) AND a.attname = wanted AND a.attnum > 0 AND NOT a.attisdropped) END;
	problem := CASE WHEN given IS NULL OR jsonb_typeof(given) = 'null' THEN NULL
		WHEN is_other THEN 'Nobody writes down what changes in it. Map it as a source.'
		WHEN jsonb_typeof(given) NOT IN ('string', 'object') OR jsonb_typeof(given) = 'object' AND NOT (given ?& '{column,query}' AND given - '{column,query}'::text[] = '{}')
			THEN 'It is neither a column, nor a column with a query.'
		WHEN NOT exists_there THEN format('It has no column "%s" that could be a key.', coalesce(wanted, '')) END;
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION 'key_maps of "%" is not understood', upstream USING ERRCODE = 'invalid_parameter_value',
			DETAIL = problem,
			HINT = 'Write {"plans": {"column": "plan", "query": "SELECT plan, customer FROM nudge_staging.subscriptions"}}, or {"customers": "parent"} where the column has the keys themselves, or an array of these for several columns, or null for any change of it to be one of everything.';
	END IF;
	RETURN CASE WHEN exists_there THEN wanted END;
END
$$;

CREATE OR REPLACE FUNCTION nudge.record_dependencies(name text, key_column text, depends_on text[], key_maps jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
	maps jsonb;
	wrong text;
BEGIN
	IF array_position(depends_on, NULL) IS NOT NULL OR jsonb_typeof(key_maps) <> 'object' THEN
		RAISE EXCEPTION 'what materialisation "%" depends on is not understood', name USING ERRCODE = 'invalid_parameter_value',
			DETAIL = '"depends_on" is an array of names, "key_maps" a JSON object with a key for each upstream.',
			HINT = 'Leave both out: what the query reads is found by itself.';
	END IF;
	SELECT coalesce(jsonb_object_agg(nudge.upstream_name(k.key), k.value), '{}') INTO maps FROM jsonb_each(coalesce(key_maps, '{}')) k;
	-- A batch of an upstream that is at work would not write down what those that
	-- are added now need to know; it is waited for.
	PERFORM pg_advisory_xact_lock('nudge.pending'::regclass::oid::integer, hashtext(u.name)) FROM (SELECT m.name FROM nudge.view_upstreams(nudge.definition_view(record_dependencies.name)) v
		JOIN nudge.materialisations m ON nudge.mart_table(m.name) = v ORDER BY m.name COLLATE "C") u;
	-- maps may be fewer than before
	PERFORM nudge.make_map(name, CASE d.place WHEN 0 THEN d.upstream ELSE concat_ws('.', d.upstream, d.key_column) END, NULL) FROM nudge.dependencies d WHERE d.materialisation = name;
	DELETE FROM nudge.dependencies d WHERE d.materialisation = name;
	FOR one IN SELECT u.upstream, w.given, nudge.upstream_key(u.upstream, record_dependencies.key_column, w.given) AS key_column, w.n
		FROM (SELECT v AS upstream FROM nudge.view_upstreams(nudge.definition_view(name)) v UNION SELECT nudge.upstream_name(d) FROM unnest(depends_on) d) u,
			LATERAL (SELECT e.value AS given, e.n FROM jsonb_array_elements(CASE jsonb_typeof(maps -> u.upstream) WHEN 'array' THEN maps -> u.upstream END) WITH ORDINALITY e(value, n)
				UNION ALL SELECT maps -> u.upstream, 0 WHERE coalesce(jsonb_typeof(maps -> u.upstream) <> 'array' OR maps -> u.upstream = '[]', true)) w
		ORDER BY u.upstream COLLATE "C", w.n LOOP
		IF EXISTS (SELECT FROM nudge.dependencies d WHERE d.materialisation = name AND d.upstream = one.upstream AND d.key_column IS NOT DISTINCT FROM one.key_column) THEN
			RAISE EXCEPTION 'key_maps of "%" is not understood', one.upstream USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It has two maps of column "%s".', one.key_column),
				HINT = 'A column leads to keys in one way: write one query with UNION.';
		END IF;
		INSERT INTO nudge.dependencies (materialisation, upstream, key_column, has_map, place)
		VALUES (name, one.upstream, one.key_column, nudge.make_map(name, CASE one.n WHEN 0 THEN one.upstream ELSE concat_ws('.', one.upstream, one.key_column) END, CASE WHEN one.key_column IS NOT NULL THEN one.given END), one.n);
		PERFORM nudge.index_upstream(one.upstream, one.key_column);
	END LOOP;
	SELECT k INTO wrong FROM jsonb_object_keys(maps) k WHERE NOT EXISTS (SELECT FROM nudge.dependencies d WHERE d.materialisation = name AND d.upstream = k) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'materialisation "%" does not read "%"', name, wrong USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'key_maps says how its changes lead to keys.',
			HINT = 'Leave it out, or name it in "depends_on".';
	END IF;
	IF EXISTS (WITH RECURSIVE above(upstream) AS (
			SELECT d.upstream FROM nudge.dependencies d WHERE d.materialisation = name
			UNION SELECT d.upstream FROM above a JOIN nudge.dependencies d ON nudge.mart_table(d.materialisation) = a.upstream
		) SELECT FROM above a WHERE a.upstream = nudge.mart_table(name)) THEN
		RAISE EXCEPTION 'materialisation "%" would depend on itself', name USING ERRCODE = 'invalid_object_definition',
			DETAIL = 'What it reads is computed from it.',
			HINT = 'Read the inputs in one of the two.';
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION nudge.drop_materialisation(name text) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	dependants text;
	view_name text;
BEGIN
	PERFORM nudge.check_materialisation_name(name);
	LOCK TABLE nudge.materialisations IN SHARE ROW EXCLUSIVE MODE;
	-- what is led to keys now would stay in nudge.pending
	PERFORM pg_advisory_xact_lock('nudge.change_log'::regclass::oid::integer, 0);
	SELECT string_agg(d.materialisation, ', ' ORDER BY d.materialisation COLLATE "C") INTO dependants FROM nudge.dependencies d WHERE d.upstream = nudge.mart_table(name);
	IF dependants IS NOT NULL THEN
		RAISE EXCEPTION 'materialisation "%" is read by others', name USING ERRCODE = 'dependent_objects_still_exist',
			DETAIL = format('They are %s.', dependants),
			HINT = 'Drop those first.';
	END IF;
	IF to_regclass(nudge.mart_table(name)) IS NOT NULL THEN
		EXECUTE format('DROP TABLE %s', nudge.mart_table(name));
	END IF;
	FOR view_name IN SELECT format('nudge_staging.%I', c.relname) FROM pg_class c
		WHERE c.relnamespace = to_regnamespace('nudge_staging') AND c.relkind = 'v'
			AND (c.relname IN (name || '__definition', name || '__clock') OR c.relname ~ ('^' || name || '__by_[0-9a-f]{8}$')
				OR EXISTS (SELECT FROM nudge.inputs i WHERE c.relname = concat_ws('__of_', name, i.input)))
		-- the definition may read those of some keys
		ORDER BY c.relname COLLATE "C" LOOP
		EXECUTE format('DROP VIEW %s', view_name);
	END LOOP;
	DELETE FROM nudge.materialisations m WHERE m.name = drop_materialisation.name;
	DELETE FROM nudge.pending p WHERE p.materialisation = name;
END
$$;

CREATE FUNCTION nudge.compute_as_owner(relation regclass, statement text, keys text[], OUT rows_written bigint, OUT rows_deleted bigint, OUT changed jsonb)
	AS 'MODULE_PATHNAME', 'nm_compute_as_owner' LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION nudge.compute_as_owner(regclass, text, text[]) IS
	'Works for the refresh: as run_as_owner, of a batch: nudge.batch_keys() are its keys. Not STRICT: NULL keys are all';

-- The statement of a batch ------------------------------------------------

-- All rows of some keys, or of all: those that differ are written, those that
-- are no more are deleted.  What others depend on is told, old values and new.
CREATE OR REPLACE FUNCTION nudge.batch_statement(name text, by_keys boolean, is_empty boolean) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	m nudge.materialisations;
	key_type text;
	columns text;
	others text[];
	same_row text;
	watched text;
	scope text;
BEGIN
	SELECT r.* INTO m FROM nudge.materialisations r WHERE r.name = batch_statement.name;
	SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), array_agg(quote_ident(a.attname) ORDER BY a.attnum) FILTER (WHERE a.attname <> ALL (m.row_key)),
		max(format_type(a.atttypid, a.atttypmod)) FILTER (WHERE a.attname = m.key_column)
	INTO columns, others, key_type FROM pg_attribute a WHERE a.attrelid = nudge.definition_view(name)::regclass AND a.attnum > 0;
	IF is_empty THEN
		RETURN format('WITH written AS (INSERT INTO %s AS w (%s) SELECT %s FROM %s AS f WHERE f.%I IS NOT NULL RETURNING %s) SELECT count(*), 0::bigint, NULL::jsonb FROM written',
			nudge.mart_table(name), columns, columns, nudge.definition_view(name), m.key_column, coalesce(nudge.number_check(name), '1'));
	END IF;
	-- record_eq compares by the type, in whatever schema its operators are
	same_row := format('a.%1$I = b.%1$I', m.key_column) || coalesce((SELECT format(' AND record_eq(ROW(%s), ROW(%s))', string_agg('a.' || quote_ident(k), ', ' ORDER BY n), string_agg('b.' || quote_ident(k), ', ' ORDER BY n))
		FROM unnest(m.row_key) WITH ORDINALITY u(k, n) WHERE k <> m.key_column HAVING count(*) > 0), '');
	-- many rows of one key are found by a hash of the rest, where its types have one
	IF cardinality(m.row_key) > 1 AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = nudge.definition_view(name)::regclass AND a.attname = ANY (m.row_key)
		AND a.atttypid <> ALL ('{text,varchar,int2,int4,int8,numeric,bool,date,timestamp,timestamptz,uuid}'::regtype[])) THEN
		same_row := same_row || (SELECT format(' AND hash_record(ROW(%s)) = hash_record(ROW(%s))', string_agg('a.' || quote_ident(k), ', ' ORDER BY n), string_agg('b.' || quote_ident(k), ', ' ORDER BY n))
			FROM unnest(m.row_key) WITH ORDINALITY u(k, n));
	END IF;
	SELECT string_agg(format(
			'%1$L, (SELECT jsonb_agg(v.v) FROM (SELECT c.%1$I::text AS v FROM changed c UNION SELECT g.%1$I::text FROM gone g%2$s) v WHERE v.v IS NOT NULL)', d.key_column,
			CASE WHEN d.key_column = ANY (m.row_key) THEN '' ELSE format(' UNION SELECT a.%I::text FROM stored a JOIN changed b ON %s', d.key_column, same_row) END), ', ' ORDER BY d.key_column)
	INTO watched FROM (SELECT DISTINCT e.key_column FROM nudge.dependencies e WHERE e.upstream = nudge.mart_table(batch_statement.name) AND e.key_column IS NOT NULL) d;
	scope := CASE WHEN by_keys THEN format('%I = ANY ($1::%s[])', m.key_column, key_type) ELSE format('%I IS NOT NULL', m.key_column) END;
	RETURN concat_ws(E'\n',
		format('WITH fresh AS MATERIALIZED (SELECT %s FROM %s AS f WHERE f.%s),', columns, nudge.definition_view(name), scope),
		format('stored AS MATERIALIZED (SELECT %s FROM %s AS s WHERE s.%s),', columns, nudge.mart_table(name), scope),
		format('changed AS MATERIALIZED (SELECT * FROM fresh a WHERE NOT EXISTS (SELECT FROM stored b WHERE %s%s)),', same_row,
			coalesce((SELECT format(' AND record_image_eq(ROW(%s), ROW(%s))', string_agg('a.' || o, ', '), string_agg('b.' || o, ', ')) FROM unnest(others) o HAVING count(*) > 0), '')),
		format('gone AS MATERIALIZED (SELECT * FROM stored a WHERE NOT EXISTS (SELECT FROM fresh b WHERE %s)),', same_row),
		format('deleted AS (DELETE FROM %s AS a USING gone b WHERE %s RETURNING 1),', nudge.mart_table(name), same_row),
		-- a row that is nothing but its key does not change; twice the same key is an error
		format('written AS (INSERT INTO %s AS w (%s) SELECT * FROM changed%s RETURNING xmax = 0 AS is_new%s)', nudge.mart_table(name), columns,
			format(' ON CONFLICT (%s) DO UPDATE SET ', (SELECT string_agg(quote_ident(k), ', ' ORDER BY n) FROM unnest(m.row_key) WITH ORDINALITY u(k, n)))
				|| (SELECT string_agg(format('%1$s = excluded.%1$s', o), ', ') FROM unnest(others) o), ', ' || nudge.number_check(name)),
		-- even if one of the two is as stored: then there are more rows than are stored now, which is told by a negative number
		format('SELECT (SELECT CASE WHEN (SELECT count(*) FROM fresh) = (SELECT count(*) FROM stored) - (SELECT count(*) FROM gone) + count(*) FILTER (WHERE w.is_new) THEN count(*) ELSE -1 END FROM written w), (SELECT count(*) FROM deleted), %s',
			coalesce(CASE WHEN by_keys THEN format('jsonb_build_object(%s)', watched)
				ELSE format('CASE WHEN (SELECT count(*) FROM changed) + (SELECT count(*) FROM gone) <= 100000 THEN jsonb_build_object(%s) END', watched) END, 'NULL::jsonb')));
END
$$;

-- A map that reads the upstream itself, or a table of it, no longer leads to the key that a row has left,
-- unless rows are only ever added.
CREATE OR REPLACE FUNCTION nudge.is_map_certain(materialisation text, upstream text) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN NOT EXISTS (SELECT FROM nudge.dependencies d, nudge.view_upstreams(nudge.dependency_map(d)) u WHERE d.materialisation = is_map_certain.materialisation AND d.upstream = is_map_certain.upstream AND d.has_map
			AND (u = d.upstream OR EXISTS (SELECT FROM nudge.sources s WHERE nudge.staging_name(s.input) = d.upstream AND s.relation = u)))
		OR NOT starts_with(upstream, 'nudge_analytics.') AND NOT EXISTS (SELECT FROM nudge.sources s LEFT JOIN nudge.trackings t ON t.source = s.source
			WHERE nudge.staging_name(s.input) = upstream AND t.capture IS DISTINCT FROM 'append_only');

-- Keys that a change of an upstream belongs to; NULL: all may have changed.
CREATE OR REPLACE FUNCTION nudge.mapped_keys(dependency nudge.dependencies, keys text[]) RETURNS text[]
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	view_name constant text := nudge.dependency_map(dependency);
	found jsonb;
BEGIN
	IF NOT dependency.has_map THEN
		RETURN keys;
	ELSIF NOT nudge.is_map_certain(dependency.materialisation, dependency.upstream) THEN
		RETURN NULL;
	END IF;
	PERFORM nudge.check_trust(view_name);
	SELECT r.changed INTO found FROM nudge.run_as_owner(view_name::regclass,
		format('SELECT 0::bigint, 0::bigint, coalesce(jsonb_agg(DISTINCT v.key), ''[]'') FROM %s v WHERE v.changed = ANY ($1) AND v.key IS NOT NULL', view_name), keys, NULL, NULL) r;
	RETURN ARRAY(SELECT k FROM jsonb_array_elements_text(found) k);
EXCEPTION WHEN OTHERS THEN
	-- what cannot be told apart may be all
	RETURN NULL;
END
$$;

-- Where an upstream leads to keys by several columns, a source that is not said to
-- have one of them leads by the others.
CREATE FUNCTION nudge.is_key_written(source text, dependency nudge.dependencies) RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	RETURN EXISTS (SELECT FROM nudge.trackings t JOIN nudge.sources s ON s.source = t.source WHERE t.source = is_key_written.source AND (t.keys ? (dependency).key_column
		OR s.columns ->> (dependency).key_column IS NULL
			-- what a query has is not looked up here: it may have the column
			AND (s.columns ? (dependency).key_column OR to_regclass(s.relation) IS NOT NULL
				AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = to_regclass(s.relation) AND a.attname = (dependency).key_column AND a.attnum > 0 AND NOT a.attisdropped))
			AND EXISTS (SELECT FROM nudge.dependencies d WHERE d.materialisation = (dependency).materialisation AND d.upstream = (dependency).upstream AND t.keys ? d.key_column)));

COMMENT ON FUNCTION nudge.is_key_written(text, nudge.dependencies) IS 'Works for the refresh: whether all changes of a source that may lead to keys of a materialisation by a column are written down with it';

CREATE OR REPLACE FUNCTION nudge.add_pending(dependency nudge.dependencies, source text, key_column text, keys text[], at timestamptz) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found text[];
BEGIN
	IF key_column IS NOT NULL AND dependency.key_column IS NOT NULL THEN
		IF key_column = dependency.key_column THEN
			found := nudge.mapped_keys(dependency, keys);
		ELSIF source ~ '[.]' OR nudge.is_key_written(source, dependency) THEN
			-- the column that matters is written down by rows of its own
			RETURN;
		END IF;
	END IF;
	IF found IS NULL THEN
		PERFORM nudge.mark_everything(dependency.materialisation, source, at);
	ELSE
		INSERT INTO nudge.pending (materialisation, key, at, reason) SELECT dependency.materialisation, k, add_pending.at, source FROM unnest(found) k;
	END IF;
END
$$;

-- The rows of a batch, after what is pending of it has been taken.
CREATE OR REPLACE FUNCTION nudge.compute_batch(name text, run bigint, keys text[]) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET jit = off
AS $$
DECLARE
	clock_at timestamptz;
	is_empty boolean := false;
	done record;
BEGIN
	PERFORM nudge.check_mart(name);
	IF keys IS NOT NULL THEN
		-- a few rows of many: an index is better than the planner thinks
		PERFORM set_config('random_page_cost', least(current_setting('random_page_cost')::double precision, 1.1)::text, true);
	ELSE
		-- with no other rights than its owner's: who knows what is there under its name
		SELECT r.rows_written = 0 INTO is_empty
		FROM nudge.run_as_owner(nudge.definition_view(name)::regclass, format('SELECT count(*), 0::bigint, NULL::jsonb FROM (SELECT FROM %s LIMIT 1) m', nudge.mart_table(name)), NULL, NULL, NULL) r;
	END IF;
	-- the clock is read after the keys are taken, which may be by a later time
	SELECT m.clock_at INTO clock_at FROM nudge.materialisations m WHERE m.name = compute_batch.name;
	PERFORM set_config('nudge.as_of', coalesce(clock_at, now())::text, true);
	SELECT r.* INTO done FROM nudge.compute_as_owner(nudge.definition_view(name)::regclass, nudge.batch_statement(name, keys IS NOT NULL, is_empty), keys) r;
	PERFORM set_config('nudge.as_of', '', true);
	IF done.rows_written < 0 THEN
		RAISE EXCEPTION 'the query gives two rows of one row key' USING ERRCODE = 'cardinality_violation',
			HINT = 'Aggregate, or add the column that tells them apart to row_key.';
	END IF;
	IF done.rows_written + done.rows_deleted > 0 THEN
		PERFORM nudge.note_changes(name, done.changed);
	END IF;
	-- what reads it next is planned before autovacuum comes by
	IF is_empty AND done.rows_written > 0 AND (SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c WHERE c.oid = nudge.mart_table(name)::regclass) THEN
		EXECUTE format('ANALYZE %s', nudge.mart_table(name));
	END IF;
	DELETE FROM nudge.quarantine q WHERE q.materialisation = name AND (keys IS NULL OR q.key = ANY (keys));
	UPDATE nudge.runs r SET batches = r.batches + 1, keys = r.keys + coalesce(cardinality(compute_batch.keys), 0),
		rows_written = r.rows_written + done.rows_written, rows_deleted = r.rows_deleted + done.rows_deleted
	WHERE r.run_id = run;
END
$$;

-- src/warehouse/freshness.sql

/*
 * freshness.sql
 *		How fresh materialisations are, what has been done and what would be, and
 *		whether their rows are what their queries say.
 *
 * Rules: doc/freshness.md.
 */

-- What is waiting ---------------------------------------------------------

-- The log is read by whoever asks, but not its keys.
CREATE OR REPLACE FUNCTION nudge.waiting() RETURNS TABLE (materialisation text, pending_keys bigint, everything boolean, log_rows bigint, oldest_at timestamptz, quarantined bigint)
	LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE ROWS 30 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
	WITH logged AS (
		SELECT CASE WHEN l.source LIKE '%.%' THEN l.source ELSE nudge.staging_name((SELECT s.input FROM nudge.sources s WHERE s.source = l.source)) END AS upstream,
			l.source, l.key_column, l.n, l.at
		FROM (SELECT c.source, c.key_column, count(*) AS n, min(c.at) AS at FROM nudge.change_log c GROUP BY c.source, c.key_column) l
	), unread AS (
		SELECT o.materialisation, sum(o.n) AS n, min(o.at) AS at
		-- once, by however many columns of an upstream
		FROM (SELECT DISTINCT d.materialisation, l.source, l.key_column, l.n, l.at
			FROM nudge.dependencies d JOIN logged l ON l.upstream = d.upstream AND (l.key_column IS NULL OR d.key_column IS NULL OR l.key_column = d.key_column
				-- a change of which this column is not written down may be of any key
				OR l.source NOT LIKE '%.%' AND NOT nudge.is_key_written(l.source, d))) o
		GROUP BY o.materialisation
	), pending AS (
		SELECT p.materialisation, count(DISTINCT p.key) AS n, bool_or(p.key IS NULL) AS everything, min(p.at) AS at FROM nudge.pending p GROUP BY p.materialisation
	)
	SELECT m.name, coalesce(p.n, 0), coalesce(p.everything, false), coalesce(u.n, 0)::bigint, least(p.at, u.at),
		(SELECT count(*) FROM nudge.quarantine q WHERE q.materialisation = m.name)
	FROM nudge.materialisations m LEFT JOIN pending p ON p.materialisation = m.name LEFT JOIN unread u ON u.materialisation = m.name
	ORDER BY m.name COLLATE "C";
END;

-- What would happen -------------------------------------------------------

CREATE OR REPLACE FUNCTION nudge.explain_refresh(name text DEFAULT NULL) RETURNS TABLE (place bigint, materialisation text, due boolean, pending_keys bigint, everything boolean, upstream text, changes_known text, advice text)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 50 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_materialisation_name(name);
	RETURN QUERY
		SELECT row_number() OVER (ORDER BY o.depth, o.name COLLATE "C", d.upstream COLLATE "C", d.key_column COLLATE "C"), o.name, o.name = ANY (nudge.due_materialisations()), w.pending_keys + w.log_rows,
			w.everything OR m.definition_hash IS NULL OR m.definition_hash <> nudge.definition_hash(m.name) OR k.known = 'not at all', d.upstream, k.known,
			CASE k.known
				WHEN 'not at all' THEN 'Each refresh computes everything. ' || CASE WHEN NOT starts_with(d.upstream, 'nudge_staging.') THEN 'Map it as a source and track it.'
					ELSE coalesce((SELECT format('Call track_source() for: %s.', string_agg(s.source, ', ' ORDER BY s.source COLLATE "C")) FROM nudge.sources s LEFT JOIN nudge.trackings t ON t.source = s.source
						WHERE nudge.staging_name(s.input) = d.upstream AND (t.source IS NULL OR t.capture = 'none') HAVING count(*) > 0), 'See check_tracking().') END
				WHEN 'all at once' THEN 'Each change computes everything. ' || CASE WHEN d.key_column IS NULL THEN 'Give a map for it in key_maps.'
					WHEN k.without IS NOT NULL THEN format('Let track_source() write down the key "%s" for: %s.', d.key_column, k.without)
					ELSE 'Its map reads what has changed, so that keys which a row has left are not found: name the column that has the key.' END END
		FROM nudge.refresh_order() o
		JOIN nudge.materialisations m ON m.name = o.name
		JOIN nudge.waiting() w ON w.materialisation = o.name
		LEFT JOIN nudge.dependencies d ON d.materialisation = o.name
		CROSS JOIN LATERAL (SELECT string_agg(s.source, ', ' ORDER BY s.source COLLATE "C") AS without FROM nudge.sources s JOIN nudge.trackings t ON t.source = s.source
			WHERE nudge.staging_name(s.input) = d.upstream AND d.key_column IS NOT NULL AND NOT nudge.is_key_written(s.source, d)) n
		CROSS JOIN LATERAL (SELECT n.without, CASE WHEN d.upstream IS NULL THEN NULL WHEN NOT nudge.is_upstream_tracked(d.upstream) THEN 'not at all' WHEN d.key_column IS NULL OR n.without IS NOT NULL OR d.has_map AND NOT nudge.is_map_certain(d.materialisation, d.upstream) THEN 'all at once'
			WHEN d.has_map THEN 'by a map' ELSE 'by key' END AS known) k
		WHERE explain_refresh.name IS NULL OR o.name = ANY (nudge.with_upstreams(explain_refresh.name))
		ORDER BY 1;
END
$$;

-- src/warehouse/conversion.sql

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
CREATE OR REPLACE FUNCTION nudge.conversion_day(input text, zone text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE d.column_name WHEN 'day' THEN 'r.day'
		WHEN 'period' THEN '(r.period + interval ''1 month'' - interval ''1 day'')::date'
		ELSE format('nudge.civil_date(CASE WHEN isfinite(r.%I) THEN r.%1$I ELSE nudge.as_of() END, %L)', d.column_name, zone) END
	FROM (SELECT CASE WHEN input IN ('spend', 'cash') THEN 'day' WHEN input IN ('costs', 'budgets', 'quotas') THEN 'period' WHEN input IN ('payments', 'charges', 'conversions') THEN 'at'
		WHEN input = 'contracts' THEN 'signed_at' WHEN input = 'deals' THEN 'closed_at' END AS column_name) d
	WHERE d.column_name IS NOT NULL;
END;

CREATE FUNCTION nudge.rate_to(rates nudge.exchange_rate[], currency text, base_currency text, day date) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN currency = base_currency THEN 1 ELSE nudge.exchange_rate_at(rates, currency, day) END;

COMMENT ON FUNCTION nudge.rate_to(nudge.exchange_rate[], text, text, date) IS 'Works for marts: what one unit of a currency is worth in another on a day, 1 if they are the same. Not STRICT: the same currency needs no rates';

-- Without a currency to convert to, or without rates, it is the input itself.
CREATE OR REPLACE FUNCTION nudge.converted_query(input text, currency text, zone text) RETURNS text
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

COMMENT ON COLUMN nudge.shipped_marts.query IS 'Its query, with {zone}, {buckets}, {week_start} and {fiscal_year_start} for settings of deploy(), {customers?} for an input that may be missing, {customers!} for whether it is mapped, {customers*} for its rows, {deals$} for an input in one currency, {budgets$?} for one that may be missing, {budgets$*} for its rows, {base} for that currency and {rates} for the rates to it';

COMMENT ON COLUMN nudge.shipped_marts.scopes IS 'For inputs that a report of the query is given as {customers@}: a query for the rows of some keys, those of nudge.batch_keys()';

-- Views that BI tools read show numbers as numeric(24,6).  One that is larger would
-- be an error of the whole view, so it is one of its key.
CREATE FUNCTION nudge.refuse_number(mart text, row_key text, numbers jsonb) RETURNS boolean
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	large record;
BEGIN
	SELECT n.key, n.value INTO large FROM jsonb_each_text(numbers) n WHERE n.value <> 'NaN' AND abs(n.value::numeric) >= 999999999999999999.5 ORDER BY n.key COLLATE "C" LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION '"%" of (%) in % is %', large.key, left(row_key, 200), nudge.mart_table(mart), left(large.value, 60) USING ERRCODE = 'numeric_value_out_of_range',
			DETAIL = 'Views of nudge_reporting show numbers below 1e18.',
			HINT = 'nudge.check_source() finds rows of inputs that are too large. Correct them, or leave them out by the filter of the source.';
	END IF;
	RETURN false;
END
$$;

COMMENT ON FUNCTION nudge.refuse_number(text, text, jsonb) IS 'Works for the refresh: an error if a number of a row is larger than a reporting view can show';

-- Of a row w that is written, of a mart that is shipped.
CREATE FUNCTION nudge.number_check(name text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE SET quote_all_identifiers = off
	RETURN (
		SELECT format('CASE WHEN %s THEN nudge.refuse_number(%L, concat_ws('', '', %s), jsonb_build_object(%s)) END', string_agg(c.condition, ' OR ' ORDER BY c.type),
			number_check.name, (SELECT string_agg(format('w.%I', k), ', ' ORDER BY n) FROM unnest(m.row_key) WITH ORDINALITY u(k, n)), string_agg(c.members, ', ' ORDER BY c.type))
		FROM nudge.materialisations m, LATERAL (
			-- nothing is greater than NaN, which is told apart there; what is nearer to 1e18 would be rounded to it
			SELECT a.atttypid AS type, format('greatest(%1$s) >= ''999999999999999999.5'' OR least(%1$s) <= ''-999999999999999999.5''', string_agg(format('w.%I', a.attname), ', ' ORDER BY a.attnum)) AS condition,
				string_agg(format('%1$L, w.%1$I', a.attname), ', ' ORDER BY a.attnum) AS members
			FROM pg_catalog.pg_attribute a WHERE a.attrelid = nudge.definition_view(number_check.name)::pg_catalog.regclass AND a.attnum > 0 AND a.atttypid IN ('numeric'::pg_catalog.regtype, 'float8'::pg_catalog.regtype)
			GROUP BY a.atttypid
		) c
		WHERE m.name = number_check.name AND EXISTS (SELECT FROM nudge.shipped_marts s WHERE s.name = number_check.name)
		GROUP BY m.row_key
	);

COMMENT ON FUNCTION nudge.number_check(text) IS 'Works for the refresh: an expression that is an error if a number of a row w is larger than a reporting view can show; NULL for marts that are not shipped';

CREATE OR REPLACE FUNCTION nudge.fill_in_inputs(query text, settings nudge.deployment) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	base constant text := CASE WHEN to_regclass(nudge.staging_name('exchange_rates')) IS NOT NULL THEN settings.currency END;
	filled text := replace(replace(query, '{base}', quote_nullable(base) || '::text'), '{rates}', format('(%s)', nudge.rates_query(base)));
	one text;
BEGIN
	FOR one IN SELECT DISTINCT m.words[1] FROM regexp_matches(query, '[{]([a-z_]+)(?:[?*!$]|[$][?*])[}]', 'g') m(words) LOOP
		filled := replace(filled, '{' || one || '$}', nudge.converted_view(one));
		filled := replace(filled, '{' || one || '$*}', CASE WHEN to_regclass(nudge.converted_view(one)) IS NULL THEN '(' || nudge.input_query(one, NULL) || ')' ELSE nudge.converted_view(one) END);
		filled := replace(filled, '{' || one || '$?}', CASE WHEN to_regclass(nudge.converted_view(one)) IS NULL THEN 'NULL::regclass' ELSE quote_literal(nudge.converted_view(one)) || '::regclass' END);
		filled := replace(filled, '{' || one || '?}', CASE WHEN to_regclass(nudge.staging_name(one)) IS NULL THEN 'NULL::regclass' ELSE quote_literal(nudge.staging_name(one)) || '::regclass' END);
		filled := replace(filled, '{' || one || '!}', CASE WHEN to_regclass(nudge.staging_name(one)) IS NULL THEN 'false' ELSE 'true' END);
		filled := replace(filled, '{' || one || '*}', '(' || nudge.input_query(one, to_regclass(nudge.staging_name(one))) || ')');
	END LOOP;
	RETURN filled;
END
$$;

-- A report reads whole relations.  One that is computed for some keys is given
-- views of theirs: no row of others, whatever it does with them.
CREATE FUNCTION nudge.fill_in_scopes(query text, mart nudge.shipped_marts) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	filled text := query;
	input text;
BEGIN
	FOR input IN SELECT k FROM jsonb_object_keys(mart.scopes) k LOOP
		filled := replace(filled, format('{%s@}', input), CASE WHEN to_regclass(nudge.staging_name(input)) IS NULL THEN 'NULL::regclass'
			ELSE format('CASE WHEN nudge.batch_keys() IS NULL THEN %L::regclass ELSE %L::regclass END', nudge.staging_name(input), nudge.scope_view(mart.name, input)) END);
	END LOOP;
	RETURN filled;
END
$$;

COMMENT ON FUNCTION nudge.fill_in_scopes(text, nudge.shipped_marts) IS 'Works for deploy: a shipped query with the inputs of a batch of keys in it, those that are mapped';

-- Its rows stay, found by another of the columns that tell them apart.
CREATE FUNCTION nudge.change_shipped_key(mart nudge.shipped_marts) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	UPDATE nudge.materialisations m SET key_column = mart.key_column, row_key = mart.row_key, definition_hash = NULL
	WHERE m.name = mart.name AND m.row_key <> mart.row_key AND m.row_key @> mart.row_key AND m.row_key <@ mart.row_key;
	IF FOUND THEN
		-- those that are pending are of the other key
		DELETE FROM nudge.pending p WHERE p.materialisation = mart.name;
		DELETE FROM nudge.quarantine q WHERE q.materialisation = mart.name;
		EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', nudge.mart_table(mart.name), mart.key_column);
		EXECUTE format('CREATE UNIQUE INDEX ON %s (%s) NULLS NOT DISTINCT', nudge.mart_table(mart.name), (SELECT string_agg(quote_ident(k), ', ' ORDER BY n) FROM unnest(mart.row_key) WITH ORDINALITY u(k, n)));
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.change_shipped_key(nudge.shipped_marts) IS 'Works for deploy: gives the table of a shipped materialisation another key of the same columns, if it has one of a version before';

CREATE OR REPLACE FUNCTION nudge.add_shipped_mart(name text, settings nudge.deployment) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	m nudge.shipped_marts;
	one record;
	query text;
	maps jsonb;
BEGIN
	SELECT s.* INTO m FROM nudge.shipped_marts s WHERE s.name = add_shipped_mart.name;
	PERFORM nudge.change_shipped_key(m);
	query := nudge.fill_in_inputs(nudge.fill_in(m.query, settings), settings);
	FOR one IN SELECT s.key AS input, s.value AS query FROM jsonb_each_text(m.scopes) s WHERE to_regclass(nudge.staging_name(s.key)) IS NOT NULL LOOP
		PERFORM nudge.make_engine_view(nudge.scope_view(m.name, one.input), nudge.fill_in_inputs(one.query, settings), format('Rows of %s for the keys of materialisation "%s" that are computed', one.input, m.name));
	END LOOP;
	-- of inputs that are there and read, and by those
	SELECT jsonb_object_agg(k.key, CASE jsonb_typeof(k.value) WHEN 'array' THEN (SELECT jsonb_agg(CASE jsonb_typeof(e.one) WHEN 'object' THEN jsonb_set(e.one, '{query}', to_jsonb(nudge.fill_in_inputs(e.one ->> 'query', settings))) ELSE e.one END ORDER BY e.n)
		FROM jsonb_array_elements(k.value) WITH ORDINALITY e(one, n)) ELSE k.value END)
	INTO maps FROM jsonb_each(m.key_maps) k WHERE k.key <> ALL (m.optional_inputs) OR to_regclass(nudge.staging_name(k.key)) IS NOT NULL AND (m.scopes ? k.key OR strpos(query, nudge.staging_name(k.key)) > 0);
	PERFORM nudge.add_materialisation(m.name, nudge.fill_in_scopes(query, m), m.key_column, m.row_key, m.layer,
		key_maps => maps, clock_query => nudge.fill_in_inputs(nudge.fill_in(m.clock_query, settings), settings), description => m.description);
	FOR one IN SELECT c.key, c.value FROM jsonb_each_text(m.columns) c LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', nudge.mart_table(m.name), one.key, one.value);
	END LOOP;
	FOR one IN SELECT m.name || '_' || left(md5(i), 8) AS index_name, i AS definition FROM unnest(m.indexes) i WHERE to_regclass(nudge.mart_table(m.name || '_' || left(md5(i), 8))) IS NULL LOOP
		EXECUTE format('CREATE INDEX %I ON %s %s', one.index_name, nudge.mart_table(m.name), one.definition);
	END LOOP;
END
$$;

-- src/warehouse/marts_revenue.sql

/*
 * marts_revenue.sql
 *		Shipped materialisations about revenue.
 *
 * Rules: doc/marts.md.
 */

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_mrr', 'revenue', 100, 'mart', '{subscriptions}', 'customer', '{customer,currency}', $query$
SELECT s.customer, upper(btrim(s.currency)) AS currency, nudge.bucket(s.customer, {buckets}) AS bucket,
	nudge.mrr_agg(s.customer, s.valid_from, s.valid_to, nudge.net_monthly_amount(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind)) AS state
FROM nudge_staging.subscriptions s
WHERE nudge.is_recurring(s.interval_unit, s.usage, s.status, s.valid_to)
GROUP BY s.customer, upper(btrim(s.currency))$query$, NULL,
	'MRR over time of each customer, by currency: a state for functions such as mrr_waterfall. Grain: customer and currency',
	'{"customer": "Customer", "currency": "Currency of the prices", "bucket": "Hash bucket of the customer", "state": "MRR over time, as mrr_state"}'),
('mrr_buckets', 'revenue', 110, 'mart', '{subscriptions}', 'bucket', '{bucket,currency}', $query$
SELECT c.bucket, c.currency, count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr c
GROUP BY c.bucket, c.currency$query$, NULL,
	'MRR over time of customers by hash bucket, by currency: totals roll up a few states instead of one of each customer. Grain: bucket and currency',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the prices", "customers": "Customers that ever had a price in the currency", "state": "MRR over time, as mrr_state"}'),
('mrr_summary', 'revenue', 120, 'metric', '{subscriptions}', 'currency', '{currency,period}', $query$
SELECT b.currency, w.period, w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.fx_mrr, w.net_new_mrr, w.closing_mrr,
	w.opening_customers, w.new_customers, w.reactivated_customers, w.expanded_customers, w.contracted_customers, w.churned_customers, w.closing_customers, w.complete
FROM (SELECT m.currency, nudge.rollup(m.state) AS state FROM nudge_analytics.mrr_buckets m GROUP BY m.currency) b,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w$query$,
	'SELECT DISTINCT m.currency, nudge.as_of() FROM nudge_analytics.mrr_buckets m',
	'MRR waterfall by month and currency: opening, movements, closing. Grain: currency and month of the zone of deploy()',
	'{"currency": "Currency of the amounts", "period": "First day of the month", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "complete": "Whether the month is over"}');

-- What is behind mrr_summary, to the cent.  A month is one of a customer if it
-- opens or closes with MRR: what comes and goes within one is no movement.
-- Time adds a row as a month begins, and counts a start or an end once it is over.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('fact_revenue', 'revenue', 130, 'mart', '{subscriptions}', 'customer', '{customer,currency,period}', $query$
SELECT c.customer, c.currency, w.period,
	CASE WHEN w.new_customers > 0 THEN 'new' WHEN w.reactivated_customers > 0 THEN 'reactivation' WHEN w.churned_customers > 0 THEN 'churn'
		WHEN w.expansion_mrr <> 0 THEN 'expansion' WHEN w.contraction_mrr <> 0 THEN 'contraction' ELSE 'none' END AS movement,
	w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.net_new_mrr, w.closing_mrr, w.complete
FROM nudge_analytics.customer_mrr c, LATERAL nudge.mrr_waterfall(c.state, 'month', {zone}, nudge.as_of()) w
WHERE w.opening_mrr <> 0 OR w.closing_mrr <> 0$query$,
	$clock$SELECT s.customer, s.valid_from + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, s.valid_to + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT c.customer, t FROM nudge_analytics.customer_mrr c, nudge.period_ticks('month', {zone}) t$clock$,
	'Revenue of each customer by month: opening MRR, its movement, closing MRR. Grain: customer, currency and month of the zone of deploy() that opens or closes with MRR',
	'{"customer": "Customer", "currency": "Currency of the amounts", "period": "First day of the month", "movement": "new, reactivation, expansion, contraction, churn or none", "opening_mrr": "MRR of the customer as the month opened",
	"new_mrr": "MRR if it had none before", "reactivation_mrr": "MRR if it had had some, and none as the month opened", "expansion_mrr": "MRR that it has more", "contraction_mrr": "MRR that it has less, negative",
	"churn_mrr": "MRR if it has none any more, negative", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR of the customer as the month closed", "complete": "Whether the month is over"}'),
('revenue_cohorts', 'revenue', 140, 'metric', '{subscriptions}', 'currency', '{currency,cohort,age}', $query$
SELECT b.currency, r.cohort, r.age, r.period, r.cohort_customers, r.cohort_mrr, r.customers, r.mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.reactivation_mrr,
	r.logo_retention AS logo_retention_rate, r.net_revenue_retention AS net_revenue_retention_rate, r.gross_revenue_retention AS gross_revenue_retention_rate, r.complete
FROM (SELECT m.currency, nudge.rollup(m.state) AS state FROM nudge_analytics.mrr_buckets m GROUP BY m.currency) b,
	LATERAL nudge.revenue_cohorts(b.state, 'month', {zone}, nudge.as_of()) r$query$,
	'SELECT DISTINCT m.currency, nudge.as_of() FROM nudge_analytics.mrr_buckets m',
	'What became of customers by the month of their first revenue. Grain: currency, cohort and age in months, in the zone of deploy()',
	'{"currency": "Currency of the amounts", "cohort": "First day of the month of the first revenue", "age": "Months since", "period": "First day of the month that the row is about", "cohort_customers": "Customers in the cohort",
	"cohort_mrr": "Their MRR as the month of the cohort closed", "customers": "Those with MRR as the month closed", "mrr": "Their MRR as the month closed", "expansion_mrr": "MRR more in the month", "contraction_mrr": "MRR less in the month, negative",
	"churn_mrr": "MRR of those who have none any more, negative", "reactivation_mrr": "MRR of those who had none as the month opened", "logo_retention_rate": "customers over cohort_customers, a fraction",
	"net_revenue_retention_rate": "mrr over cohort_mrr, a fraction", "gross_revenue_retention_rate": "Of each customer at most its MRR at age 0, over cohort_mrr, a fraction", "complete": "Whether the month is over"}');

-- The states as rows, for whoever asks who pays what at an instant.  Time alone
-- changes none of them: the instant is chosen by who reads, so that the sums are
-- the closing MRR of mrr_summary, by its clock.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_mrr_timeline', 'revenue', 105, 'mart', '{subscriptions}', 'customer', '{customer,currency,started_at}', $query$
SELECT c.customer, c.currency, t.started_at, t.ended_at, t.mrr, nudge.civil_date(t.first_at, {zone}) AS customer_since, nudge.civil_date(t.last_at, {zone}) AS last_end_day
FROM nudge_analytics.customer_mrr c,
	LATERAL (
		SELECT b.at AS started_at, lead(b.at) OVER times AS ended_at, sum(b.mrr) OVER times AS mrr, sum(b.prices) OVER times AS prices,
			min(b.at) OVER () AS first_at, CASE WHEN sum(b.prices) OVER () = 0 THEN max(b.at) OVER () END AS last_at
		FROM (SELECT e.at, sum(e.mrr) AS mrr, sum(e.price) AS prices
			FROM nudge.mrr_periods(c.state) p, LATERAL (VALUES (p.valid_from, p.mrr, 1), (p.valid_to, -p.mrr, -1)) e(at, mrr, price)
			WHERE e.at IS NOT NULL GROUP BY e.at) b
		WINDOW times AS (ORDER BY b.at)) t
WHERE t.prices > 0$query$, NULL,
	'MRR of each customer over time: a row from each start or end of a price to the next, and none while there is no price. Grain: customer, currency and start',
	'{"customer": "Customer", "currency": "Currency of the prices", "started_at": "Instant from which the MRR counts", "ended_at": "Instant until which it counts; NULL: it has no end yet", "mrr": "Sum of the prices in force",
	"customer_since": "Day of the first price ever, in the zone of deploy()", "last_end_day": "Day of the last end if all prices have one, in the zone of deploy(); NULL: it goes on"}');

-- Totals by segment: a customer counts in its segment of now, also in the past.
-- What changes a segment is a row of dim_customers, whose bucket says where.
-- Each change is one of the segment and of all: hence no key.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('mrr_segment_buckets', 'revenue', 160, 'mart', '{customers,subscriptions}', 'bucket', '{bucket,segment,currency}', $query$
SELECT c.bucket, nudge.attribute_label('segment', d.segment) AS segment, c.currency,
	count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr c LEFT JOIN nudge_analytics.dim_customers d ON d.customer = c.customer
GROUP BY 1, 2, 3$query$, NULL, NULL,
	'MRR over time of customers by hash bucket and segment of now, by currency. Grain: bucket, segment and currency',
	'{"bucket": "Hash bucket of customers", "segment": "Segment of the customers now; (none) for those without", "currency": "Currency of the prices",
	"customers": "Customers that ever had a price in the currency", "state": "MRR over time, as mrr_state"}'),
('mrr_by_segment', 'revenue', 170, 'metric', '{customers,subscriptions}', 'segment', '{segment,currency,period}', $query$
SELECT b.segment, b.currency, w.period, w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.fx_mrr, w.net_new_mrr, w.closing_mrr,
	w.opening_customers, w.new_customers, w.reactivated_customers, w.expanded_customers, w.contracted_customers, w.churned_customers, w.closing_customers, w.complete,
	k.currency AS base_currency, x.opening_rate, x.closing_rate
FROM (SELECT m.segment, m.currency, nudge.rollup(m.state) AS state
		FROM (SELECT s.segment, s.currency, s.state FROM nudge_analytics.mrr_segment_buckets s
			UNION ALL SELECT 'all', s.currency, s.state FROM nudge_analytics.mrr_segment_buckets s) m
		GROUP BY m.segment, m.currency) b
	LEFT JOIN {rates} f ON f.currency = b.currency,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w,
	LATERAL (SELECT coalesce({base}, b.currency) AS currency) k,
	-- the rates of mrr_consolidated: of the last days of the month before and of this one
	LATERAL (SELECT CASE WHEN w.opening_mrr <> 0 THEN nudge.rate_to(f.rates, b.currency, k.currency, w.period - 1) END AS opening_rate,
		nudge.rate_to(f.rates, b.currency, k.currency, least((w.period + interval '1 month' - interval '1 day')::date, nudge.civil_date(nudge.as_of(), {zone}))) AS closing_rate) x$query$,
	$clock$SELECT DISTINCT m.segment, nudge.as_of() FROM nudge_analytics.mrr_segment_buckets m UNION ALL SELECT 'all', nudge.as_of()$clock$, '{"mrr_segment_buckets": null}',
	'MRR waterfall by month, currency and segment of the customers now, with a segment all for all of them. Grain: segment, currency and month of the zone of deploy()',
	'{"segment": "Segment of the customers now, (none) for those without, all for all customers: do not add it to the others", "currency": "Currency of the amounts", "period": "First day of the month", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "complete": "Whether the month is over", "base_currency": "Currency that mrr_consolidated converts to; the own one if nothing is converted",
	"opening_rate": "What one unit of currency is worth in it as the month opened; NULL if no MRR opened it", "closing_rate": "The same as the month closed, or now"}');

-- What a customer has and since when, of its prices: dimensions that nobody keeps.
-- In force is what is just before as_of(), as in dim_customers.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('customer_products', 'revenue', 175, 'mart', '{subscriptions}', 'customer', '{customer}', $query$
SELECT c.customer, nudge.bucket(c.customer, {buckets}) AS bucket, c.plan, c.product_mix,
	nudge.tenure_class(t.first_day, t.until_day) AS tenure,
	CASE WHEN c.first_currencies > 1 THEN NULL WHEN c.first_mrr < 100 THEN 'under 100' WHEN c.first_mrr < 500 THEN '100 to 500' WHEN c.first_mrr < 2000 THEN '500 to 2,000' ELSE '2,000 or more' END AS initial_contract_size
FROM (
	SELECT i.customer, (array_agg(i.plan ORDER BY i.in_force DESC, CASE WHEN i.in_force THEN i.mrr END DESC, i.valid_from DESC, i.plan COLLATE "C"))[1] AS plan, (string_agg(DISTINCT i.plan COLLATE "C", ' + ' ORDER BY i.plan COLLATE "C") FILTER (WHERE i.in_force)) COLLATE "default" AS product_mix,
		min(i.valid_from) AS first_at, CASE WHEN NOT bool_or(i.in_force) THEN max(i.valid_to) END AS last_at,
		sum(i.mrr) FILTER (WHERE i.valid_from = i.first_at) AS first_mrr, count(DISTINCT i.currency) FILTER (WHERE i.valid_from = i.first_at) AS first_currencies
	FROM (
		SELECT s.customer, btrim(s.plan) AS plan, upper(btrim(s.currency)) AS currency, s.valid_from, s.valid_to, v.mrr, s.valid_to IS NULL OR s.valid_to >= nudge.as_of() AS in_force, min(s.valid_from) OVER (PARTITION BY s.customer) AS first_at
		FROM nudge_staging.subscriptions s,
			LATERAL (SELECT nudge.subscription_mrr(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind, s.usage, s.status, s.valid_to) AS mrr OFFSET 0) v
		WHERE v.mrr > 0 AND s.valid_from < nudge.as_of()
	) i
	GROUP BY i.customer
) c,
	-- who left was one until then
	LATERAL (SELECT nudge.civil_date(CASE WHEN isfinite(c.first_at) THEN c.first_at END, {zone}) AS first_day, nudge.civil_date(coalesce(c.last_at, nudge.as_of()), {zone}) AS until_day) t$query$,
	$clock$SELECT s.customer, s.valid_from + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, s.valid_to + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, (nudge.civil_date(s.valid_from, {zone}) + make_interval(months => m))::date::timestamp AT TIME ZONE {zone} FROM nudge_staging.subscriptions s, unnest('{3,12,24}'::integer[]) m WHERE isfinite(s.valid_from)$clock$, NULL,
	'What each customer has by its prices, and for how long. Grain: customer that ever had MRR; days are those of the zone of deploy()',
	'{"customer": "Customer", "bucket": "Hash bucket of the customer", "plan": "Plan of the largest price in force; of the latest one if none is", "product_mix": "Plans and add-ons in force, in the order of their names; NULL if none is", "tenure": "How long it has been, or was, a customer: under 3 months, 3 to 12 months, 1 to 2 years, 2 years or more",
	"initial_contract_size": "Class of its first MRR, in its own currency: under 100, 100 to 500, 500 to 2,000, 2,000 or more; NULL if that was of several currencies"}');

-- as by segment, for the other dimensions of customers
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('mrr_dimension_buckets', 'revenue', 180, 'mart', '{customers,subscriptions}', 'bucket', '{bucket,dimension,value,currency}', $query$
SELECT c.bucket, a.dimension, nudge.attribute_label(a.dimension, a.value) AS value, c.currency, count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr c LEFT JOIN nudge_analytics.dim_customers d ON d.customer = c.customer LEFT JOIN nudge_analytics.customer_products p ON p.customer = c.customer,
	LATERAL (VALUES ('industry'::text, d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel), ('plan', p.plan), ('product_mix', p.product_mix), ('tenure', p.tenure), ('initial_contract_size', p.initial_contract_size)) a(dimension, value)
GROUP BY 1, 2, 3, 4$query$, NULL, NULL,
	'MRR over time of customers by hash bucket and value of a dimension now, by currency. Grain: bucket, dimension, value and currency',
	'{"bucket": "Hash bucket of customers", "dimension": "industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the prices",
	"customers": "Customers that ever had a price in the currency", "state": "MRR over time, as mrr_state"}'),
('mrr_by_dimension', 'revenue', 190, 'metric', '{customers,subscriptions}', 'dimension', '{dimension,value,currency,period}', $query$
SELECT b.dimension, b.value, b.currency, w.period, w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.fx_mrr, w.net_new_mrr, w.closing_mrr,
	w.opening_customers, w.new_customers, w.reactivated_customers, w.expanded_customers, w.contracted_customers, w.churned_customers, w.closing_customers, w.complete,
	k.currency AS base_currency, x.opening_rate, x.closing_rate
FROM (SELECT m.dimension, m.value, m.currency, nudge.rollup(m.state) AS state FROM nudge_analytics.mrr_dimension_buckets m GROUP BY m.dimension, m.value, m.currency) b
	LEFT JOIN {rates} f ON f.currency = b.currency,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w,
	LATERAL (SELECT coalesce({base}, b.currency) AS currency) k,
	-- the rates of mrr_consolidated: of the last days of the month before and of this one
	LATERAL (SELECT CASE WHEN w.opening_mrr <> 0 THEN nudge.rate_to(f.rates, b.currency, k.currency, w.period - 1) END AS opening_rate,
		nudge.rate_to(f.rates, b.currency, k.currency, least((w.period + interval '1 month' - interval '1 day')::date, nudge.civil_date(nudge.as_of(), {zone}))) AS closing_rate) x$query$,
	'SELECT DISTINCT m.dimension, nudge.as_of() FROM nudge_analytics.mrr_dimension_buckets m', NULL,
	'MRR waterfall by month, currency and value of a dimension of the customers now. Grain: dimension, value, currency and month of the zone of deploy()',
	'{"dimension": "industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the amounts", "period": "First day of the month", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "complete": "Whether the month is over", "base_currency": "Currency that mrr_consolidated converts to; the own one if nothing is converted",
	"opening_rate": "What one unit of currency is worth in it as the month opened; NULL if no MRR opened it", "closing_rate": "The same as the month closed, or now"}');

-- Cohorts by what customers are now: a customer is in the cohort of its first
-- revenue whichever value it has.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('revenue_cohorts_by_dimension', 'revenue', 1220, 'metric', '{customers,subscriptions}', 'dimension', '{dimension,value,currency,cohort,age}', $query$
SELECT b.dimension, b.value, b.currency, r.cohort, r.age, r.period, r.cohort_customers, r.cohort_mrr, r.customers, r.mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.reactivation_mrr,
	r.logo_retention AS logo_retention_rate, r.net_revenue_retention AS net_revenue_retention_rate, r.gross_revenue_retention AS gross_revenue_retention_rate, r.complete
FROM (SELECT m.dimension, m.value, m.currency, nudge.rollup(m.state) AS state
		FROM (SELECT 'segment'::text AS dimension, s.segment AS value, s.currency, s.state FROM nudge_analytics.mrr_segment_buckets s
			UNION ALL SELECT d.dimension, d.value, d.currency, d.state FROM nudge_analytics.mrr_dimension_buckets d) m
		GROUP BY m.dimension, m.value, m.currency) b,
	LATERAL nudge.revenue_cohorts(b.state, 'month', {zone}, nudge.as_of()) r
-- months before the cohort of a value had anybody are no news
WHERE r.cohort_customers > 0$query$,
	$clock$SELECT 'segment', nudge.as_of() FROM nudge_analytics.mrr_segment_buckets m UNION SELECT DISTINCT m.dimension, nudge.as_of() FROM nudge_analytics.mrr_dimension_buckets m$clock$,
	'What became of customers by the month of their first revenue and value of a dimension of the customers now. Grain: dimension, value, currency, cohort and age in months, in the zone of deploy()',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the amounts",
	"cohort": "First day of the month of the first revenue", "age": "Months since", "period": "First day of the month that the row is about", "cohort_customers": "Customers in the cohort",
	"cohort_mrr": "Their MRR as the month of the cohort closed", "customers": "Those with MRR as the month closed", "mrr": "Their MRR as the month closed", "expansion_mrr": "MRR more in the month", "contraction_mrr": "MRR less in the month, negative",
	"churn_mrr": "MRR of those who have none any more, negative", "reactivation_mrr": "MRR of those who had none as the month opened", "logo_retention_rate": "customers over cohort_customers, a fraction",
	"net_revenue_retention_rate": "mrr over cohort_mrr, a fraction", "gross_revenue_retention_rate": "Of each customer at most its MRR at age 0, over cohort_mrr, a fraction", "complete": "Whether the month is over"}');

-- Retention of 12 months as each month closes, by bucket: customers are compared
-- one by one, and what comes of it is added up.  Months that are over change by
-- their rows alone, so time only adds one.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('revenue_retention_buckets', 'revenue', 121, 'mart', '{subscriptions}', 'bucket', '{bucket,currency,period}', $query$
SELECT b.bucket, b.currency, w.period, r.opening_mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.opening_customers, r.churned_customers
FROM nudge_analytics.mrr_buckets b,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w,
	LATERAL nudge.mrr_summary(b.state, (w.period - interval '11 months')::date, (w.period + interval '1 month')::date, {zone}) r
WHERE w.complete AND w.period >= nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month') - interval '10 years' AND r.opening_customers > 0$query$,
	'SELECT DISTINCT b.bucket, t FROM nudge_analytics.mrr_buckets b, nudge.period_ticks(''month'', {zone}) t',
	'What became in 12 months of the MRR of customers, as each month closes, by hash bucket: totals add up buckets. Grain: bucket, currency and month of the zone of deploy() that is over',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the amounts", "period": "First day of the month that ends the 12", "opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more", "contraction_mrr": "MRR that they have less, negative",
	"churn_mrr": "MRR of those that have none any more, negative", "opening_customers": "Customers as the 12 months opened", "churned_customers": "Those of them without MRR as they close"}');

-- In one currency if there are rates: each currency at that of the month that
-- ends, so that what a rate moves is no retention.  The currency of a rate is
-- not the one that rows are in.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('revenue_retention', 'revenue', 122, 'metric', '{subscriptions}', '{exchange_rates}', 'currency', '{currency,period}', $query$
SELECT b.currency, b.period, sum(b.opening_mrr) AS opening_mrr, sum(b.expansion_mrr) AS expansion_mrr, sum(b.contraction_mrr) AS contraction_mrr, sum(b.churn_mrr) AS churn_mrr, sum(b.opening_customers)::bigint AS opening_customers, sum(b.churned_customers)::bigint AS churned_customers,
	sum(b.opening_mrr + b.expansion_mrr + b.contraction_mrr + b.churn_mrr) / nullif(sum(b.opening_mrr), 0) AS net_revenue_retention_rate, sum(b.opening_mrr + b.contraction_mrr + b.churn_mrr) / nullif(sum(b.opening_mrr), 0) AS gross_revenue_retention_rate,
	(sum(b.opening_customers) - sum(b.churned_customers)) / nullif(sum(b.opening_customers), 0) AS logo_retention_rate, true AS complete
FROM (
	SELECT c.currency, c.period, sum(c.opening_mrr) AS opening_mrr, sum(c.expansion_mrr) AS expansion_mrr, sum(c.contraction_mrr) AS contraction_mrr, sum(c.churn_mrr) AS churn_mrr, sum(c.opening_customers) AS opening_customers, sum(c.churned_customers) AS churned_customers
	FROM nudge_analytics.revenue_retention_buckets c GROUP BY c.currency, c.period
) s
	LEFT JOIN {rates} f ON f.currency = s.currency,
	LATERAL (SELECT coalesce({base}, s.currency) AS currency) k,
	LATERAL (SELECT nudge.rate_to(f.rates, s.currency, k.currency, least((s.period + interval '1 month' - interval '1 day')::date, nudge.civil_date(nudge.as_of(), {zone}))) AS rate) x,
	LATERAL (SELECT k.currency, s.period, round(s.opening_mrr * x.rate, 6) AS opening_mrr, round(s.expansion_mrr * x.rate, 6) AS expansion_mrr, round(s.contraction_mrr * x.rate, 6) AS contraction_mrr, round(s.churn_mrr * x.rate, 6) AS churn_mrr, s.opening_customers, s.churned_customers) b
GROUP BY b.currency, b.period$query$, NULL, '{"revenue_retention_buckets": null, "exchange_rates": null}',
	'Net and gross revenue retention and customer retention over the 12 months that end with each month. Grain: currency and month of the zone of deploy() that is over',
	'{"currency": "Currency of the amounts", "period": "First day of the month that ends the 12", "opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more", "contraction_mrr": "MRR that they have less, negative",
	"churn_mrr": "MRR of those that have none any more, negative", "opening_customers": "Customers as the 12 months opened", "churned_customers": "Those of them without MRR as they close", "net_revenue_retention_rate": "MRR of these customers now over opening_mrr, a fraction",
	"gross_revenue_retention_rate": "The same without what they have more, a fraction", "logo_retention_rate": "Those of opening_customers that are left, a fraction", "complete": "True: the month is over"}');

-- as in all, for the dimensions of customers
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('revenue_retention_slices', 'revenue', 990, 'mart', '{customers,subscriptions}', 'bucket', '{bucket,dimension,value,currency,period}', $query$
SELECT b.bucket, b.dimension, b.value, b.currency, w.period, r.opening_mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.opening_customers, r.churned_customers
FROM (SELECT s.bucket, 'segment'::text AS dimension, s.segment AS value, s.currency, s.state FROM nudge_analytics.mrr_segment_buckets s
		UNION ALL SELECT d.bucket, d.dimension, d.value, d.currency, d.state FROM nudge_analytics.mrr_dimension_buckets d) b,
	LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w,
	LATERAL nudge.mrr_summary(b.state, (w.period - interval '11 months')::date, (w.period + interval '1 month')::date, {zone}) r
WHERE w.complete AND w.period >= nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month') - interval '10 years' AND r.opening_customers > 0$query$,
	'SELECT DISTINCT b.bucket, t FROM nudge_analytics.mrr_segment_buckets b, nudge.period_ticks(''month'', {zone}) t',
	'What became in 12 months of the MRR of customers, as each month closes, by hash bucket and value of a dimension now. Grain: bucket, dimension, value, currency and month of the zone of deploy() that is over',
	'{"bucket": "Hash bucket of customers", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the amounts", "period": "First day of the month that ends the 12",
	"opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more", "contraction_mrr": "MRR that they have less, negative", "churn_mrr": "MRR of those that have none any more, negative", "opening_customers": "Customers as the 12 months opened",
	"churned_customers": "Those of them without MRR as they close"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('revenue_retention_by_dimension', 'revenue', 991, 'metric', '{customers,subscriptions}', 'dimension', '{dimension,value,currency,period}', $query$
SELECT b.dimension, b.value, b.currency, b.period, sum(b.opening_mrr) AS opening_mrr, sum(b.expansion_mrr) AS expansion_mrr, sum(b.contraction_mrr) AS contraction_mrr, sum(b.churn_mrr) AS churn_mrr, sum(b.opening_customers)::bigint AS opening_customers,
	sum(b.churned_customers)::bigint AS churned_customers, sum(b.opening_mrr + b.expansion_mrr + b.contraction_mrr + b.churn_mrr) / nullif(sum(b.opening_mrr), 0) AS net_revenue_retention_rate,
	sum(b.opening_mrr + b.contraction_mrr + b.churn_mrr) / nullif(sum(b.opening_mrr), 0) AS gross_revenue_retention_rate, (sum(b.opening_customers) - sum(b.churned_customers)) / nullif(sum(b.opening_customers), 0) AS logo_retention_rate, true AS complete
FROM (
	SELECT c.dimension, c.value, c.currency, c.period, sum(c.opening_mrr) AS opening_mrr, sum(c.expansion_mrr) AS expansion_mrr, sum(c.contraction_mrr) AS contraction_mrr, sum(c.churn_mrr) AS churn_mrr, sum(c.opening_customers) AS opening_customers, sum(c.churned_customers) AS churned_customers
	FROM nudge_analytics.revenue_retention_slices c GROUP BY c.dimension, c.value, c.currency, c.period
) s
	LEFT JOIN {rates} f ON f.currency = s.currency,
	LATERAL (SELECT coalesce({base}, s.currency) AS currency) k,
	LATERAL (SELECT nudge.rate_to(f.rates, s.currency, k.currency, least((s.period + interval '1 month' - interval '1 day')::date, nudge.civil_date(nudge.as_of(), {zone}))) AS rate) x,
	LATERAL (SELECT k.currency, s.period, s.dimension, s.value, round(s.opening_mrr * x.rate, 6) AS opening_mrr, round(s.expansion_mrr * x.rate, 6) AS expansion_mrr, round(s.contraction_mrr * x.rate, 6) AS contraction_mrr, round(s.churn_mrr * x.rate, 6) AS churn_mrr, s.opening_customers, s.churned_customers) b
GROUP BY b.dimension, b.value, b.currency, b.period$query$, NULL, NULL,
	'Net and gross revenue retention and customer retention over the 12 months that end with each month, by value of a dimension of the customers now. Grain: dimension, value, currency and month of the zone of deploy() that is over',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the amounts", "period": "First day of the month that ends the 12",
	"opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more", "contraction_mrr": "MRR that they have less, negative", "churn_mrr": "MRR of those that have none any more, negative", "opening_customers": "Customers as the 12 months opened",
	"churned_customers": "Those of them without MRR as they close", "net_revenue_retention_rate": "MRR of these customers now over opening_mrr, a fraction", "gross_revenue_retention_rate": "The same without what they have more, a fraction",
	"logo_retention_rate": "Those of opening_customers that are left, a fraction", "complete": "True: the month is over"}');

-- src/warehouse/marts_consolidated.sql

/*
 * marts_consolidated.sql
 *		Shipped materialisations about revenue of all currencies in one, and the
 *		causes of its movements.
 *
 * Rules: doc/conversion.md.
 */

-- An item is what a customer pays for, in its own currency, with the rate of each
-- month: what the rate alone moves is then fx_mrr.  Without a currency of
-- deploy(), or without rates, each currency is the one of its own rows.  What
-- counts is what counts in customer_mrr, to the same millionth: if plan and
-- quantity do not give it, the amount stands for itself.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_mrr_items', 'revenue', 102, 'mart', '{subscriptions}', '{exchange_rates}', 'customer', '{customer,currency}', $query$
SELECT p.customer, p.base AS currency, nudge.bucket(p.customer, {buckets}) AS bucket,
	nudge.mrr_item_agg(p.customer, p.item, p.valid_from, p.valid_to, p.plan, p.quantity, p.unit_amount, p.discount, p.currency, p.rate, p.end_reason) AS state
FROM (
	SELECT i.customer, i.item, i.plan, i.currency, i.base, i.end_reason, c.rate, c.valid_from, c.valid_to,
		CASE WHEN i.price_fits THEN i.quantity ELSE 1 END AS quantity, CASE WHEN i.price_fits THEN i.unit_amount ELSE i.net END AS unit_amount, CASE WHEN i.price_fits THEN i.gross - i.net ELSE 0 END AS discount
	FROM (
		SELECT o.*, o.gross >= o.net AND o.net >= 0 AS price_fits, f.rates
		FROM (
			SELECT s.*, round(s.quantity * s.unit_amount, 6) AS gross, coalesce({base}, s.currency) AS base
			FROM (
				SELECT s.customer, s.item, s.plan, s.valid_from, nullif(s.valid_to, 'infinity') AS valid_to, upper(btrim(s.currency)) AS currency, coalesce(s.quantity, 1) AS quantity, v.unit_amount, v.net,
					CASE WHEN lower(btrim(s.end_reason)) IN ('voluntary', 'involuntary') THEN lower(btrim(s.end_reason)) END AS end_reason
				FROM nudge_staging.subscriptions s,
					-- computed once
					LATERAL (SELECT nudge.monthly_amount(s.amount, s.interval_unit, s.interval_count, 1) AS unit_amount, nudge.net_monthly_amount(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind) AS net OFFSET 0) v
				WHERE nudge.is_recurring(s.interval_unit, s.usage, s.status, s.valid_to)
			) s
		) o
		LEFT JOIN {rates} f ON f.currency = o.currency AND o.currency <> o.base
	) i,
	LATERAL (
		SELECT i.valid_from, i.valid_to, 1::numeric AS rate WHERE i.currency = i.base
		UNION ALL
		-- the months of a rate, within the period: the day after its last one is no end of it
		SELECT greatest(i.valid_from, m.valid_from::timestamp AT TIME ZONE {zone}), CASE WHEN m.valid_to IS NOT NULL AND (i.valid_to IS NULL OR m.valid_to < d.end_day) THEN m.valid_to::timestamp AT TIME ZONE {zone} ELSE i.valid_to END, m.rate
		FROM (SELECT CASE WHEN isfinite(i.valid_from) THEN nudge.civil_date(i.valid_from, {zone}) END AS start_day, CASE WHEN isfinite(i.valid_to) THEN nudge.civil_date(i.valid_to - interval '1 microsecond', {zone}) + 1 END AS end_day) d,
			LATERAL nudge.convert_periods(d.start_day, d.end_day, 1, i.currency, i.base, i.rates, 'month_end', nudge.civil_date(nudge.as_of(), {zone})) m
		WHERE i.currency <> i.base
	) c
) p
GROUP BY p.customer, p.base$query$,
	-- rates that are loaded before their day
	'SELECT x.day::timestamp AT TIME ZONE {zone} FROM {exchange_rates*} x WHERE isfinite(x.day)',
	'Price items over time of each customer, in their currency with exchange rates to one: a state for functions such as mrr_causes. Grain: customer and currency converted to',
	'{"customer": "Customer", "currency": "Currency converted to: that of deploy() if rates are mapped, otherwise the own one", "bucket": "Hash bucket of the customer", "state": "Price items over time, as mrr_item_state"}'),
('mrr_item_buckets', 'revenue', 104, 'mart', '{subscriptions}', '{exchange_rates}', 'bucket', '{bucket,currency}', $query$
SELECT c.bucket, c.currency, count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr_items c
GROUP BY c.bucket, c.currency$query$, NULL,
	'Price items over time of customers by hash bucket, by the currency converted to. Grain: bucket and currency',
	'{"bucket": "Hash bucket of customers", "currency": "Currency converted to", "customers": "Customers with a price", "state": "Price items over time, as mrr_item_state"}'),
-- Sums over buckets, since a customer is in one: a state of all would grow beyond what a state may be.
('mrr_consolidated', 'revenue', 106, 'metric', '{subscriptions}', '{exchange_rates}', 'currency', '{currency,period}', $query$
SELECT b.currency, w.period, sum(w.opening_mrr) AS opening_mrr, sum(w.new_mrr) AS new_mrr, sum(w.reactivation_mrr) AS reactivation_mrr, sum(w.expansion_mrr) AS expansion_mrr, sum(w.contraction_mrr) AS contraction_mrr,
	sum(w.churn_mrr) AS churn_mrr, sum(w.fx_mrr) AS fx_mrr, sum(w.net_new_mrr) AS net_new_mrr, sum(w.closing_mrr) AS closing_mrr, sum(w.opening_customers)::bigint AS opening_customers, sum(w.new_customers)::bigint AS new_customers,
	sum(w.reactivated_customers)::bigint AS reactivated_customers, sum(w.expanded_customers)::bigint AS expanded_customers, sum(w.contracted_customers)::bigint AS contracted_customers, sum(w.churned_customers)::bigint AS churned_customers,
	sum(w.closing_customers)::bigint AS closing_customers, bool_and(w.complete) AS complete
FROM nudge_analytics.mrr_item_buckets b, LATERAL nudge.mrr_waterfall(b.state, 'month', {zone}, nudge.as_of()) w
GROUP BY b.currency, w.period$query$,
	'SELECT DISTINCT m.currency, nudge.as_of() FROM nudge_analytics.mrr_item_buckets m',
	'MRR waterfall by month of customers of all currencies, in one currency, with what exchange rates alone have moved. Grain: currency converted to and month of the zone of deploy()',
	'{"currency": "Currency converted to: that of deploy() if rates are mapped, otherwise the own one", "period": "First day of the month", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates alone", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed, at the rates of its last day",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "complete": "Whether the month is over"}'),
('mrr_causes', 'revenue', 108, 'metric', '{subscriptions}', '{exchange_rates}', 'currency', '{currency,period,movement,cause}', $query$
SELECT b.currency, w.period, w.movement, w.cause, sum(w.amount) AS amount, sum(w.customers)::bigint AS customers, bool_and(w.complete) AS complete
FROM nudge_analytics.mrr_item_buckets b, LATERAL nudge.mrr_causes(b.state, 'month', {zone}, nudge.as_of()) w
GROUP BY b.currency, w.period, w.movement, w.cause$query$,
	'SELECT DISTINCT m.currency, nudge.as_of() FROM nudge_analytics.mrr_item_buckets m',
	'Why MRR moved: movements by month and cause, such as quantity, price, plan, discount, add-on, exchange rate or kind of churn, in one currency. Grain: currency converted to, month of the zone of deploy(), movement and cause',
	'{"currency": "Currency converted to", "period": "First day of the month", "movement": "new, reactivation, expansion, contraction, churn or fx", "cause": "What moved it", "amount": "MRR that it moved: over the causes of a movement the sum is that of mrr_consolidated",
	"customers": "Customers that it moved", "complete": "Whether the month is over"}');

-- src/warehouse/marts_customers.sql

/*
 * marts_customers.sql
 *		Shipped materialisations about who there is: customers, users, plans.
 *
 * Rules: doc/marts.md.
 */

-- Every customer of fact_revenue is in dim_customers, even one that customers
-- does not have.  What is in force is what is just before as_of(), as in
-- mrr_waterfall, so that the sums are its closing MRR: hence the microsecond.
-- Two rows of a key are an error, as in the reports, and put that key aside: in
-- a column and not in WHERE, so that the other keys can still be listed.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('dim_customers', 'customers', 150, 'mart', '{customers,subscriptions}', 'customer', '{customer}', $query$
SELECT k.customer, c.name, c.created_at, c.segment, c.industry, c.company_size, c.region, c.growth_tier, c.sales_channel, c.owner, c.initial_amount, coalesce(c.internal, false) AS internal,
	CASE WHEN r.first_at IS NULL THEN 'never_paid' WHEN r.currencies > 0 THEN 'active' ELSE 'churned' END AS status,
	nudge.civil_date(r.first_at, {zone}) AS first_revenue_day,
	CASE WHEN r.currencies = 0 THEN nudge.civil_date(r.last_at - interval '1 microsecond', {zone}) END AS last_revenue_day,
	CASE WHEN r.first_at IS NULL THEN upper(btrim(c.currency)) WHEN r.currencies <= 1 THEN r.currency END AS currency,
	CASE WHEN r.currencies > 1 THEN NULL ELSE coalesce(r.mrr, 0.00) END AS current_mrr,
	CASE WHEN nudge.check_unique_key('customers', CASE WHEN k.n > 1 THEN k.customer END) THEN nudge.bucket(k.customer, {buckets}) END AS bucket
FROM (SELECT u.customer, sum(u.n) AS n FROM (SELECT a.customer, 1 AS n FROM nudge_staging.customers a UNION ALL SELECT m.customer, 0 FROM nudge_analytics.customer_mrr m) u GROUP BY u.customer) k
LEFT JOIN nudge_staging.customers c ON c.customer = k.customer
LEFT JOIN LATERAL (
	SELECT min(m.first_at) AS first_at, max(m.last_at) AS last_at, count(m.mrr) AS currencies, sum(m.mrr) AS mrr,
		CASE WHEN count(m.mrr) = 1 THEN max(m.currency) FILTER (WHERE m.mrr IS NOT NULL) WHEN count(m.mrr) = 0 AND count(*) = 1 THEN max(m.currency) END AS currency
	FROM (
		SELECT s.currency, min(p.valid_from) AS first_at, max(p.valid_to) AS last_at,
			sum(p.mrr) FILTER (WHERE p.valid_to IS NULL OR p.valid_to >= nudge.as_of()) AS mrr
		FROM nudge_analytics.customer_mrr s, LATERAL nudge.mrr_periods(s.state) p
		WHERE s.customer = k.customer AND p.mrr > 0 AND p.valid_from < nudge.as_of()
		GROUP BY s.currency) m) r ON true$query$,
	$clock$SELECT s.customer, s.valid_from + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, s.valid_to + interval '1 microsecond' FROM nudge_staging.subscriptions s$clock$, NULL,
	'Customers, with what they pay now. Grain: customer of customers or subscriptions; days are those of the zone of deploy()',
	'{"customer": "Customer", "name": "What it is called", "created_at": "When it came to be", "segment": "Segment now", "industry": "Industry", "company_size": "Class of size", "region": "Region", "growth_tier": "Class of growth",
	"sales_channel": "How it is sold to", "owner": "Who looks after it", "initial_amount": "First recurring amount agreed", "internal": "Own staff or a test account", "status": "active with MRR now, churned without but with some before, never_paid",
	"first_revenue_day": "First day with MRR; NULL if never", "last_revenue_day": "Last day with MRR; NULL if it has some now, or never had", "currency": "Currency of current_mrr; NULL with several",
	"current_mrr": "MRR now; NULL in several currencies: fact_revenue has each", "bucket": "Hash bucket of the customer"}'),
('dim_users', 'customers', 151, 'mart', '{users}', 'user', '{user}', $query$
SELECT u."user", u.customer, u.signed_up_at, nudge.civil_date(u.signed_up_at, {zone}) AS signed_up_day, u.plan, u.role, coalesce(u.internal, false) AS internal,
	CASE WHEN nudge.check_unique_key('users', CASE WHEN u.n > 1 THEN u."user" END) THEN nudge.bucket(u."user", {buckets}) END AS bucket
FROM (SELECT a.*, count(*) OVER (PARTITION BY a."user") AS n FROM nudge_staging.users a) u$query$, NULL, NULL,
	'Users. Grain: user; days are those of the zone of deploy()',
	'{"user": "User", "customer": "Account to which the user belongs, as in dim_customers", "signed_up_at": "When the user signed up", "signed_up_day": "Day of it", "plan": "Plan of the user", "role": "Role in the account",
	"internal": "Own staff or a test user", "bucket": "Hash bucket of the user"}'),
('dim_plans', 'customers', 152, 'mart', '{plans}', 'plan', '{plan}', $query$
SELECT p.plan, CASE WHEN nudge.check_unique_key('plans', CASE WHEN p.n > 1 THEN p.plan END) THEN p.family END AS family, p.tier, p.kind, p.list_price, p.interval_unit FROM (SELECT a.*, count(*) OVER (PARTITION BY a.plan) AS n FROM nudge_staging.plans a) p$query$, NULL, NULL,
	'Plans and add-ons. Grain: plan',
	'{"plan": "Plan or add-on", "family": "Plans of which it is one", "tier": "Its rank among them", "kind": "plan or addon", "list_price": "Price without any discount; NULL if agreed one by one", "interval_unit": "What the price is for: day, week, month, quarter or year"}');

-- src/warehouse/marts_usage.sql

/*
 * marts_usage.sql
 *		Shipped materialisations about what users do: activity, retention,
 *		features.
 *
 * Rules: doc/marts.md.
 */

-- Days are over once they are in a total: as_of is the present day.  Totals
-- are one key, scope or grain, since the log of changes knows users and no days.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('user_activity_states', 'usage', 300, 'mart', '{events}', 'user', '{user}', $query$
SELECT e."user", nudge.bucket(e."user", {buckets}) AS bucket, nudge.activity_count_agg(e."user", nudge.civil_date(e.at, {zone}), 1) AS state
FROM nudge_staging.events e
WHERE e."user" IS NOT NULL
GROUP BY e."user"$query$, NULL, NULL,
	'Days on which each user was active, and events of each: a state for functions such as active_users. Grain: user',
	'{"user": "User", "bucket": "Hash bucket of the user", "state": "Active days in the zone of deploy(), as activity_state"}'),
('activity_buckets', 'usage', 310, 'mart', '{events}', 'bucket', '{bucket}', $query$
SELECT u.bucket, count(*) AS users, nudge.rollup(u.state) AS state FROM nudge_analytics.user_activity_states u GROUP BY u.bucket$query$, NULL, NULL,
	'Active days of users by hash bucket: totals roll up a few states instead of one of each user. Grain: bucket',
	'{"bucket": "Hash bucket of users", "users": "Users that were ever active", "state": "Active days, as activity_state"}'),
('active_users', 'usage', 320, 'metric', '{events}', 'scope', '{scope,day}', $query$
SELECT b.scope, s.day, s.dau, s.wau, s.mau, a.new_users, a.total_users, s.dau_wau AS dau_wau_rate, s.dau_mau AS dau_mau_rate, s.complete
FROM (SELECT 'all'::text AS scope, nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.stickiness(b.state, nudge.civil_date(nudge.as_of(), {zone})) s
	JOIN LATERAL nudge.active_users(b.state, 1, nudge.civil_date(nudge.as_of(), {zone})) a ON a.day = s.day$query$,
	$clock$SELECT 'all', nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone}$clock$, '{"activity_buckets": null}',
	'Active users by day, from the first day with any to yesterday. Grain: day of the zone of deploy()',
	'{"scope": "all: whose activity it is", "day": "Day", "dau": "Users active on the day", "wau": "Users active on the 7 days that end with it", "mau": "Users active on the 30 days that end with it", "new_users": "Users whose first active day it is",
	"total_users": "Users first active on it or before", "dau_wau_rate": "dau over wau, a fraction", "dau_mau_rate": "dau over mau, a fraction: stickiness", "complete": "Whether the data go back the 30 days"}'),
('lifecycle', 'usage', 330, 'metric', '{events}', 'grain', '{grain,period}', $query$
SELECT g.grain, l.period, l.active_users, l.new_users, l.returning_users, l.resurrecting_users, l.dormant_users, l.complete
FROM (VALUES ('week'::text), ('month')) g(grain)
	CROSS JOIN (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.lifecycle(b.state, g.grain, nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}, fiscal_year_start => {fiscal_year_start}) l$query$,
	$clock$SELECT g.grain, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM (VALUES ('week'), ('month')) g(grain)$clock$, '{"activity_buckets": null}',
	'Where active users come from and go, by week and by month, from the first with any, up to yesterday. Grain: grain and period of the zone of deploy()',
	'{"grain": "week or month: do not add both", "period": "First day of the period", "active_users": "Users active in it", "new_users": "Those that never were before", "returning_users": "Those that were in the period before",
	"resurrecting_users": "Those that were earlier, but not in the period before", "dormant_users": "Users of the period before that were not", "complete": "Whether the period is over"}'),
('cohort_retention', 'usage', 340, 'metric', '{events}', 'grain', '{grain,cohort,age}', $query$
SELECT g.grain, r.cohort, r.age, r.period, r.cohort_users, r.eligible AS eligible_users, r.retained AS retained_users, r.rate AS retention_rate
FROM (VALUES ('week'::text), ('month')) g(grain)
	CROSS JOIN (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.retention_cohorts(b.state, g.grain, 12, nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}, fiscal_year_start => {fiscal_year_start}) r
WHERE r.cohort IS NOT NULL$query$,
	$clock$SELECT g.grain, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM (VALUES ('week'), ('month')) g(grain)$clock$, '{"activity_buckets": null}',
	'How many users of a cohort, by the period of their first active day, come back 1 to 12 weeks or months later. Grain: grain, cohort and age, in the zone of deploy()',
	'{"grain": "week or month: do not add both", "cohort": "First day of the period of the first active day", "age": "Periods since", "period": "First day of the period that the row is about", "cohort_users": "Users in the cohort",
	"eligible_users": "Those for whom the period is over: the denominator", "retained_users": "Those active in the period; NULL if it is not over", "retention_rate": "retained_users over eligible_users, a fraction; NULL if the period is not over"}'),

-- Features, of users that are known and not internal.
('feature_user_states', 'usage', 350, 'mart', '{events,users}', 'user', '{user,feature}', $query$
SELECT r."user", r.feature, nudge.bucket(r."user", {buckets}) AS bucket, nudge.feature_agg(r."user", r.at, r.feature, r.action, r.success, r.duration, r.value) AS state
FROM (SELECT e."user", e.feature, e.at, CASE WHEN lower(btrim(e.name)) IN ('viewed', 'completed') THEN lower(btrim(e.name)) ELSE 'used' END AS action, e.success, e.duration, e.value
		FROM nudge_staging.events e JOIN nudge_analytics.dim_users u ON u."user" = e."user" AND NOT u.internal
		WHERE e.feature IS NOT NULL
		UNION ALL
		SELECT DISTINCT e."user", e.feature, u.signed_up_at, 'signed_up', NULL::boolean, NULL::interval, NULL::numeric
		FROM nudge_staging.events e JOIN nudge_analytics.dim_users u ON u."user" = e."user" AND NOT u.internal
		WHERE e.feature IS NOT NULL) r
GROUP BY r."user", r.feature$query$, NULL, NULL,
	'What each user did with each feature: a state for functions such as feature_users. Grain: user and feature',
	'{"user": "User", "feature": "Feature", "bucket": "Hash bucket of the user", "state": "Uses of the feature, and the sign-up, as feature_state"}'),
('feature_buckets', 'usage', 360, 'mart', '{events,users}', 'bucket', '{bucket,feature}', $query$
SELECT u.bucket, u.feature, count(*) AS users, nudge.rollup(u.state) AS state FROM nudge_analytics.feature_user_states u GROUP BY u.bucket, u.feature$query$, NULL, NULL,
	'What users did with each feature, by hash bucket. Grain: bucket and feature',
	'{"bucket": "Hash bucket of users", "feature": "Feature", "users": "Users with any event of the feature", "state": "Uses of the feature, as feature_state"}'),
('feature_adoption', 'usage', 370, 'metric', '{events,users}', 'feature', '{feature}', $query$
SELECT f.feature, a.users, a.discovered_users, a.tried_users, a.adopted_users, a.habitual_users, a.adoption_rate, a.uses, a.usage_frequency, a.success_rate, a.completions, a.completion_rate,
	a.median_duration_seconds, a.median_seconds_to_first_use, a.median_seconds_to_adopt, a.value_created
FROM (SELECT m.feature, nudge.rollup(m.state) AS state FROM nudge_analytics.feature_buckets m GROUP BY m.feature) f
	CROSS JOIN (SELECT count(*) AS users FROM nudge_analytics.dim_users u WHERE NOT u.internal AND u.signed_up_at < nudge.as_of()) t
	CROSS JOIN LATERAL nudge.feature_adoption(f.state, t.users, nudge.as_of(), {zone}, week_start => {week_start}) a$query$,
	'SELECT DISTINCT m.feature, nudge.as_of() FROM nudge_analytics.feature_buckets m', '{"dim_users": null}',
	'How far users have come with each feature. Grain: feature',
	'{"feature": "Feature", "users": "Users that have signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it", "tried_users": "Users that used it", "adopted_users": "Users that used it 3 times or more",
	"habitual_users": "Users that used it in each of the last 4 whole weeks", "adoption_rate": "tried_users over users, a fraction", "uses": "Uses", "usage_frequency": "uses over tried_users", "success_rate": "Successful uses over those whose outcome is known, a fraction",
	"completions": "Completions", "completion_rate": "completions over uses, a fraction", "median_duration_seconds": "Median duration of a use", "median_seconds_to_first_use": "Median time from signing up to the first use",
	"median_seconds_to_adopt": "Median time from signing up to the third use", "value_created": "Sum of the values of events"}');

-- What key figures and charts by month need.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('user_retention', 'usage', 992, 'metric', '{events}', 'age', '{age,period}', $query$
SELECT r.age, nudge.period_start(r.cohort, 'month') AS period, sum(r.cohort_users)::bigint AS cohort_users, sum(r.eligible)::bigint AS eligible_users, coalesce(sum(r.retained), 0)::bigint AS retained_users, sum(r.retained) / nullif(sum(r.eligible), 0) AS retention_rate,
	nudge.period_end(r.cohort, 'month') - 1 + r.age < nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.retention_cohorts(b.state, 'day', 90, nudge.civil_date(nudge.as_of(), {zone})) r
WHERE r.cohort IS NOT NULL AND r.age IN (1, 7, 30, 90)
GROUP BY r.age, nudge.period_start(r.cohort, 'month'), nudge.period_end(r.cohort, 'month')$query$,
	$clock$SELECT g.age, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM (VALUES (1), (7), (30), (90)) g(age)$clock$, '{"activity_buckets": null}',
	'How many users are active 1, 7, 30 and 90 days after their first active day, by the month of that day. Grain: age and month of the zone of deploy()',
	'{"age": "Days since the first active day: 1, 7, 30 or 90; do not add them", "period": "First day of the month of the first active day", "cohort_users": "Users whose first active day is in the month", "eligible_users": "Those for whom the day is over: the denominator",
	"retained_users": "Those active on the day", "retention_rate": "retained_users over eligible_users, a fraction; NULL if the day is over for none", "complete": "Whether the day is over for all of them"}'),
('user_classes', 'usage', 993, 'metric', '{events}', 'scope', '{scope,period}', $query$
SELECT b.scope, c.period, c.power_users, c.regular_users, c.low_users, t.total_users - c.active_users AS dormant_users, c.active_users, c.qualified_users, t.total_users, c.qualified_users::numeric / nullif(t.total_users, 0) AS qualified_rate, c.complete
FROM (SELECT 'all'::text AS scope, nudge.rollup(m.state) AS state FROM nudge_analytics.activity_buckets m) b
	CROSS JOIN LATERAL nudge.active_user_classes(b.state, 'week', nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}) c
	JOIN LATERAL nudge.active_users(b.state, 1, nudge.civil_date(nudge.as_of(), {zone})) t ON t.day = least(nudge.period_end(c.period, 'week', {week_start}), nudge.civil_date(nudge.as_of(), {zone})) - 1$query$,
	$clock$SELECT 'all', nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone}$clock$, '{"activity_buckets": null}',
	'Users by their actions in a week: more than 10, 3 to 10, fewer, none. Grain: week of the zone of deploy()',
	'{"scope": "all: whose activity it is", "period": "First day of the week", "power_users": "Users with more than 10 actions", "regular_users": "Users with 3 to 10 actions", "low_users": "Users with 1 or 2 actions", "dormant_users": "Users that were active before, and not in the week",
	"active_users": "Users with an action", "qualified_users": "Users with 3 actions or more", "total_users": "Users first active in the week or before", "qualified_rate": "qualified_users over total_users, a fraction", "complete": "Whether the week is over"}'),
('feature_adoption_by_month', 'usage', 994, 'metric', '{events,users}', 'feature', '{feature,period}', $query$
SELECT f.feature, m.period::date AS period, a.users, a.discovered_users, a.tried_users, a.adopted_users, a.habitual_users, a.adoption_rate, a.uses, o.until <= nudge.as_of() AS complete
FROM (SELECT b.feature, nudge.rollup(b.state) AS state FROM nudge_analytics.feature_buckets b GROUP BY b.feature OFFSET 0) f
	CROSS JOIN (SELECT nudge.civil_date(min(d.signed_up_at) FILTER (WHERE isfinite(d.signed_up_at)), {zone}) AS day FROM nudge_analytics.dim_users d) s
	CROSS JOIN LATERAL nudge.report_window(s.day, {zone}, 24) w
	CROSS JOIN LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period)
	CROSS JOIN LATERAL (SELECT (m.period + interval '1 month') AT TIME ZONE {zone} AS until) o
	CROSS JOIN LATERAL (SELECT count(*) AS users FROM nudge_analytics.dim_users u WHERE NOT u.internal AND u.signed_up_at < least(o.until, nudge.as_of())) t
	CROSS JOIN LATERAL nudge.feature_adoption(f.state, t.users, least(o.until, nudge.as_of()), {zone}, week_start => {week_start}) a$query$,
	'SELECT DISTINCT m.feature, nudge.as_of() FROM nudge_analytics.feature_buckets m', '{"dim_users": null}',
	'How far users had come with each feature by the end of a month, of the present one and the 23 before, from the first month with a user of it on. Grain: feature and month of the zone of deploy()',
	'{"feature": "Feature", "period": "First day of the month", "users": "Users that had signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it", "tried_users": "Users that had used it", "adopted_users": "Users that had used it 3 times or more",
	"habitual_users": "Users that used it in each of the last 4 whole weeks", "adoption_rate": "tried_users over users, a fraction", "uses": "Uses so far", "complete": "Whether the month is over"}');

-- src/warehouse/marts_operations.sql

/*
 * marts_operations.sql
 *		Shipped materialisations about support, surveys, sales, platform and
 *		engineering: reports over whole inputs.
 *
 * Rules: doc/marts_operations.md.
 */

-- Any change of an input is one of everything: the key is no column of theirs.
-- What time alone changes is said by clocks without keys.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('support_performance', 'support', 700, 'metric', '{tickets}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.tickets_total, r.ticket_share, r.customers_total, r.tickets_per_customer, r.tickets_resolved, r.resolution_rate,
	r.tickets_once_resolved, r.tickets_reopened, r.reopen_rate, r.escalation_known, r.tickets_escalated, r.escalation_rate, r.contacts_known, r.tickets_one_touch, r.one_touch_rate,
	r.csat_answers, r.mean_csat, r.tickets_with_problem,
	f.tickets_done AS tickets_answered, f.mean_minutes AS mean_first_response_minutes, f.median_minutes AS median_first_response_minutes, f.p90_minutes AS p90_first_response_minutes,
	f.sla_met AS first_response_sla_met, f.sla_breached AS first_response_sla_breached, f.sla_pending AS first_response_sla_pending, f.attainment_rate AS first_response_attainment_rate,
	t.mean_minutes AS mean_resolution_minutes, t.median_minutes AS median_resolution_minutes, t.p90_minutes AS p90_resolution_minutes,
	t.sla_met AS resolution_sla_met, t.sla_breached AS resolution_sla_breached, t.sla_pending AS resolution_sla_pending, t.attainment_rate AS resolution_attainment_rate, r.complete
FROM (SELECT nudge.civil_date(min(i.opened_at) FILTER (WHERE isfinite(i.opened_at)), {zone}) AS day FROM nudge_staging.tickets i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('priority', 'priority'), ('complexity', 'complexity'), ('category', 'category'), ('agent', 'agent'), ('segment', 'segment')) d(dimension, by),
	LATERAL nudge.support_report('nudge_staging.tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by, {customers?}) r
	LEFT JOIN LATERAL nudge.support_times('nudge_staging.tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by, {customers?}) f
		ON f.measure = 'first_response' AND f.period = r.period AND f.is_total = r.is_total AND f.value IS NOT DISTINCT FROM r.value
	LEFT JOIN LATERAL nudge.support_times('nudge_staging.tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by, {customers?}) t
		ON t.measure = 'resolution' AND t.period = r.period AND t.is_total = r.is_total AND t.value IS NOT DISTINCT FROM r.value
WHERE r.is_total = (d.by IS NULL) AND (d.dimension <> 'segment' OR {customers?} IS NOT NULL)$query$,
	'SELECT nudge.as_of()',
	'Tickets of support by the month in which they were opened, in all and by a dimension: volume, resolution, satisfaction, times and targets. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month in which the tickets were opened", "dimension": "all, or what value is of: priority, complexity, category, agent, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known",
	"tickets_total": "Tickets", "ticket_share": "Share of the tickets of the month, 0 to 1", "customers_total": "Customers at the end of the month, in the segment if that is the dimension", "tickets_per_customer": "Tickets over customers_total",
	"tickets_resolved": "Tickets that are resolved", "resolution_rate": "Fraction of tickets_total that are resolved", "tickets_once_resolved": "Tickets that were resolved, be it for a while", "tickets_reopened": "Tickets that were opened again",
	"reopen_rate": "tickets_reopened over tickets_once_resolved", "escalation_known": "Tickets of which it is known whether they were escalated", "tickets_escalated": "Tickets that were escalated", "escalation_rate": "tickets_escalated over escalation_known",
	"contacts_known": "Resolved tickets with a number of contacts", "tickets_one_touch": "Resolved tickets with one contact that stayed closed", "one_touch_rate": "tickets_one_touch over contacts_known", "csat_answers": "Tickets with a score", "mean_csat": "Mean score, on its own scale",
	"tickets_with_problem": "Tickets whose times contradict each other", "tickets_answered": "Tickets with a first response", "mean_first_response_minutes": "Mean minutes to the first response", "median_first_response_minutes": "Median of these", "p90_first_response_minutes": "Ninetieth percentile of these",
	"first_response_sla_met": "First responses within their target", "first_response_sla_breached": "First responses, or waits, beyond their target", "first_response_sla_pending": "Tickets that wait within their target", "first_response_attainment_rate": "Fraction of met and breached that met",
	"mean_resolution_minutes": "Mean minutes to the resolution", "median_resolution_minutes": "Median of these", "p90_resolution_minutes": "Ninetieth percentile of these", "resolution_sla_met": "Resolutions within their target", "resolution_sla_breached": "Resolutions, or waits, beyond their target",
	"resolution_sla_pending": "Tickets that are open within their target", "resolution_attainment_rate": "Fraction of met and breached that met", "complete": "Whether the month is over"}'),
('support_backlog', 'support', 710, 'metric', '{tickets}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.opening AS opening_tickets, r.opened AS tickets_opened, r.reopened AS tickets_reopened, r.resolved AS tickets_resolved, r.closing AS closing_tickets,
	round(r.mean_age_days, 1) AS mean_age_days, round(r.oldest_age_days, 1) AS oldest_age_days, r.complete
FROM (SELECT nudge.civil_date(min(i.opened_at) FILTER (WHERE isfinite(i.opened_at)), {zone}) AS day FROM nudge_staging.tickets i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('priority', 'priority'), ('complexity', 'complexity'), ('category', 'category'), ('agent', 'agent')) d(dimension, by),
	LATERAL nudge.backlog('nudge_staging.tickets'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by, {customers?}) r
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT nudge.as_of()',
	'Open tickets by month, in all and by a dimension: opening, opened, reopened, resolved, closing, and how old they are. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all, or what value is of: priority, complexity, category, agent", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "opening_tickets": "Open as the month began",
	"tickets_opened": "Opened in the month", "tickets_reopened": "Opened again in the month", "tickets_resolved": "Resolved in the month", "closing_tickets": "Open as the month ended, or now", "mean_age_days": "Mean age of these, in days, to a tenth", "oldest_age_days": "Age of the oldest, in days, to a tenth",
	"complete": "Whether the month is over"}'),
('nps', 'customers', 720, 'metric', '{surveys}', '{customers}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.asked, r.answered, r.response_rate, r.open_surveys, r.respondents, r.customers_answered, r.promoters, r.passives, r.detractors,
	r.score, r.score_low, r.score_high, r.band, r.action, r.score_change, r.p_value, r.complete
FROM (SELECT nudge.civil_date(min(i.sent_at) FILTER (WHERE isfinite(i.sent_at)), {zone}) AS day FROM nudge_staging.surveys i WHERE lower(btrim(i.kind)) = 'nps') b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('segment', 'segment'), ('industry', 'industry'), ('company_size', 'company_size'), ('region', 'region')) d(dimension, by),
	LATERAL nudge.nps_report('nudge_staging.surveys'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), {customers?}, d.by) r
WHERE r.is_total = (d.by IS NULL) AND (d.by IS NULL OR {customers?} IS NOT NULL)$query$, $clock$
SELECT t FROM nudge.period_ticks('month', {zone}) t
UNION ALL
-- what is dated in the future comes to be, and what was asked is waited for no more
SELECT v.at FROM nudge_staging.surveys i, LATERAL (VALUES (i.sent_at + interval '1 microsecond'), (i.answered_at + interval '1 microsecond'), (i.sent_at + make_interval(hours => 24 * 14))) v(at)
UNION ALL SELECT c.created_at + interval '1 microsecond' FROM {customers*} c$clock$,
	'Net promoter score by the month in which was asked, in all and by a dimension of customers. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month in which was asked", "dimension": "all, or what value is of: segment, industry, company_size, region", "value": "Value of the dimension now; all for dimension all, NULL if it is not known", "asked": "Surveys sent", "answered": "Surveys that were answered",
	"response_rate": "answered over asked", "open_surveys": "Surveys sent within 14 days and not answered yet", "respondents": "Persons who answered", "customers_answered": "Customers who answered", "promoters": "Answers of 9 and 10", "passives": "Answers of 7 and 8", "detractors": "Answers of 0 to 6",
	"score": "Net promoter score, -100 to 100", "score_low": "Lower end of its 95% interval", "score_high": "Upper end of its 95% interval", "band": "Band of the score", "action": "What the band asks for", "score_change": "Change against the month before", "p_value": "Probability of such a change by chance",
	"complete": "Whether the month is over"}'),
('sales_pipeline', 'sales', 730, 'metric', '{deals}', '{deal_stages,activities}', 'dimension', '{dimension,value}', $query$
SELECT d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.open_deals, r.open_amount, r.unweighted_deals, r.weighted_amount, r.qualified_deals, r.overdue_deals, r.overdue_amount,
	round(r.mean_age_days, 1) AS mean_age_days, round(r.mean_stage_days, 1) AS mean_stage_days, r.activity_count, r.activities_per_open_deal, r.stale_deals, r.stale_amount, r.currency_code AS currency
FROM (VALUES ('all', 'stage', true), ('stage', 'stage', false), ('owner', 'owner', false), ('team', 'team', false), ('segment', 'segment', false)) d(dimension, by, is_total),
	LATERAL nudge.pipeline_value('{deals$}'::regclass, {deal_stages?}, {activities?}, {zone}, nudge.as_of(), d.by) r
WHERE r.is_total = d.is_total$query$,
	'SELECT nudge.as_of()',
	'Open deals now, in all and by a dimension: amount, weighted amount, age, activity. Grain: dimension and value',
	'{"dimension": "all, or what value is of: stage, owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "open_deals": "Open deals", "open_amount": "Their amount", "unweighted_deals": "Open deals of stages without a probability", "weighted_amount": "Amount times probability of its stage",
	"qualified_deals": "Open deals of qualified stages", "overdue_deals": "Open deals that should have closed before today", "overdue_amount": "Their amount", "mean_age_days": "Mean age in days, to a tenth", "mean_stage_days": "Mean days in the present stage, to a tenth", "activity_count": "Activities for these deals",
	"activities_per_open_deal": "activity_count over open_deals", "stale_deals": "Open deals with no activity for 30 days", "stale_amount": "Their amount", "currency": "Currency of all amounts"}'),
('sales_performance', 'sales', 740, 'metric', '{deals}', '{deal_stages,quotas}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.opening_deals, r.opening_amount, r.deals_created, r.created_amount, r.deals_closed, r.won, r.lost, r.no_decision, r.not_recorded,
	r.won_amount, r.lost_amount, r.not_recorded_amount, r.open_deals, r.open_amount, r.weighted_amount, r.average_deal_size, r.win_rate, r.win_rate_by_amount, r.cycle_deals, r.mean_cycle_days, r.median_cycle_days,
	r.qualified_deals, r.sales_velocity, r.quota, r.quota_attainment, r.quota_remaining, r.currency_code AS currency, r.complete
FROM (SELECT nudge.civil_date(min(i.created_at) FILTER (WHERE isfinite(i.created_at)), {zone}) AS day FROM nudge_staging.deals i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('owner', 'owner'), ('team', 'team'), ('segment', 'segment')) d(dimension, by),
	LATERAL nudge.sales_report('{deals$}'::regclass, w.start_day, w.end_day, {deal_stages?}, {quotas$?}, 'month', {zone}, nudge.as_of(), d.by) r
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT nudge.as_of()',
	'Deals by month, in all and by a dimension: created, won and lost, win rate, cycle, velocity and quota. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "opening_deals": "Open as the month began", "opening_amount": "Their amount", "deals_created": "Deals created", "created_amount": "Their amount",
	"deals_closed": "Deals closed", "won": "Deals won", "lost": "Deals lost", "no_decision": "Deals closed without a decision", "not_recorded": "Deals closed without an outcome", "won_amount": "Amount won", "lost_amount": "Amount lost", "not_recorded_amount": "Amount closed without an outcome",
	"open_deals": "Open as the month ended, or now", "open_amount": "Their amount", "weighted_amount": "Amount times probability of its stage", "average_deal_size": "won_amount over won", "win_rate": "Fraction of decided deals that were won", "win_rate_by_amount": "Fraction of their amount that was won",
	"cycle_deals": "Won deals behind the cycle", "mean_cycle_days": "Mean days from creation to close", "median_cycle_days": "Median of these", "qualified_deals": "Open deals of qualified stages", "sales_velocity": "Amount a day that the qualified deals promise", "quota": "Sales target", "quota_attainment": "won_amount over quota",
	"quota_remaining": "Quota that is left", "currency": "Currency of all amounts", "complete": "Whether the month is over"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
-- Time goes on in what is not over: up to the last full hour, so that an hour is computed once.
('platform_uptime', 'platform', 750, 'metric', '{incidents}', '{maintenance}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.total_minutes, r.maintenance_minutes, r.considered_minutes, r.downtime_minutes, r.uptime_share, r.outages, r.longest_outage_minutes, r.complete
FROM (SELECT nudge.civil_date(min(i.started_at) FILTER (WHERE isfinite(i.started_at)), {zone}) AS day FROM nudge_staging.incidents i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('service', 'service')) d(dimension, by),
	LATERAL nudge.uptime('nudge_staging.incidents'::regclass, {maintenance?}, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC'), d.by) r
WHERE r.is_total = (d.by IS NULL)$query$,
	$clock$SELECT date_trunc('hour', nudge.as_of(), 'UTC')$clock$,
	'Uptime by month, in all and by service, up to the last full hour. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or service", "value": "Service; all for dimension all", "total_minutes": "Minutes of the month so far", "maintenance_minutes": "Minutes of planned maintenance", "considered_minutes": "total_minutes less maintenance_minutes",
	"downtime_minutes": "Minutes down, outside maintenance", "uptime_share": "Fraction of considered_minutes that was not down", "outages": "Stretches of downtime", "longest_outage_minutes": "The longest of them", "complete": "Whether the month is over"}'),
('incident_summary', 'platform', 755, 'metric', '{incidents}', '{}', 'period', '{period,dimension,value}', $query$
SELECT r.period, CASE WHEN r.all_severities THEN 'all' ELSE 'severity' END AS dimension, CASE WHEN r.all_severities THEN 'all' ELSE r.severity END AS value, r.incidents_started, r.incident_share, r.open_incidents, r.mttr_minutes, r.median_ttr_minutes, r.detected_incidents, r.mttd_minutes, r.detection_to_end_minutes,
	r.longest_minutes, r.total_minutes, r.incident_minutes, r.failures, r.mtbf_minutes, r.complete
FROM (SELECT nudge.civil_date(min(i.started_at) FILTER (WHERE isfinite(i.started_at)), {zone}) AS day FROM nudge_staging.incidents i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL nudge.incident_report('nudge_staging.incidents'::regclass, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC')) r$query$,
	$clock$SELECT date_trunc('hour', nudge.as_of(), 'UTC')$clock$,
	'Incidents by month, in all and by severity: how many, time to detect, to repair and between failures, up to the last full hour. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or severity", "value": "Severity; all for dimension all", "incidents_started": "Incidents that began", "incident_share": "Share of the incidents of the month, 0 to 1", "open_incidents": "Those of them that are not over", "mttr_minutes": "Mean minutes from beginning to end", "median_ttr_minutes": "Median of these",
	"detected_incidents": "Incidents with a time of detection", "mttd_minutes": "Mean minutes from beginning to detection", "detection_to_end_minutes": "Mean minutes from detection to end", "longest_minutes": "The longest, or longest so far", "total_minutes": "Minutes of the month so far", "incident_minutes": "Minutes with an incident",
	"failures": "Stretches of incidents that began", "mtbf_minutes": "Mean minutes between failures", "complete": "Whether the month is over"}'),
('platform_performance', 'platform', 760, 'metric', '{requests}', '{incidents,maintenance}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.request_count, r.mean_ms, r.p50_ms, r.p95_ms, r.p99_ms, r.highest_ms, r.requests_with_outcome, r.errors, r.error_rate,
	r.requests_per_second, r.peak_requests_per_second, u.considered_minutes, u.downtime_minutes, u.uptime_share, r.complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.requests i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('endpoint', 'endpoint')) d(dimension, by),
	LATERAL nudge.latency_report('nudge_staging.requests'::regclass, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC'), d.by) r
	LEFT JOIN LATERAL (SELECT f.* FROM nudge.uptime({incidents?}, {maintenance?}, w.start_day, w.end_day, 'month', {zone}, date_trunc('hour', nudge.as_of(), 'UTC')) f WHERE d.by IS NULL AND {incidents?} IS NOT NULL) u
		ON u.period = r.period
WHERE r.is_total = (d.by IS NULL)$query$,
	$clock$SELECT date_trunc('hour', nudge.as_of(), 'UTC')$clock$,
	'Latency, throughput and errors of requests by month, in all and by endpoint, and uptime in all, up to the last full hour. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or endpoint", "value": "Endpoint; all for dimension all, NULL if it is not known", "request_count": "Requests", "mean_ms": "Mean duration in milliseconds", "p50_ms": "Median, to within 1%", "p95_ms": "95th percentile, to within 1%", "p99_ms": "99th percentile, to within 1%",
	"highest_ms": "The longest", "requests_with_outcome": "Requests of which it is known whether they failed", "errors": "Those that failed", "error_rate": "errors over requests_with_outcome", "requests_per_second": "request_count over the seconds of the month so far", "peak_requests_per_second": "Requests a second in the busiest minute",
	"considered_minutes": "Minutes of the month so far without maintenance; of dimension all, if incidents are mapped", "downtime_minutes": "Minutes down of these", "uptime_share": "Fraction of considered_minutes that was not down", "complete": "Whether the month is over"}'),
('engineering_delivery', 'engineering', 770, 'metric', '{deployments}', '{bugs,coverage_samples}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.deployment_count, r.elapsed_days, r.deployment_days, r.deployments_per_day, r.deployments_per_week, r.lead_time_count,
	r.median_lead_time_hours, r.mean_lead_time_hours, r.p90_lead_time_hours, r.outcome_count, r.failed_deployments, r.change_failure_rate, r.restored_deployments, r.unrestored_deployments, r.median_recovery_hours, r.mean_recovery_hours,
	g.opened AS bugs_opened, g.closed AS bugs_closed, g.closing AS open_bugs, g.median_days_to_close AS median_days_to_close_bugs, g.escape_known AS bug_escape_known, g.escaped AS bugs_escaped, g.escape_rate AS bug_escape_rate,
	c.coverage AS coverage_share, r.complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.deployments i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('service', 'service')) d(dimension, by),
	LATERAL nudge.delivery_performance('nudge_staging.deployments'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by) r
	LEFT JOIN LATERAL (SELECT f.* FROM nudge.bug_report({bugs?}, w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) f WHERE f.all_severities AND d.by IS NULL AND {bugs?} IS NOT NULL) g ON g.period = r.period
	LEFT JOIN LATERAL (SELECT f.* FROM nudge.code_coverage({coverage_samples?}, w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) f WHERE f.all_repositories AND d.by IS NULL AND {coverage_samples?} IS NOT NULL) c ON c.period = r.period
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT nudge.as_of()',
	'Deployments by month, in all and by service: frequency, lead time, failures and recovery; and bugs and coverage of code in all. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or service", "value": "Service; all for dimension all, NULL if it is not known", "deployment_count": "Deployments", "elapsed_days": "Days of the month so far", "deployment_days": "Days with a deployment", "deployments_per_day": "deployment_count over elapsed_days",
	"deployments_per_week": "Seven times that", "lead_time_count": "Deployments with a lead time", "median_lead_time_hours": "Median hours from change to deployment", "mean_lead_time_hours": "Mean of these", "p90_lead_time_hours": "Ninetieth percentile of these", "outcome_count": "Deployments of which it is known whether they did harm",
	"failed_deployments": "Those that did", "change_failure_rate": "failed_deployments over outcome_count", "restored_deployments": "Failed ones that are restored", "unrestored_deployments": "Failed ones that are not", "median_recovery_hours": "Median hours until restored", "mean_recovery_hours": "Mean of these",
	"bugs_opened": "Bugs reported; bugs are of dimension all, if they are mapped", "bugs_closed": "Bugs closed", "open_bugs": "Bugs open as the month ended, or now", "median_days_to_close_bugs": "Median days from report to close", "bug_escape_known": "Bugs reported of which it is known whether they reached customers",
	"bugs_escaped": "Those that did", "bug_escape_rate": "bugs_escaped over bug_escape_known", "coverage_share": "Share of code that tests cover, of dimension all", "complete": "Whether the month is over"}');

-- src/warehouse/marts_acquisition.sql

/*
 * marts_acquisition.sql
 *		Shipped materialisations about channels, costs, cash and competition.
 *
 * Rules: doc/marts_acquisition.md.
 */

-- From journeys of customers to credits of buckets, which are added up: credits
-- of rules are each conversion's own.  What paths say together is computed from
-- all of them.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('customer_journeys', 'acquisition', 800, 'mart', '{touches,conversions}', 'customer', '{customer,currency}', $query$
SELECT g.customer, g.currency, nudge.bucket(g.customer, {buckets}) AS bucket, g.first_conversion_at, g.last_conversion_at, CASE WHEN g.currency IS NULL THEN g.state ELSE nudge.combine(g.state, g.touches) END AS state
FROM (
	-- touches are of no currency: they lead to conversions of any
	SELECT a.*, nudge.rollup(a.state) FILTER (WHERE a.currency IS NULL) OVER one AS touches, count(a.currency) OVER one AS currencies
	FROM (
		SELECT r.customer, r.currency, min(r.at) FILTER (WHERE r.currency IS NOT NULL) AS first_conversion_at, max(r.at) FILTER (WHERE r.currency IS NOT NULL) AS last_conversion_at, nudge.journey_agg(r.customer, r.at, r.channel, r.revenue) AS state
		FROM (SELECT c.customer, coalesce(upper(btrim(c.currency)), 'XXX') AS currency, c.at, NULL AS channel, c.revenue FROM {conversions$} c
			UNION ALL SELECT t.customer, NULL, t.at, btrim(t.channel), NULL FROM nudge_staging.touches t) r
		GROUP BY r.customer, r.currency
	) a
	WINDOW one AS (PARTITION BY a.customer)
) g
WHERE g.currency IS NOT NULL OR g.currencies = 0$query$, NULL, NULL,
	'Touches and conversions of each customer, by currency of the conversions: a state for functions such as attribution. Grain: customer and currency',
	'{"customer": "Customer", "currency": "Currency of the conversions; NULL for customers without any", "bucket": "Hash bucket of the customer", "first_conversion_at": "First conversion", "last_conversion_at": "Last conversion", "state": "Touches and conversions, as journey_state"}'),
('journey_buckets', 'acquisition', 810, 'mart', '{touches,conversions}', 'bucket', '{bucket,currency}', $query$
SELECT j.bucket, j.currency, count(*) AS customers, min(j.first_conversion_at) AS first_conversion_at, max(j.last_conversion_at) AS last_conversion_at, nudge.rollup(j.state) AS state
FROM nudge_analytics.customer_journeys j
GROUP BY j.bucket, j.currency$query$, NULL, NULL,
	'Touches and conversions of customers by hash bucket, by currency of the conversions. Grain: bucket and currency',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the conversions; NULL for customers without any", "customers": "Customers with a touch or a conversion", "first_conversion_at": "First conversion", "last_conversion_at": "Last conversion", "state": "Touches and conversions, as journey_state"}'),
('attribution_buckets', 'acquisition', 820, 'mart', '{touches,conversions}', 'bucket', '{bucket,currency,period,channel}', $query$
SELECT b.bucket, b.currency, m.period::date AS period, a.*
FROM nudge_analytics.journey_buckets b,
	LATERAL nudge.report_window(nudge.civil_date(b.first_conversion_at, {zone}), {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	-- what is dated in the days to come is not known
	LATERAL nudge.attribution_models(b.state, start_day => m.period::date, end_day => least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1), zone => {zone}, minor_unit => nudge.currency_minor_unit(b.currency)) a$query$,
	'SELECT b.bucket, t FROM nudge_analytics.journey_buckets b, nudge.period_ticks(''day'', {zone}) t WHERE b.last_conversion_at >= t UNION ALL SELECT b.bucket, nudge.civil_date(b.last_conversion_at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.journey_buckets b WHERE isfinite(b.last_conversion_at) UNION ALL SELECT b.bucket, t FROM nudge_analytics.journey_buckets b, nudge.period_ticks(''month'', {zone}) t', NULL,
	'Credits of channels under each model that follows rules, by hash bucket of customers: totals add up buckets. Grain: bucket, currency, month of the conversion and channel',
	'{"bucket": "Hash bucket of customers", "currency": "Currency of the revenue", "period": "First day of the month of the conversion", "channel": "Channel; NULL is conversions without a touch",
	"first_touch_conversions": "Conversions credited by first_touch", "first_touch_revenue": "Revenue credited by first_touch", "last_touch_conversions": "Conversions credited by last_touch", "last_touch_revenue": "Revenue credited by last_touch",
	"last_non_direct_conversions": "Conversions credited by last_non_direct", "last_non_direct_revenue": "Revenue credited by last_non_direct", "linear_conversions": "Conversions credited by linear", "linear_revenue": "Revenue credited by linear",
	"time_decay_conversions": "Conversions credited by time_decay", "time_decay_revenue": "Revenue credited by time_decay", "position_based_conversions": "Conversions credited by position_based", "position_based_revenue": "Revenue credited by position_based",
	"j_shaped_conversions": "Conversions credited by j_shaped", "j_shaped_revenue": "Revenue credited by j_shaped", "inverse_j_conversions": "Conversions credited by inverse_j", "inverse_j_revenue": "Revenue credited by inverse_j",
	"w_shaped_conversions": "Conversions credited by w_shaped", "w_shaped_revenue": "Revenue credited by w_shaped", "blended_conversions": "Conversions credited by blended", "blended_revenue": "Revenue credited by blended",
	"participation_conversions": "Conversions that the channel took part in", "participation_revenue": "Their whole revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch", "assisted_revenue": "Their whole revenue"}'),
('attribution_paths', 'acquisition', 825, 'mart', '{touches,conversions}', 'period', '{period,currency,model,channel}', $query$
SELECT m.period::date AS period, c.currency, a.model, a.channel, a.conversions, a.revenue
FROM (
	-- paths that do not convert are of no currency
	SELECT k.currency, min(b.first_conversion_at) AS first_at, nudge.rollup(b.state) AS state
	FROM (SELECT DISTINCT d.currency FROM nudge_analytics.journey_buckets d WHERE d.currency IS NOT NULL) k JOIN nudge_analytics.journey_buckets b ON b.currency = k.currency OR b.currency IS NULL
	GROUP BY k.currency
) c,
	LATERAL nudge.report_window(nudge.civil_date(c.first_at, {zone}), {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT m.period::date AS start_day, least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1) AS end_day, nudge.currency_minor_unit(c.currency) AS minor_unit) o,
	LATERAL (
		SELECT 'markov' AS model, x.channel, x.conversions, x.revenue FROM nudge.markov_attribution(c.state, start_day => o.start_day, end_day => o.end_day, zone => {zone}, minor_unit => o.minor_unit) x
		UNION ALL
		SELECT 'shapley', x.channel, x.conversions, x.revenue FROM nudge.shapley_attribution(c.state, start_day => o.start_day, end_day => o.end_day, zone => {zone}, minor_unit => o.minor_unit) x
	) a$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t', '{"journey_buckets": null}',
	'Credits of channels under the models that are fitted to all paths of a month. Grain: month of the zone of deploy(), currency, model and channel',
	'{"currency": "Currency of the revenue", "period": "First day of the month of the conversion", "model": "markov or shapley", "channel": "Channel; NULL is conversions without a touch", "conversions": "Conversions credited", "revenue": "Revenue credited"}'),
('channel_attribution', 'acquisition', 830, 'metric', '{touches,conversions}', 'period', '{period,currency,model,channel}', $query$
SELECT c.period, c.currency, c.model, c.channel, c.conversions, c.revenue, sum(c.revenue) OVER one AS total_revenue, c.revenue / nullif(sum(c.revenue) OVER one, 0) AS revenue_share, c.assisted_conversions, c.assisted_revenue,
	(c.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (
	SELECT s.currency, s.period, v.model, s.channel, v.conversions, v.revenue, s.assisted_conversions, s.assisted_revenue
	FROM (
		SELECT b.currency, b.period, b.channel, sum(b.first_touch_conversions) AS c1, sum(b.first_touch_revenue) AS r1, sum(b.last_touch_conversions) AS c2, sum(b.last_touch_revenue) AS r2,
			sum(b.last_non_direct_conversions) AS c3, sum(b.last_non_direct_revenue) AS r3, sum(b.linear_conversions) AS c4, sum(b.linear_revenue) AS r4, sum(b.time_decay_conversions) AS c5, sum(b.time_decay_revenue) AS r5,
			sum(b.position_based_conversions) AS c6, sum(b.position_based_revenue) AS r6, sum(b.j_shaped_conversions) AS c7, sum(b.j_shaped_revenue) AS r7, sum(b.inverse_j_conversions) AS c8, sum(b.inverse_j_revenue) AS r8,
			sum(b.w_shaped_conversions) AS c9, sum(b.w_shaped_revenue) AS r9, sum(b.blended_conversions) AS c10, sum(b.blended_revenue) AS r10, sum(b.participation_conversions) AS c11, sum(b.participation_revenue) AS r11,
			sum(b.assisted_conversions)::bigint AS assisted_conversions, sum(b.assisted_revenue) AS assisted_revenue
		FROM nudge_analytics.attribution_buckets b
		GROUP BY b.currency, b.period, b.channel
	) s, LATERAL (VALUES ('first_touch', s.c1, s.r1), ('last_touch', s.c2, s.r2), ('last_non_direct', s.c3, s.r3), ('linear', s.c4, s.r4), ('time_decay', s.c5, s.r5), ('position_based', s.c6, s.r6), ('j_shaped', s.c7, s.r7),
		('inverse_j', s.c8, s.r8), ('w_shaped', s.c9, s.r9), ('blended', s.c10, s.r10), ('participation', s.c11, s.r11)) v(model, conversions, revenue)
	UNION ALL
	SELECT p.currency, p.period, p.model, p.channel, p.conversions, p.revenue, NULL, NULL
	FROM nudge_analytics.attribution_paths p
) c
WINDOW one AS (PARTITION BY c.currency, c.period, c.model)$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t', NULL,
	'Conversions and revenue credited to channels, under each model of attribution, by the month of the conversion. Grain: month of the zone of deploy(), currency, model and channel',
	'{"currency": "Currency of the revenue", "period": "First day of the month of the conversion", "model": "Model of attribution: that of a rule, markov or shapley", "channel": "Channel; NULL is conversions without a touch", "conversions": "Conversions credited; under participation those that the channel took part in",
	"revenue": "Revenue credited", "total_revenue": "Revenue credited to all channels under the model", "revenue_share": "revenue over total_revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch; NULL of markov and shapley", "assisted_revenue": "Their whole revenue", "complete": "Whether the month is over"}');

-- Who is behind the credits: a conversion's are those of its customer alone, under
-- all models but those that are fitted to all paths.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns, indexes) VALUES
('customer_attribution', 'acquisition', 1221, 'mart', '{touches,conversions}', 'customer', '{customer,currency,period,channel}', $query$
SELECT j.customer, j.currency, m.period, a.*
FROM nudge_analytics.customer_journeys j,
	LATERAL (SELECT DISTINCT nudge.period_start(nudge.civil_date(r.at, {zone}), 'month') AS period FROM nudge.journey_rows(j.state) r
		WHERE r.revenue IS NOT NULL AND isfinite(r.at) AND nudge.civil_date(r.at, {zone}) <= nudge.civil_date(nudge.as_of(), {zone})) m,
	LATERAL nudge.attribution_models(j.state, start_day => m.period, end_day => least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1), zone => {zone}, minor_unit => nudge.currency_minor_unit(j.currency)) a
WHERE j.currency IS NOT NULL$query$,
	'SELECT c.customer, nudge.civil_date(c.at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_staging.conversions c WHERE isfinite(c.at)',
	'Credits of channels for the conversions of each customer under each model that follows rules. Grain: customer, currency, month of the conversion and channel',
	'{"customer": "Customer", "currency": "Currency of the revenue", "period": "First day of the month of the conversion", "channel": "Channel; NULL is conversions without a touch",
	"first_touch_conversions": "Conversions credited by first_touch", "first_touch_revenue": "Revenue credited by first_touch", "last_touch_conversions": "Conversions credited by last_touch", "last_touch_revenue": "Revenue credited by last_touch",
	"last_non_direct_conversions": "Conversions credited by last_non_direct", "last_non_direct_revenue": "Revenue credited by last_non_direct", "linear_conversions": "Conversions credited by linear", "linear_revenue": "Revenue credited by linear",
	"time_decay_conversions": "Conversions credited by time_decay", "time_decay_revenue": "Revenue credited by time_decay", "position_based_conversions": "Conversions credited by position_based", "position_based_revenue": "Revenue credited by position_based",
	"j_shaped_conversions": "Conversions credited by j_shaped", "j_shaped_revenue": "Revenue credited by j_shaped", "inverse_j_conversions": "Conversions credited by inverse_j", "inverse_j_revenue": "Revenue credited by inverse_j",
	"w_shaped_conversions": "Conversions credited by w_shaped", "w_shaped_revenue": "Revenue credited by w_shaped", "blended_conversions": "Conversions credited by blended", "blended_revenue": "Revenue credited by blended",
	"participation_conversions": "Conversions that the channel took part in", "participation_revenue": "Their whole revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch", "assisted_revenue": "Their whole revenue"}', '{(period)}');

-- By what the customers are now: models that are fitted to all paths have no parts.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('channel_attribution_by_dimension', 'acquisition', 1222, 'metric', '{touches,conversions,customers,subscriptions}', 'period', '{period,dimension,value,currency,model,channel}', $query$
SELECT m.period, s.dimension, s.value, s.currency, v.model, s.channel, v.conversions, v.revenue, sum(v.revenue) OVER one AS total_revenue, v.revenue / nullif(sum(v.revenue) OVER one, 0) AS revenue_share, s.assisted_conversions, s.assisted_revenue,
	(m.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
-- month by month, so that some are computed alone
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) n,
	LATERAL (SELECT g::date AS period FROM generate_series(n.month - interval '35 months', n.month, interval '1 month') g) m,
	LATERAL (
	SELECT CASE WHEN b.segment IS NOT NULL THEN 'segment' WHEN b.industry IS NOT NULL THEN 'industry' WHEN b.company_size IS NOT NULL THEN 'company_size' WHEN b.region IS NOT NULL THEN 'region' WHEN b.growth_tier IS NOT NULL THEN 'growth_tier' WHEN b.sales_channel IS NOT NULL THEN 'sales_channel' WHEN b.plan IS NOT NULL THEN 'plan' WHEN b.product_mix IS NOT NULL THEN 'product_mix' WHEN b.tenure IS NOT NULL THEN 'tenure' ELSE 'initial_contract_size' END AS dimension,
		coalesce(b.segment, b.industry, b.company_size, b.region, b.growth_tier, b.sales_channel, b.plan, b.product_mix, b.tenure, b.initial_contract_size) AS value,
		b.currency, b.channel, sum(b.first_touch_conversions) AS c1, sum(b.first_touch_revenue) AS r1, sum(b.last_touch_conversions) AS c2, sum(b.last_touch_revenue) AS r2,
		sum(b.last_non_direct_conversions) AS c3, sum(b.last_non_direct_revenue) AS r3, sum(b.linear_conversions) AS c4, sum(b.linear_revenue) AS r4, sum(b.time_decay_conversions) AS c5, sum(b.time_decay_revenue) AS r5,
		sum(b.position_based_conversions) AS c6, sum(b.position_based_revenue) AS r6, sum(b.j_shaped_conversions) AS c7, sum(b.j_shaped_revenue) AS r7, sum(b.inverse_j_conversions) AS c8, sum(b.inverse_j_revenue) AS r8,
		sum(b.w_shaped_conversions) AS c9, sum(b.w_shaped_revenue) AS r9, sum(b.blended_conversions) AS c10, sum(b.blended_revenue) AS r10, sum(b.participation_conversions) AS c11, sum(b.participation_revenue) AS r11,
		sum(b.assisted_conversions)::bigint AS assisted_conversions, sum(b.assisted_revenue) AS assisted_revenue
	FROM (
		SELECT c.*, nudge.attribute_label('segment', d.segment) AS segment, nudge.attribute_label('industry', d.industry) AS industry, nudge.attribute_label('company_size', d.company_size) AS company_size, nudge.attribute_label('region', d.region) AS region, nudge.attribute_label('growth_tier', d.growth_tier) AS growth_tier, nudge.attribute_label('sales_channel', d.sales_channel) AS sales_channel, nudge.attribute_label('plan', p.plan) AS plan, nudge.attribute_label('product_mix', p.product_mix) AS product_mix, nudge.attribute_label('tenure', p.tenure) AS tenure, nudge.attribute_label('initial_contract_size', p.initial_contract_size) AS initial_contract_size
		FROM nudge_analytics.customer_attribution c LEFT JOIN nudge_analytics.dim_customers d ON d.customer = c.customer LEFT JOIN nudge_analytics.customer_products p ON p.customer = c.customer
		WHERE c.period = m.period
		-- sums of neighbours stay in the cache: five times as fast
		ORDER BY c.currency, c.channel
	) b
	-- labels are never NULL: one that is there is what is grouped by
	GROUP BY b.currency, b.channel, GROUPING SETS ((b.segment), (b.industry), (b.company_size), (b.region), (b.growth_tier), (b.sales_channel), (b.plan), (b.product_mix), (b.tenure), (b.initial_contract_size))
) s, LATERAL (VALUES ('first_touch', s.c1, s.r1), ('last_touch', s.c2, s.r2), ('last_non_direct', s.c3, s.r3), ('linear', s.c4, s.r4), ('time_decay', s.c5, s.r5), ('position_based', s.c6, s.r6), ('j_shaped', s.c7, s.r7),
	('inverse_j', s.c8, s.r8), ('w_shaped', s.c9, s.r9), ('blended', s.c10, s.r10), ('participation', s.c11, s.r11)) v(model, conversions, revenue)
WINDOW one AS (PARTITION BY m.period, s.dimension, s.value, s.currency, v.model)$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t',
	'{"dim_customers": {"column": "customer", "query": "SELECT a.customer, a.period FROM nudge_analytics.customer_attribution a"}, "customer_products": {"column": "customer", "query": "SELECT a.customer, a.period FROM nudge_analytics.customer_attribution a"}}',
	'Conversions and revenue credited to channels, under each model of attribution that follows rules, by the month of the conversion and value of a dimension of the customers now. Grain: month of the zone of deploy(), dimension, value, currency, model and channel',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency of the revenue", "period": "First day of the month of the conversion", "model": "Model of attribution that follows rules", "channel": "Channel; NULL is conversions without a touch", "conversions": "Conversions credited; under participation those that the channel took part in",
	"revenue": "Revenue credited", "total_revenue": "Revenue credited to all channels under the model", "revenue_share": "revenue over total_revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch", "assisted_revenue": "Their whole revenue", "complete": "Whether the month is over"}');

-- Reports over whole inputs: any change of an input is one of everything.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('channel_performance', 'acquisition', 840, 'metric', '{spend,touches,conversions}', '{leads,budgets}', 'period', '{period,channel}', $query$
SELECT m.period::date AS period, r.channel, r.cost, r.impressions, r.clicks, r.visitors, r.new_leads, r.new_customers, r.revenue, r.click_through_rate, r.cost_per_click, r.cost_per_lead, r.visitor_to_lead_rate, r.lead_to_customer_rate, r.click_to_customer_rate,
	r.cac, r.roas, r.roi, r.cost_share, r.planned_cost, r.planned_share, r.currency_code AS currency, (m.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.day) AS day
		FROM (SELECT b.currency, nudge.civil_date(min(b.first_conversion_at), {zone}) AS day FROM nudge_analytics.journey_buckets b WHERE b.currency IS NOT NULL GROUP BY b.currency
			UNION ALL SELECT upper(btrim(i.currency)), min(i.day) FILTER (WHERE isfinite(i.day)) FROM {spend$} i GROUP BY upper(btrim(i.currency))) k) c,
	-- once, and not for each month
	(SELECT nudge.rollup(b.state) AS state FROM nudge_analytics.journey_buckets b OFFSET 0) j,
	LATERAL nudge.report_window(c.day, {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT m.period::date AS start_day, least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1) AS end_day) o,
	LATERAL nudge.channel_performance(nudge.channel_credits(j.state, 'linear', o.start_day, o.end_day, {zone}), '{spend$}'::regclass, o.start_day, o.end_day, {zone},
		leads => {leads?}, touches => 'nudge_staging.touches'::regclass, budgets => {budgets$?}, currency => c.currency) r$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'What each channel cost, brought and earned by month, under the linear model of attribution. Grain: month of the zone of deploy() and channel',
	'{"period": "First day of the month", "channel": "Channel; NULL is what no channel has earned", "cost": "What was spent on it", "impressions": "Times it was shown", "clicks": "Clicks it brought", "visitors": "Distinct visitors among its touches", "new_leads": "Leads that came from it",
	"new_customers": "First conversions credited to it", "revenue": "Revenue credited to it", "click_through_rate": "Clicks over impressions", "cost_per_click": "Cost over clicks", "cost_per_lead": "Cost over leads", "visitor_to_lead_rate": "Leads over visitors", "lead_to_customer_rate": "New customers over leads",
	"click_to_customer_rate": "New customers over clicks", "cac": "Cost over new customers", "roas": "Revenue over cost", "roi": "Revenue less cost, over cost", "cost_share": "Share in the cost of all channels", "planned_cost": "Cost planned", "planned_share": "Share in the cost planned",
	"currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('cost_structure', 'finance', 850, 'metric', '{costs}', '{budgets}', 'period', '{period,category}', $query$
SELECT r.period, r.category, r.depth, r.actual, r.fixed_actual, r.variable_actual, r.own_actual, r.actual / nullif(t.actual, 0) AS cost_share, r.budget, r.own_budget, r.variance, r.variance_rate, r.outcome, r.over_threshold, r.currency_code AS currency, r.complete
FROM (SELECT min(i.period) FILTER (WHERE isfinite(i.period)) AS day FROM nudge_staging.costs i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL (SELECT v.*, max(v.actual) FILTER (WHERE v.depth = 0) OVER (PARTITION BY v.period) AS total FROM nudge.budget_variance('{costs$}'::regclass, {budgets$?}, w.start_day, w.end_day, 'month', {zone}, nudge.as_of()) v) r,
	LATERAL (SELECT r.total AS actual) t$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Costs by month and category, with all categories below it: fixed, variable, share, and against the budget. Grain: month and category; the category of all is empty',
	'{"period": "First day of the month", "category": "Path of the category; empty for all costs", "depth": "How deep the category is; 0 is all costs", "actual": "Costs of the category and those below it", "fixed_actual": "Those that are fixed", "variable_actual": "Those that grow with volume",
	"own_actual": "Costs of the category itself", "cost_share": "actual over all costs of the month", "budget": "Budget of the category and those below it", "own_budget": "Budget of the category itself", "variance": "actual less budget", "variance_rate": "variance over budget",
	"outcome": "Whether costs are over, under or at the budget", "over_threshold": "Whether they are away from it by more than 10%", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('burn_and_runway', 'finance', 860, 'metric', '{costs,cash,subscriptions}', '{payments,charges,usage}', 'period', '{period}', $query$
SELECT r.period, r.receipts, r.gross_burn, r.net_burn, r.mean_net_burn, r.cash_day, r.cash_balance, r.runway_months, r.profitable, r.net_new_arr, r.burn_multiple, r.currency_code AS currency, r.complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.day) AS day
		FROM (SELECT upper(btrim(i.currency)) AS currency, min(i.period) FILTER (WHERE isfinite(i.period)) AS day FROM {costs$} i GROUP BY upper(btrim(i.currency))
			UNION ALL SELECT DISTINCT b.currency, NULL::date FROM nudge_analytics.mrr_item_buckets b) k) c,
	(SELECT nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) m,
	LATERAL nudge.report_window(c.day, {zone}) w,
	LATERAL nudge.burn(m.state, '{costs$}'::regclass, w.start_day, w.end_day, '{cash$}'::regclass, {payments$?}, {charges$?}, {usage?}, {zone}, nudge.as_of(), c.currency) r$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Cash that is burnt by month, and for how many months it lasts. Grain: month of the zone of deploy()',
	'{"period": "First day of the month", "receipts": "Cash received: payments if they are mapped, else revenue", "gross_burn": "Costs", "net_burn": "Costs less receipts", "mean_net_burn": "Mean of the last three months that are over", "cash_day": "Last day with a balance", "cash_balance": "Cash on that day",
	"runway_months": "cash_balance over mean_net_burn; NULL if nothing is burnt", "profitable": "Whether nothing is burnt", "net_new_arr": "Growth of ARR in the month", "burn_multiple": "net_burn over net_new_arr; NULL if that is not above 0", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('competitive', 'market', 870, 'metric', '{competitor_facts}', '{}', 'period', '{period,channel,all_channels,competitor}', $query$
SELECT r.period, r.channel, r.all_channels, r.competitor, r.voice AS mentions, r.total_voice AS total_mentions, r.share AS mention_share, r.share_change AS mention_share_change, r.recorded_share, r.recorded_share_change,
	(r.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.competitor_facts i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL nudge.share_of_voice('nudge_staging.competitor_facts'::regclass, w.start_day, w.end_day, 'month', {zone}) r$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t',
	'Share of voice of competitors by month, in all and by channel. Grain: month of the zone of deploy(), channel and competitor',
	'{"period": "First day of the month", "channel": "Channel; NULL if it is not known, or of all", "all_channels": "Whether the row is of all channels together", "competitor": "Competitor, or oneself", "mentions": "Mentions", "total_mentions": "Mentions of all", "mention_share": "mentions over total_mentions",
	"mention_share_change": "Change against the month before", "recorded_share": "Share of voice as it was recorded", "recorded_share_change": "Change of that against the month before", "complete": "Whether the month is over"}'),
('competitive_wins', 'market', 875, 'metric', '{deals}', '{}', 'period', '{period,dimension,value}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, r.deals_closed, r.won, r.lost, r.no_decision, r.not_recorded, r.win_rate, r.rate_low, r.rate_high, r.win_rate_change, r.p_value,
	(r.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.civil_date(min(i.closed_at) FILTER (WHERE isfinite(i.closed_at)), {zone}) AS day FROM nudge_staging.deals i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('competitor', 'competitor')) d(dimension, by),
	LATERAL nudge.win_rates('nudge_staging.deals'::regclass, w.start_day, w.end_day, d.by, 'month', {zone}) r
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT t FROM nudge.period_ticks(''month'', {zone}) t',
	'Deals won and lost by the month of their close, in all and by competitor. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month of the close", "dimension": "all or competitor", "value": "Competitor; all for dimension all, NULL if there was none", "deals_closed": "Deals closed", "won": "Deals won", "lost": "Deals lost", "no_decision": "Deals closed without a decision", "not_recorded": "Deals closed without an outcome",
	"win_rate": "Fraction of closed deals with an outcome that were won", "rate_low": "Lower end of its 95% interval", "rate_high": "Upper end of its 95% interval", "win_rate_change": "Change against the month before", "p_value": "Probability of such a change by chance", "complete": "Whether the month is over"}');

-- src/warehouse/marts_facts.sql

/*
 * marts_facts.sql
 *		Shipped materialisations that people drill down to: what happened, by day
 *		or one by one, what it happened with, and revenue by attributes then.
 *
 * Rules: doc/marts_facts.md.
 */

-- Dimensions, as those of marts_customers.sql.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, description, columns) VALUES
('dim_campaigns', 'acquisition', 153, 'mart', '{campaigns}', 'campaign', '{campaign}', $query$
SELECT c.campaign, CASE WHEN nudge.check_unique_key('campaigns', CASE WHEN c.n > 1 THEN c.campaign END) THEN nullif(btrim(c.channel), '') END AS channel, nullif(lower(btrim(c.kind)), '') AS kind, c.budget_share, c.started_at, c.ended_at,
	nudge.civil_date(c.started_at, {zone}) AS first_day, nudge.civil_date(c.ended_at - interval '1 microsecond', {zone}) AS last_day
FROM (SELECT a.*, count(*) OVER (PARTITION BY a.campaign) AS n FROM nudge_staging.campaigns a) c$query$,
	'Campaigns. Grain: campaign; days are those of the zone of deploy()',
	'{"campaign": "Campaign", "channel": "Channel on which it runs", "kind": "brand, competitor, generic, content or event", "budget_share": "Planned share of the budget, 0 to 1", "started_at": "When it began", "ended_at": "When it ended", "first_day": "Day on which it began", "last_day": "Last day on which it ran"}'),
('dim_features', 'usage', 154, 'mart', '{features}', 'feature', '{feature}', $query$
SELECT f.feature, CASE WHEN nudge.check_unique_key('features', CASE WHEN f.n > 1 THEN f.feature END) THEN nullif(btrim(f.tier), '') END AS tier, coalesce(f.default_on, false) AS default_on, f.released_at, nudge.civil_date(f.released_at, {zone}) AS released_day
FROM (SELECT a.*, count(*) OVER (PARTITION BY a.feature) AS n FROM nudge_staging.features a) f$query$,
	'Features. Grain: feature; days are those of the zone of deploy()',
	'{"feature": "Feature", "tier": "Plan tier that has it", "default_on": "On without anybody choosing it", "released_at": "When it came out", "released_day": "Day of it"}');

-- What happened, by day.  What is dated in the days to come is in them, with
-- its day: so no clock has to look at all rows.  A row that lacks what it needs
-- is an error of its key.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, key_maps, description, columns) VALUES
('fact_sends', 'acquisition', 400, 'mart', '{sends}', 'campaign', '{campaign,day}', $query$
SELECT r.campaign, r.day, CASE WHEN r.bad = 0 OR nudge.check_input('sends', r.bad) THEN r.sent END AS sent, r.delivery_known, r.delivered, r.delivered::numeric / nullif(r.delivery_known, 0) AS delivery_rate, r.open_known, r.opened, r.opened::numeric / nullif(r.open_known, 0) AS open_rate,
	r.click_known, r.clicked, r.clicked::numeric / nullif(r.click_known, 0) AS click_rate
FROM (
	SELECT s.campaign, nudge.civil_date(s.at, {zone}) AS day,
		count(*) FILTER (WHERE NOT coalesce(isfinite(s.at) AND s.count >= 0, false)) AS bad, sum(s.count)::bigint AS sent,
		-- of messages whose arrival is not known, all may be opened
		coalesce(sum(s.count) FILTER (WHERE s.delivered IS NOT NULL), 0)::bigint AS delivery_known, sum(s.delivered)::bigint AS delivered,
		coalesce(sum(coalesce(s.delivered, s.count)) FILTER (WHERE s.opened IS NOT NULL), 0)::bigint AS open_known, sum(s.opened)::bigint AS opened,
		coalesce(sum(coalesce(s.delivered, s.count)) FILTER (WHERE s.clicked IS NOT NULL), 0)::bigint AS click_known, sum(s.clicked)::bigint AS clicked
	FROM nudge_staging.sends s
	GROUP BY s.campaign, nudge.civil_date(s.at, {zone})
) r$query$, NULL,
	'Messages sent, delivered, opened and clicked, by campaign and day. Grain: campaign and day of the zone of deploy()',
	'{"campaign": "Campaign", "day": "Day on which they were sent", "sent": "Messages sent", "delivery_known": "Those of which it is known how many arrived", "delivered": "How many of these arrived; NULL if it is not known", "delivery_rate": "delivered over delivery_known",
	"open_known": "Messages delivered, or sent where that is not known, of which it is known how many were opened", "opened": "How many were opened; NULL if it is not known", "open_rate": "opened over open_known",
	"click_known": "Messages delivered, or sent where that is not known, of which it is known how many were clicked", "clicked": "How many were clicked; NULL if it is not known", "click_rate": "clicked over click_known"}'),

-- Events are known by user: what has changed of a user leads to days.
('user_event_days', 'usage', 410, 'mart', '{events}', 'user', '{user,day,name,feature}', $query$
SELECT r."user", r.day, r.name, r.feature, CASE WHEN r.bad = 0 OR nudge.check_input('events', r.bad) THEN r.events END AS events, r.succeeded, r.failed, r.value
FROM (
	SELECT e."user", nudge.civil_date(e.at, {zone}) AS day, e.name, e.feature, count(*) AS events, count(*) FILTER (WHERE e.success) AS succeeded, count(*) FILTER (WHERE NOT e.success) AS failed, sum(e.value) AS value,
		count(*) FILTER (WHERE NOT coalesce(isfinite(e.at) AND e.name IS NOT NULL AND coalesce(abs(e.value) < 'Infinity', true), false)) AS bad
	FROM nudge_staging.events e
	GROUP BY e."user", nudge.civil_date(e.at, {zone}), e.name, e.feature
) r$query$, NULL,
	'Events of each user by day. Grain: user, day of the zone of deploy(), name of the event and feature',
	'{"user": "User", "day": "Day", "name": "Name of the event", "feature": "Feature; NULL for events without one", "events": "Events", "succeeded": "Those that worked", "failed": "Those that did not", "value": "What they were worth"}'),
('fact_events', 'usage', 420, 'mart', '{events}', 'day', '{day,name,feature}', $query$
SELECT u.day, u.name, u.feature, sum(u.events)::bigint AS events, count(*) AS users, sum(u.succeeded)::bigint AS succeeded, sum(u.failed)::bigint AS failed,
	sum(u.succeeded) / nullif(sum(u.succeeded + u.failed), 0) AS success_rate, sum(u.value) AS value
FROM nudge_analytics.user_event_days u
GROUP BY u.day, u.name, u.feature$query$, NULL,
	'Events by day, and how many users they are of. Grain: day of the zone of deploy(), name of the event and feature',
	'{"day": "Day", "name": "Name of the event", "feature": "Feature; NULL for events without one", "events": "Events of users", "users": "Distinct users: do not add them over days, names or features", "succeeded": "Events that worked", "failed": "Events that did not",
	"success_rate": "succeeded over succeeded and failed", "value": "What they were worth"}'),

('fact_touches', 'acquisition', 430, 'mart', '{touches}', 'customer', '{customer,day,channel,campaign,partner}', $query$
SELECT r.customer, r.day, r.channel, r.campaign, r.partner, CASE WHEN r.bad = 0 OR nudge.check_input('touches', r.bad) THEN r.touches END AS touches
FROM (
	SELECT t.customer, nudge.civil_date(t.at, {zone}) AS day, btrim(t.channel) AS channel, t.campaign, t.partner, count(*) AS touches, count(*) FILTER (WHERE NOT coalesce(isfinite(t.at) AND t.channel IS NOT NULL, false)) AS bad
	FROM nudge_staging.touches t
	GROUP BY t.customer, nudge.civil_date(t.at, {zone}), btrim(t.channel), t.campaign, t.partner
) r$query$, NULL,
	'Contacts of marketing with each customer by day. Grain: customer, day of the zone of deploy(), channel, campaign and partner',
	'{"customer": "Customer: contacts of which it is not known are left out", "day": "Day", "channel": "Channel of the contact", "campaign": "Campaign; NULL if none", "partner": "Partner; NULL if none", "touches": "Contacts"}'),
('fact_conversions', 'acquisition', 440, 'mart', '{conversions}', 'customer', '{customer,day,kind,currency}', $query$
SELECT r.customer, r.day, r.kind, r.currency, CASE WHEN r.bad = 0 OR nudge.check_input('conversions', r.bad) THEN r.conversions END AS conversions, r.revenue
FROM (
	SELECT c.customer, nudge.civil_date(c.at, {zone}) AS day, nullif(lower(btrim(c.kind)), '') AS kind, upper(btrim(c.currency)) AS currency, count(*) AS conversions, sum(c.revenue) AS revenue,
		count(*) FILTER (WHERE NOT coalesce(isfinite(c.at) AND abs(c.revenue) < 'Infinity' AND c.currency IS NOT NULL, false)) AS bad
	FROM nudge_staging.conversions c
	GROUP BY c.customer, nudge.civil_date(c.at, {zone}), nullif(lower(btrim(c.kind)), ''), upper(btrim(c.currency))
) r$query$, NULL,
	'Conversions of each customer by day, and what they are worth. Grain: customer, day of the zone of deploy(), kind and currency',
	'{"customer": "Customer", "day": "Day", "kind": "Kind, such as signup or purchase, in small letters; NULL if it is not known", "currency": "Currency of the revenue", "conversions": "Conversions", "revenue": "What they are worth"}'),
-- Channels are no keys of the input: a change of it is one of everything, of which only what differs is written.
('fact_spend', 'acquisition', 450, 'mart', '{spend}', 'day', '{day,channel,campaign,partner,currency}', $query$
SELECT r.day, r.channel, r.campaign, r.partner, r.currency, CASE WHEN r.bad = 0 OR nudge.check_input('spend', r.bad) THEN r.amount END AS amount, r.impressions, r.clicks
FROM (
	SELECT s.day, btrim(s.channel) AS channel, s.campaign, s.partner, upper(btrim(s.currency)) AS currency, sum(s.amount) AS amount, sum(s.impressions)::bigint AS impressions, sum(s.clicks)::bigint AS clicks,
		count(*) FILTER (WHERE NOT coalesce(isfinite(s.day) AND s.channel IS NOT NULL AND abs(s.amount) < 'Infinity' AND s.currency IS NOT NULL, false)) AS bad
	FROM nudge_staging.spend s
	GROUP BY s.day, btrim(s.channel), s.campaign, s.partner, upper(btrim(s.currency))
) r$query$, NULL,
	'Cost of acquisition by day. Grain: day, channel, campaign, partner and currency',
	'{"day": "Day it was spent", "channel": "Channel it was spent on", "campaign": "Campaign; NULL if none", "partner": "Partner it was paid to; NULL if none", "currency": "Currency of the amount", "amount": "Amount spent", "impressions": "Times it was shown; NULL if it is not known", "clicks": "Clicks it brought; NULL if it is not known"}');

-- What happened, one by one.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('fact_subscriptions', 'revenue', 405, 'mart', '{subscriptions}', 'customer', '{customer,subscription,item,valid_from,sequence_no}', $query$
SELECT r.customer, r.subscription, r.item, r.valid_from,
	-- all columns: rows that tie are equal
	row_number() OVER (PARTITION BY r.customer, r.subscription, r.item, r.valid_from ORDER BY r.valid_to, r.plan, r.status, r.currency, r.amount, r.interval_unit, r.interval_count, r.quantity, r.discount, r.discount_kind, r.usage)::integer AS sequence_no,
	r.valid_to, nudge.civil_date(r.valid_from, {zone}) AS first_day, nudge.civil_date(r.valid_to - interval '1 microsecond', {zone}) AS last_day, r.plan, r.status, r.currency, r.amount, r.interval_unit, r.interval_count, r.quantity, r.discount, r.discount_kind, r.usage,
	CASE WHEN r.bad = 0 OR nudge.check_input('subscriptions', r.bad) THEN r.mrr END AS mrr
FROM (
	SELECT s.customer, s.subscription, s.item, s.valid_from, nullif(s.valid_to, 'infinity') AS valid_to, s.plan, lower(btrim(s.status)) AS status, upper(btrim(s.currency)) AS currency, s.amount, lower(btrim(s.interval_unit)) AS interval_unit, s.interval_count,
		coalesce(s.quantity, 1) AS quantity, coalesce(s.discount, 0) AS discount, nullif(lower(btrim(s.discount_kind)), '') AS discount_kind, coalesce(s.usage, false) AS usage,
		nudge.subscription_mrr(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind, s.usage, s.status, s.valid_to) AS mrr,
		(NOT coalesce(isfinite(s.valid_from) AND s.valid_to IS DISTINCT FROM '-infinity' AND s.item IS NOT NULL AND s.currency IS NOT NULL AND abs(s.amount) < 'Infinity', false))::integer AS bad
	FROM nudge_staging.subscriptions s
) r$query$, NULL,
	'Recurring prices with the time over which they are in force, and their MRR. Grain: customer, subscription, item and beginning; days are those of the zone of deploy()',
	'{"customer": "Who pays", "subscription": "Subscription of which it is an item; NULL if it is not known", "item": "Item", "valid_from": "First instant in force", "sequence_no": "1; rows of an item that begin at the same instant are counted on", "valid_to": "Instant at which it is in force no more; NULL: it has no end yet",
	"first_day": "Day of valid_from", "last_day": "Last day in force; NULL: it has no end yet", "plan": "Plan or add-on", "status": "Status, in small letters", "currency": "Currency of the amounts", "amount": "Price a unit and interval", "interval_unit": "day, week, month, quarter, year or none", "interval_count": "Units between two bills",
	"quantity": "Units bought", "discount": "Share taken off, 0 to 1", "discount_kind": "once, repeating or forever", "usage": "Billed by use and not fixed", "mrr": "MRR while it is in force; NULL if it is no recurring revenue: use, trials, pauses"}'),
-- as ticket_rows knows them
('fact_tickets', 'support', 460, 'mart', '{tickets}', 'ticket', '{ticket}', $query$
SELECT t.ticket, t.customer, t.opened_at, nudge.civil_date(t.opened_at, {zone}) AS opened_day, t.first_response_at, t.resolved_at, t.reopened_at,
	CASE WHEN t.resolved_at IS NULL OR t.reopened_at > t.resolved_at THEN 'open' ELSE 'resolved' END AS status, t.priority, t.complexity, t.category, t.agent, t.csat, t.escalated, t.contacts,
	nudge.minutes_between(t.opened_at, t.first_response_at) AS first_response_minutes,
	-- what was resolved before it was opened took no time that is known
	CASE WHEN NOT t.resolved_before AND NOT coalesce(t.reopened_at > t.resolved_at, false) THEN nudge.minutes_between(t.opened_at, t.resolved_at) END AS resolution_minutes
FROM (
	SELECT i.ticket, CASE WHEN (i.n = 1 OR nudge.check_unique_key('tickets', i.ticket)) AND (i.bad = 0 OR nudge.check_input('tickets', i.bad)) THEN i.customer END AS customer,
		i.opened_at, CASE WHEN i.first_response_at >= i.opened_at AND i.first_response_at < nudge.as_of() THEN i.first_response_at END AS first_response_at,
		CASE WHEN i.resolved_at < nudge.as_of() THEN greatest(i.resolved_at, i.opened_at) END AS resolved_at, coalesce(i.resolved_at < i.opened_at, false) AS resolved_before,
		CASE WHEN i.reopened_at >= i.opened_at AND i.reopened_at < nudge.as_of() THEN i.reopened_at END AS reopened_at,
		lower(btrim(i.priority)) AS priority, nullif(lower(btrim(i.complexity)), '') AS complexity, nullif(btrim(i.category), '') AS category, nullif(btrim(i.agent), '') AS agent,
		CASE WHEN coalesce(i.resolved_at < nudge.as_of(), true) THEN i.csat END AS csat, i.escalated, i.contacts
	FROM (
		SELECT a.*, count(*) OVER (PARTITION BY a.ticket) AS n, (NOT coalesce(a.customer IS NOT NULL AND btrim(a.priority) <> '' AND isfinite(a.opened_at) AND coalesce(isfinite(a.first_response_at), true) AND coalesce(isfinite(a.resolved_at), true)
			AND coalesce(isfinite(a.reopened_at), true) AND coalesce(abs(a.csat) < 'Infinity', true), false))::integer AS bad
		FROM nudge_staging.tickets a
	) i
	WHERE i.opened_at < nudge.as_of() OR i.opened_at IS NULL
) t$query$,
	$clock$SELECT t.ticket, c.at + interval '1 microsecond' FROM nudge_staging.tickets t, LATERAL (VALUES (t.opened_at), (t.first_response_at), (t.resolved_at), (t.reopened_at)) c(at)$clock$,
	'Tickets of support, with the times to answer and to resolve them. Grain: ticket; days are those of the zone of deploy()',
	'{"ticket": "Ticket", "customer": "Whose it is", "opened_at": "When it was opened", "opened_day": "Day of it", "first_response_at": "When it was first answered; NULL if not yet, or if that was before it was opened", "resolved_at": "When it was resolved; NULL if not yet", "reopened_at": "When it was opened again",
	"status": "open or resolved", "priority": "Priority, in small letters", "complexity": "Class of complexity, in small letters", "category": "What it is about", "agent": "Who worked on it", "csat": "Score the customer gave", "escalated": "Whether it was escalated", "contacts": "Times the customer wrote",
	"first_response_minutes": "Minutes from the opening to the first response", "resolution_minutes": "Minutes from the opening to the resolution, of what is resolved"}'),
-- as incident_lines knows them
('fact_incidents', 'platform', 465, 'mart', '{incidents}', 'incident', '{incident}', $query$
SELECT i.incident, CASE WHEN nudge.check_unique_key('incidents', CASE WHEN i.n > 1 THEN i.incident END)
		AND nudge.check_input('incidents', (NOT coalesce(isfinite(i.started_at) AND isfinite(coalesce(i.ended_at, i.started_at)) AND isfinite(coalesce(i.detected_at, i.started_at)) AND btrim(i.severity) <> '', false))::integer)
		AND nudge.check_intervals('incidents', (coalesce(i.ended_at < i.started_at, false) OR coalesce(i.detected_at < i.started_at, false))::integer) THEN nullif(btrim(i.service), '') END AS service,
	lower(btrim(i.severity)) AS severity, coalesce(i.outage, lower(btrim(i.severity)) IN ('critical', 'major'), false) AS is_outage, i.started_at, nudge.civil_date(i.started_at, {zone}) AS started_day, i.detected_at, i.ended_at, i.ended_at IS NULL AS is_open,
	nudge.minutes_between(i.started_at, i.detected_at) AS detection_minutes, nudge.minutes_between(i.started_at, i.ended_at) AS duration_minutes
FROM (
	SELECT a.incident, a.service, a.severity, a.outage, a.started_at, CASE WHEN a.detected_at < nudge.as_of() THEN a.detected_at END AS detected_at, CASE WHEN a.ended_at < nudge.as_of() THEN a.ended_at END AS ended_at, count(*) OVER (PARTITION BY a.incident) AS n
	FROM nudge_staging.incidents a
) i
WHERE i.started_at < nudge.as_of() OR i.started_at IS NULL$query$,
	$clock$SELECT i.incident, c.at + interval '1 microsecond' FROM nudge_staging.incidents i, LATERAL (VALUES (i.started_at), (i.detected_at), (i.ended_at)) c(at)$clock$,
	'Incidents, with the times to notice and to end them. Grain: incident; days are those of the zone of deploy()',
	'{"incident": "Incident", "service": "What was hit; NULL: everything", "severity": "Severity, in small letters", "is_outage": "Whether the service was down: as recorded, otherwise if it is critical or major", "started_at": "When it began", "started_day": "Day of it", "detected_at": "When it was noticed; NULL if not yet",
	"ended_at": "When it was over; NULL if not yet", "is_open": "Whether it goes on", "detection_minutes": "Minutes from the beginning until it was noticed", "duration_minutes": "Minutes from the beginning to the end; NULL while it goes on"}');

-- Revenue by attributes as they were then.  As in the waterfall, what opens and
-- closes a month is what was in force just before: that of an attribute too.
-- Kept are only those months in which it was another than now, since all others
-- are in mrr_by_segment and mrr_by_dimension; the totals put the one in place of the other.
-- Nobody keeps what follows from prices, and it changes more often: of that,
-- customers have the months of its changes, and buckets have all months.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('customer_mrr_then', 'revenue', 470, 'mart', '{customers,subscriptions}', '{dimension_history}', 'customer', '{customer,currency,dimension,period}', $query$
SELECT m.customer, m.currency, m.dimension, m.period, m.opening_value, m.closing_value, m.value_now, m.movement, m.opening_mrr, m.new_mrr, m.reactivation_mrr, m.expansion_mrr, m.contraction_mrr, m.churn_mrr, m.closing_mrr, m.complete
FROM (
	SELECT h.customer, r.currency, r.period, r.movement, r.opening_mrr, r.new_mrr, r.reactivation_mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.closing_mrr, r.complete, h.dimension, n.value_now,
		CASE WHEN r.opening_mrr <> 0 THEN nudge.attribute_label(h.dimension, (SELECT s.value FROM unnest(h.froms, h.untils, h.texts) s(valid_from, valid_to, value)
			WHERE s.valid_from < t.start_at AND coalesce(s.valid_to >= t.start_at, true) ORDER BY s.valid_from DESC, s.value COLLATE "C" LIMIT 1)) END AS opening_value,
		CASE WHEN r.closing_mrr <> 0 THEN nudge.attribute_label(h.dimension, (SELECT s.value FROM unnest(h.froms, h.untils, h.texts) s(valid_from, valid_to, value)
			WHERE s.valid_from < t.end_at AND coalesce(s.valid_to >= t.end_at, true) ORDER BY s.valid_from DESC, s.value COLLATE "C" LIMIT 1)) END AS closing_value
	FROM (
		SELECT d.customer, d.dimension, array_agg(d.valid_from) AS froms, array_agg(d.valid_to) AS untils, array_agg(d.value) AS texts,
			nudge.check_input('dimension_history', count(*) FILTER (WHERE d.value IS NULL OR d.valid_from IS NULL)) AND nudge.check_intervals('dimension_history', count(*) FILTER (WHERE d.valid_to < d.valid_from)) AS checked
		FROM {dimension_history*} d
		WHERE d.dimension IN ('segment', 'industry', 'company_size', 'region', 'growth_tier', 'sales_channel')
		GROUP BY d.customer, d.dimension
	) h
	JOIN nudge_analytics.fact_revenue r ON r.customer = h.customer
	LEFT JOIN nudge_analytics.dim_customers c ON c.customer = h.customer,
	LATERAL (SELECT nudge.attribute_label(h.dimension, CASE h.dimension WHEN 'segment' THEN c.segment WHEN 'industry' THEN c.industry WHEN 'company_size' THEN c.company_size WHEN 'region' THEN c.region WHEN 'growth_tier' THEN c.growth_tier ELSE c.sales_channel END) AS value_now) n,
	LATERAL (SELECT r.period::timestamp AT TIME ZONE {zone} AS start_at, least((r.period + interval '1 month') AT TIME ZONE {zone}, nudge.as_of()) AS end_at) t
	-- most have one value all the time, that of now
	WHERE h.checked AND NOT coalesce(cardinality(h.froms) = 1 AND h.froms[1] < t.start_at AND h.untils[1] IS NULL AND nudge.attribute_label(h.dimension, h.texts[1]) = n.value_now, false)
) m
WHERE m.opening_value <> m.value_now OR m.closing_value <> m.value_now$query$,
	$clock$SELECT d.customer, c.at + interval '1 microsecond' FROM {dimension_history*} d, LATERAL (VALUES (d.valid_from), (d.valid_to)) c(at)$clock$, NULL,
	'Months of customers in which an attribute was another than now, with their revenue; none unless dimension_history is mapped. Grain: customer, currency, dimension and month of the zone of deploy()',
	'{"customer": "Customer", "currency": "Currency of the amounts", "dimension": "segment, industry, company_size, region, growth_tier or sales_channel", "period": "First day of the month", "opening_value": "Value as the month opened; NULL without opening MRR", "closing_value": "Value as the month closed, or so far; NULL without closing MRR",
	"value_now": "Value now, by which mrr_by_segment and mrr_by_dimension count", "movement": "new, reactivation, expansion, contraction, churn or none", "opening_mrr": "MRR of the customer as the month opened", "new_mrr": "MRR if it had none before", "reactivation_mrr": "MRR if it had had some, and none as the month opened",
	"expansion_mrr": "MRR that it has more", "contraction_mrr": "MRR that it has less, negative", "churn_mrr": "MRR if it has none any more, negative", "closing_mrr": "MRR of the customer as the month closed", "complete": "Whether the month is over"}'),
('customer_products_then', 'revenue', 471, 'mart', '{customers,subscriptions}', '{}', 'customer', '{customer,from_period}', $query$
SELECT w.customer, w.period AS from_period, lead(w.period) OVER (PARTITION BY w.customer ORDER BY w.period) AS until_period, w.opening_plan, w.plan, w.opening_product_mix, w.product_mix, w.opening_tenure, w.tenure,
	o.had_price AND nudge.attribute_label('plan', w.opening_plan) <> nudge.attribute_label('plan', w.plan) AS plan_moves, o.had_price AND nudge.attribute_label('product_mix', w.opening_product_mix) <> nudge.attribute_label('product_mix', w.product_mix) AS product_mix_moves, o.had_price AND nudge.attribute_label('tenure', w.opening_tenure) <> nudge.attribute_label('tenure', w.tenure) AS tenure_moves
FROM (
	SELECT v.customer, v.period, lag(v.plan) OVER months AS opening_plan, v.plan, lag(v.product_mix) OVER months AS opening_product_mix, v.product_mix, lag(v.tenure) OVER months AS opening_tenure, v.tenure
	FROM (
		SELECT i.customer, k.period, o.plan, o.product_mix, CASE WHEN o.prices > 0 THEN nudge.tenure_class(f.first_day, nudge.civil_date(t.end_at - interval '1 microsecond', {zone})) END AS tenure
		FROM (
			SELECT s.customer, array_agg(s.valid_from) AS froms, array_agg(s.valid_to) AS untils, array_agg(btrim(s.plan)) AS plans, array_agg(m.mrr) AS mrrs, min(s.valid_from) AS first_at
			FROM nudge_staging.subscriptions s,
				LATERAL (SELECT nudge.subscription_mrr(s.amount, s.interval_unit, s.interval_count, s.quantity, s.discount, s.discount_kind, s.usage, s.status, s.valid_to) AS mrr OFFSET 0) m
			WHERE m.mrr > 0 AND s.valid_from < nudge.as_of() AND isfinite(s.valid_from)
			GROUP BY s.customer
		) i,
			LATERAL (SELECT nudge.civil_date(i.first_at, {zone}) AS first_day) f,
			-- months in which a price starts or ends, or a tenure
			LATERAL (
				SELECT nudge.period_start(nudge.civil_date(b.at, {zone}), 'month') AS period FROM unnest(i.froms || i.untils) b(at) WHERE b.at < nudge.as_of() AND isfinite(b.at)
				UNION
				SELECT nudge.period_start(d.day, 'month') FROM unnest('{3,12,24}'::integer[]) n(months), LATERAL (SELECT (f.first_day + make_interval(months => n.months))::date AS day) d WHERE d.day <= nudge.civil_date(nudge.as_of() - interval '1 microsecond', {zone})
			) k,
			LATERAL (SELECT least((k.period + interval '1 month') AT TIME ZONE {zone}, nudge.as_of()) AS end_at) t,
			LATERAL (
				SELECT count(*) AS prices, (array_agg(p.plan ORDER BY p.mrr DESC, p.valid_from DESC, p.plan COLLATE "C"))[1] AS plan, string_agg(DISTINCT p.plan COLLATE "C", ' + ' ORDER BY p.plan COLLATE "C") COLLATE "default" AS product_mix
				FROM unnest(i.froms, i.untils, i.plans, i.mrrs) p(valid_from, valid_to, plan, mrr)
				WHERE p.valid_from < t.end_at AND coalesce(p.valid_to >= t.end_at, true)
			) o
	) v
	WINDOW months AS (PARTITION BY v.customer ORDER BY v.period)
) w, LATERAL (SELECT w.opening_tenure IS NOT NULL AND w.tenure IS NOT NULL AS had_price) o
WHERE (w.plan, w.product_mix, w.tenure) IS DISTINCT FROM (w.opening_plan, w.opening_product_mix, w.opening_tenure)$query$,
	$clock$SELECT s.customer, s.valid_from + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, s.valid_to + interval '1 microsecond' FROM nudge_staging.subscriptions s
UNION ALL SELECT s.customer, ((nudge.civil_date(s.valid_from, {zone}) + make_interval(months => m))::date::timestamp AT TIME ZONE {zone}) + interval '1 microsecond' FROM nudge_staging.subscriptions s, unnest('{3,12,24}'::integer[]) m WHERE isfinite(s.valid_from)$clock$, NULL,
	'What each customer had by its prices as months closed: a row from each month that closed otherwise than it opened to the next such one. Grain: customer and month of the zone of deploy()',
	'{"customer": "Customer", "from_period": "First day of the month in which it changed", "until_period": "First day of the month of the next change, which no longer closes so; NULL: there is none yet", "opening_plan": "Plan as that month opened", "plan": "Plan of the largest price in force as it closed, and those after it; NULL if none is in force",
	"opening_product_mix": "Plans and add-ons as that month opened", "product_mix": "Plans and add-ons in force as it closed, and those after it, in the order of their names; NULL if none is in force", "opening_tenure": "Tenure as that month opened", "tenure": "Time since its first price ever as it closed, and those after it: under 3 months, 3 to 12 months, 1 to 2 years, 2 years or more; NULL if none is in force",
	"plan_moves": "Whether it went from one plan to another, with a price in force before and after", "product_mix_moves": "The same of product_mix", "tenure_moves": "The same of tenure"}'),
('mrr_then_buckets', 'revenue', 472, 'mart', '{customers,subscriptions}', '{}', 'bucket', '{bucket,dimension,opening_value,closing_value,currency,period}', $query$
SELECT m.bucket, d.dimension, d.opening_value, d.closing_value, m.currency, m.period,
	sum(m.opening_mrr) AS opening_mrr, sum(m.new_mrr) AS new_mrr, sum(m.reactivation_mrr) AS reactivation_mrr, sum(m.expansion_mrr) AS expansion_mrr, sum(m.contraction_mrr) AS contraction_mrr, sum(m.churn_mrr) AS churn_mrr, sum(m.closing_mrr) AS closing_mrr,
	sum(m.opening_customers)::bigint AS opening_customers, sum(m.new_customers)::bigint AS new_customers, sum(m.reactivated_customers)::bigint AS reactivated_customers, sum(m.expanded_customers)::bigint AS expanded_customers, sum(m.contracted_customers)::bigint AS contracted_customers,
	sum(m.churned_customers)::bigint AS churned_customers, sum(m.closing_customers)::bigint AS closing_customers, bool_and(m.complete) AS complete
FROM (
	-- by all three at once first, which many customers share
	SELECT c.bucket, r.currency, r.period, r.opening_mrr <> 0 AS opens, r.closing_mrr <> 0 AS closes, o.plan AS opening_plan, p.plan, o.product_mix AS opening_product_mix, p.product_mix, o.tenure AS opening_tenure, p.tenure,
		sum(r.opening_mrr) AS opening_mrr, sum(r.new_mrr) AS new_mrr, sum(r.reactivation_mrr) AS reactivation_mrr, sum(r.expansion_mrr) AS expansion_mrr, sum(r.contraction_mrr) AS contraction_mrr, sum(r.churn_mrr) AS churn_mrr, sum(r.closing_mrr) AS closing_mrr,
		count(*) FILTER (WHERE r.opening_mrr <> 0) AS opening_customers, count(*) FILTER (WHERE r.movement = 'new') AS new_customers, count(*) FILTER (WHERE r.movement = 'reactivation') AS reactivated_customers, count(*) FILTER (WHERE r.movement = 'expansion') AS expanded_customers,
		count(*) FILTER (WHERE r.movement = 'contraction') AS contracted_customers, count(*) FILTER (WHERE r.movement = 'churn') AS churned_customers, count(*) FILTER (WHERE r.closing_mrr <> 0) AS closing_customers, bool_and(r.complete) AS complete
	FROM nudge_analytics.customer_mrr c
	JOIN nudge_analytics.fact_revenue r ON r.customer = c.customer AND r.currency = c.currency
	LEFT JOIN nudge_analytics.customer_products_then p ON p.customer = r.customer AND p.from_period <= r.period AND coalesce(p.until_period > r.period, true),
		LATERAL (SELECT CASE WHEN p.from_period = r.period THEN p.opening_plan ELSE p.plan END AS plan, CASE WHEN p.from_period = r.period THEN p.opening_product_mix ELSE p.product_mix END AS product_mix, CASE WHEN p.from_period = r.period THEN p.opening_tenure ELSE p.tenure END AS tenure) o
	GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
) m,
	LATERAL (
		SELECT v.dimension, CASE WHEN m.opens THEN nudge.attribute_label(v.dimension, v.opening_value) END AS opening_value, CASE WHEN m.closes THEN nudge.attribute_label(v.dimension, v.closing_value) END AS closing_value
		FROM (VALUES ('plan'::text, m.opening_plan, m.plan), ('product_mix', m.opening_product_mix, m.product_mix), ('tenure', m.opening_tenure, m.tenure)) v(dimension, opening_value, closing_value)
	) d
GROUP BY 1, 2, 3, 4, 5, 6$query$, NULL, '{"fact_revenue": {"column": "customer", "query": "SELECT c.customer, c.bucket FROM nudge_analytics.customer_mrr c"}, "customer_products_then": {"column": "customer", "query": "SELECT c.customer, c.bucket FROM nudge_analytics.customer_mrr c"}}',
	'MRR waterfall of customers by what they had by their prices as the month opened and as it closed: totals add up buckets. Grain: bucket, dimension, both values, currency and month of the zone of deploy()',
	'{"bucket": "Hash bucket of customers", "dimension": "plan, product_mix or tenure", "opening_value": "Value of the customers as the month opened; NULL for those without opening MRR", "closing_value": "Value as the month closed, or so far; NULL for those without closing MRR", "currency": "Currency of the amounts", "period": "First day of the month",
	"opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "closing_mrr": "MRR as the month closed", "opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr", "closing_customers": "Customers as the month closed", "complete": "Whether the month is over"}'),
('mrr_by_dimension_then', 'revenue', 475, 'metric', '{customers,subscriptions}', '{dimension_history}', 'dimension', '{dimension,value,currency,period}', $query$
SELECT x.dimension, x.value, x.currency, x.period, sum(x.opening_mrr) AS opening_mrr, sum(x.new_mrr) AS new_mrr, sum(x.reactivation_mrr) AS reactivation_mrr, sum(x.expansion_mrr) AS expansion_mrr, sum(x.contraction_mrr) AS contraction_mrr, sum(x.churn_mrr) AS churn_mrr,
	sum(x.transfer_in_mrr) AS transfer_in_mrr, sum(x.transfer_out_mrr) AS transfer_out_mrr, sum(x.net_new_mrr) + sum(x.transfer_in_mrr) + sum(x.transfer_out_mrr) AS net_new_mrr, sum(x.closing_mrr) AS closing_mrr,
	sum(x.opening_customers)::bigint AS opening_customers, sum(x.new_customers)::bigint AS new_customers, sum(x.reactivated_customers)::bigint AS reactivated_customers, sum(x.expanded_customers)::bigint AS expanded_customers, sum(x.contracted_customers)::bigint AS contracted_customers,
	sum(x.churned_customers)::bigint AS churned_customers, sum(x.transferred_in_customers)::bigint AS transferred_in_customers, sum(x.transferred_out_customers)::bigint AS transferred_out_customers, sum(x.closing_customers)::bigint AS closing_customers, bool_and(x.complete) AS complete
FROM (
	SELECT 'segment'::text AS dimension, s.segment AS value, s.currency, s.period, s.opening_mrr, s.new_mrr, s.reactivation_mrr, s.expansion_mrr, s.contraction_mrr, s.churn_mrr, 0.00 AS transfer_in_mrr, 0.00 AS transfer_out_mrr, s.net_new_mrr, s.closing_mrr,
		s.opening_customers, s.new_customers, s.reactivated_customers, s.expanded_customers, s.contracted_customers, s.churned_customers, 0 AS transferred_in_customers, 0 AS transferred_out_customers, s.closing_customers, s.complete
	FROM nudge_analytics.mrr_by_segment s WHERE s.segment <> 'all' AND {dimension_history!}
	UNION ALL
	SELECT m.dimension, m.value, m.currency, m.period, m.opening_mrr, m.new_mrr, m.reactivation_mrr, m.expansion_mrr, m.contraction_mrr, m.churn_mrr, 0, 0, m.net_new_mrr, m.closing_mrr,
		m.opening_customers, m.new_customers, m.reactivated_customers, m.expanded_customers, m.contracted_customers, m.churned_customers, 0, 0, m.closing_customers, m.complete
	FROM nudge_analytics.mrr_by_dimension m
	-- what a customer began with is the same then
	WHERE m.dimension = 'initial_contract_size' OR m.dimension IN ('industry', 'company_size', 'region', 'growth_tier', 'sales_channel') AND {dimension_history!}
	UNION ALL
	-- out of the value now; what opens, and leaves, is of the value as the month opened, all else of that as it closed
	SELECT c.dimension, v.value, c.currency, c.period, v.opens * c.opening_mrr, v.closes * c.new_mrr, v.closes * c.reactivation_mrr, v.closes * c.expansion_mrr, v.closes * c.contraction_mrr, v.opens * c.churn_mrr,
		v.comes * c.opening_mrr, -v.goes * c.opening_mrr, v.closes * (c.new_mrr + c.reactivation_mrr + c.expansion_mrr + c.contraction_mrr) + v.opens * c.churn_mrr, v.closes * c.closing_mrr,
		v.opens * c.opening_customers, v.closes * c.new_customers, v.closes * c.reactivated_customers, v.closes * c.expanded_customers, v.closes * c.contracted_customers,
		v.opens * c.churned_customers, v.comes * c.opening_customers, v.goes * c.opening_customers, v.closes * c.closing_customers, c.complete
	FROM (
		SELECT t.dimension, t.currency, t.period, t.opening_value, t.closing_value, t.value_now, coalesce(t.opening_value <> t.closing_value, false)::integer AS moves, bool_and(t.complete) AS complete,
			sum(t.opening_mrr) AS opening_mrr, sum(t.new_mrr) AS new_mrr, sum(t.reactivation_mrr) AS reactivation_mrr, sum(t.expansion_mrr) AS expansion_mrr, sum(t.contraction_mrr) AS contraction_mrr, sum(t.churn_mrr) AS churn_mrr, sum(t.closing_mrr) AS closing_mrr,
			count(*) FILTER (WHERE t.opening_mrr <> 0) AS opening_customers, count(*) FILTER (WHERE t.movement = 'new') AS new_customers, count(*) FILTER (WHERE t.movement = 'reactivation') AS reactivated_customers,
			count(*) FILTER (WHERE t.movement = 'expansion') AS expanded_customers, count(*) FILTER (WHERE t.movement = 'contraction') AS contracted_customers, count(*) FILTER (WHERE t.movement = 'churn') AS churned_customers,
			count(*) FILTER (WHERE t.closing_mrr <> 0) AS closing_customers
		FROM nudge_analytics.customer_mrr_then t
		GROUP BY t.dimension, t.currency, t.period, t.opening_value, t.closing_value, t.value_now
		UNION ALL
		-- these are in no value of now, so out of none
		SELECT b.dimension, b.currency, b.period, b.opening_value, b.closing_value, NULL, coalesce(b.opening_value <> b.closing_value, false)::integer, bool_and(b.complete),
			sum(b.opening_mrr), sum(b.new_mrr), sum(b.reactivation_mrr), sum(b.expansion_mrr), sum(b.contraction_mrr), sum(b.churn_mrr), sum(b.closing_mrr),
			sum(b.opening_customers), sum(b.new_customers), sum(b.reactivated_customers), sum(b.expanded_customers), sum(b.contracted_customers), sum(b.churned_customers), sum(b.closing_customers)
		FROM nudge_analytics.mrr_then_buckets b
		GROUP BY b.dimension, b.currency, b.period, b.opening_value, b.closing_value
	) c, LATERAL (VALUES (c.value_now, -1, -1, 0, 0), (c.opening_value, 1, 0, 0, c.moves), (c.closing_value, 0, 1, c.moves, 0)) v(value, opens, closes, comes, goes)
	WHERE v.value IS NOT NULL
) x
GROUP BY x.dimension, x.value, x.currency, x.period
-- a value that nobody had then
HAVING sum(x.opening_customers) <> 0 OR sum(x.closing_customers) <> 0 OR sum(x.opening_mrr) <> 0 OR sum(x.closing_mrr) <> 0$query$, NULL, '{"mrr_by_segment": null}',
	'MRR waterfall by month, currency and value of a dimension as it was then. Grain: dimension, value, currency and month of the zone of deploy() that opens or closes with MRR',
	'{"dimension": "plan, product_mix, tenure and initial_contract_size; if dimension_history is mapped, segment, industry, company_size, region, growth_tier and sales_channel too: each has all customers, do not add them", "value": "Value of the customers in the month: what opens is of the value as the month opened, what closes of that as it closed; (none) for those without", "currency": "Currency of the amounts", "period": "First day of the month",
	"opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "transfer_in_mrr": "Opening MRR of customers that came from another value", "transfer_out_mrr": "Opening MRR of customers that went to another value, negative", "net_new_mrr": "Sum of the movements, transfers included", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr", "expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr",
	"churned_customers": "Customers behind churn_mrr", "transferred_in_customers": "Customers behind transfer_in_mrr", "transferred_out_customers": "Customers behind transfer_out_mrr", "closing_customers": "Customers as the month closed", "complete": "Whether the month is over"}');

-- Channels are those that inputs name.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, description, columns) VALUES
('dim_channels', 'acquisition', 480, 'mart', '{touches}', '{spend,campaigns}', 'channel', '{channel}', $query$
SELECT c.channel, sum(c.campaigns)::bigint AS campaigns, bool_or(c.is_paid) AS is_paid, min(c.touch_day) AS first_touch_day, max(c.touch_day) AS last_touch_day, min(c.spend_day) AS first_spend_day, max(c.spend_day) AS last_spend_day
FROM (
	SELECT nullif(btrim(t.channel), '') AS channel, 0 AS campaigns, false AS is_paid, nudge.civil_date(f.at, {zone}) AS touch_day, NULL::date AS spend_day
	FROM (SELECT a.channel, min(a.at) AS first_at, max(a.at) AS last_at FROM nudge_staging.touches a GROUP BY a.channel) t, LATERAL (VALUES (t.first_at), (t.last_at)) f(at)
	UNION ALL
	SELECT nullif(btrim(s.channel), ''), 0, s.amount > 0, NULL, s.day FROM {spend*} s
	UNION ALL
	SELECT nullif(btrim(k.channel), ''), 1, false, NULL, NULL FROM {campaigns*} k
) c
GROUP BY c.channel$query$,
	'Channels that contacts, costs or campaigns name. Grain: channel; days are those of the zone of deploy()',
	'{"channel": "Channel", "campaigns": "Campaigns that run on it", "is_paid": "Whether anything was spent on it", "first_touch_day": "Day of the first contact", "last_touch_day": "Day of the last contact", "first_spend_day": "First day with costs", "last_spend_day": "Last day with costs"}');

-- People ask who it was in a month, on a day, of a customer; the key alone does
-- not find that.  A refresh writes these too, so they are of columns that do not
-- change in a row, but for who moved in a month, which is read from the index alone.
UPDATE nudge.shipped_marts m SET indexes = v.indexes
FROM (VALUES ('fact_revenue', ARRAY[$$(period, movement) INCLUDE (customer, currency, opening_mrr, net_new_mrr, closing_mrr, complete) WHERE movement <> 'none'$$]), ('customer_mrr_then', ARRAY['(period) WHERE opening_value <> closing_value']), ('customer_products_then', ARRAY['(from_period) WHERE plan_moves', '(from_period) WHERE product_mix_moves']), ('user_event_days', ARRAY['(day)']), ('fact_touches', ARRAY['(day)']), ('fact_conversions', ARRAY['(day)']),
	('fact_tickets', ARRAY['(opened_day)', '(customer)']), ('dim_users', ARRAY['(customer)'])) v(name, indexes)
WHERE m.name = v.name;

-- src/warehouse/staging_views.sql

/*
 * staging_views.sql
 *		Shipped views of nudge_staging: inputs as people read them, with words in
 *		one spelling and days in the zone of deploy().
 *
 * Rules: doc/marts_facts.md.
 */

-- What counts as MRR, and how much it is: customer_mrr, its items and whatever shows
-- prices one by one ask here.
CREATE FUNCTION nudge.is_recurring(interval_unit text, usage boolean, status text, valid_to timestamptz) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN usage IS NOT TRUE AND lower(btrim(interval_unit)) <> 'none' AND (lower(btrim(status)) IN ('active', 'at_risk') OR lower(btrim(status)) = 'ended' AND valid_to IS NOT NULL);

COMMENT ON FUNCTION nudge.is_recurring(text, boolean, text, timestamptz) IS
	'Whether a row of subscriptions is recurring revenue while it is in force: not use, trials and pauses, prices without an interval, nor what has ended without an end. Not STRICT: NULL valid_to is open';

CREATE FUNCTION nudge.net_monthly_amount(amount numeric, interval_unit text, interval_count integer, quantity numeric, discount numeric, discount_kind text) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN round(nudge.monthly_amount(amount, interval_unit, interval_count, coalesce(quantity, 1)) * (1 - CASE WHEN lower(btrim(discount_kind)) = 'once' THEN 0 ELSE coalesce(discount, 0) END), 6);

COMMENT ON FUNCTION nudge.net_monthly_amount(numeric, text, integer, numeric, numeric, text) IS
	'What a row of subscriptions is a month, less its discount unless that is once, to six decimals. Not STRICT: NULL quantity is 1, NULL discount none';

CREATE OR REPLACE FUNCTION nudge.subscription_mrr(
	amount numeric,
	interval_unit text,
	interval_count integer,
	quantity numeric,
	discount numeric,
	discount_kind text,
	usage boolean,
	status text,
	valid_to timestamptz
) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN nudge.is_recurring(interval_unit, usage, status, valid_to) THEN nudge.net_monthly_amount(amount, interval_unit, interval_count, quantity, discount, discount_kind) END;

COMMENT ON FUNCTION nudge.subscription_mrr(numeric, text, integer, numeric, numeric, text, boolean, text, timestamptz) IS
	'MRR of a row of subscriptions while it is in force, to six decimals; NULL for what is no recurring revenue. Not STRICT: NULL quantity is 1, NULL discount none, NULL valid_to open';

-- now, and then
CREATE FUNCTION nudge.tenure_class(first_day date, until_day date) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN CASE WHEN until_day < (first_day + interval '3 months')::date THEN 'under 3 months' WHEN until_day < (first_day + interval '12 months')::date THEN '3 to 12 months'
		WHEN until_day < (first_day + interval '24 months')::date THEN '1 to 2 years' ELSE '2 years or more' END;

COMMENT ON FUNCTION nudge.tenure_class(date, date) IS 'Works for customer_products and customer_products_then: for how long it is until a day. Not STRICT: since NULL is for ever';

-- src/warehouse/marts_success.sql

/*
 * marts_success.sql
 *		Shipped materialisations about what becomes of customers and what is spent
 *		on them: customer success, streams of revenue, costs by customer, and what
 *		campaigns, content, partners and sales activities bring.
 *
 * Rules: doc/marts_success.md.
 */

-- Reports over whole inputs: any change of an input is one of everything.  What
-- is known of accounts is what is known as a month closes, or yesterday.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('account_success', 'customers', 1000, 'metric', '{account_facts,customers,subscriptions}', '{contracts}', 'period', '{period,dimension,value,metric}', $query$
SELECT m.period::date AS period, d.dimension, d.value, r.metric, coalesce(e.numerator, r.numerator) AS numerator, coalesce(e.denominator, r.denominator) AS denominator, CASE WHEN e.denominator > 0 THEN e.numerator / e.denominator ELSE r.value END AS result, k.closes_on = (m.period + interval '1 month')::date - 1 AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	(SELECT array_agg(c.currency) AS currencies, array_agg(c.state) AS states FROM (SELECT b.currency, nudge.rollup(b.state) AS state FROM nudge_analytics.mrr_buckets b GROUP BY b.currency) c OFFSET 0) o,
	LATERAL (SELECT nudge.civil_date(min(i.valid_from) FILTER (WHERE isfinite(i.valid_from)), {zone}) AS day FROM nudge_staging.subscriptions i) f,
	LATERAL nudge.report_window(f.day, {zone}, 13) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone})) - 1 AS closes_on) k,
	(SELECT 'all' AS dimension, 'all' AS value, NULL AS segment UNION ALL SELECT 'segment', nudge.attribute_label('segment', c.segment), min(c.segment) FROM nudge_staging.customers c WHERE btrim(c.segment) <> '' GROUP BY 2) d,
	LATERAL nudge.account_shares(s.state, 'nudge_staging.account_facts'::regclass, k.closes_on, 'nudge_staging.customers'::regclass, {contracts$?}, d.segment, {zone}) r
	-- a rate that moves is no expansion: who pays more is found in the currency that is paid
	LEFT JOIN LATERAL (
		SELECT sum(l.numerator) AS numerator, sum(l.denominator) AS denominator
		FROM unnest(o.states) p(state), LATERAL nudge.account_revenue_lines(p.state, k.closes_on, 'nudge_staging.customers'::regclass, NULL, d.segment, {zone}) l
		WHERE r.metric = 'account_expansion_rate' AND o.currencies <> ARRAY[s.currency] AND l.metric = 'account_expansion_rate'
	) e ON true
WHERE k.closes_on >= m.period::date$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'What is known of accounts as each month closes, of the present one and the 12 before, in all and by segment now: shares of customers, contracts and plans, with numerator and denominator. Grain: month of the zone of deploy(), dimension, value and metric',
	'{"period": "First day of the month", "dimension": "all or segment", "value": "Segment of the customers now; all for dimension all", "metric": "Which share: account_share_metrics() says what each is", "numerator": "What is divided; 0 if nothing is recorded", "denominator": "By what it is divided",
	"result": "numerator over denominator; NULL if nothing is recorded", "complete": "Whether the month is over"}'),
('value_realization', 'customers', 1001, 'metric', '{account_facts,customers,subscriptions}', '{usage}', 'period', '{period,dimension,value}', $query$
SELECT m.period::date AS period, d.dimension, d.value, r.all_customers, r.scored_customers, r.realized_customers, r.realization_rate, r.mean_score, r.mean_index, k.closes_on = (m.period + interval '1 month')::date - 1 AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	LATERAL (SELECT nudge.civil_date(min(i.valid_from) FILTER (WHERE isfinite(i.valid_from)), {zone}) AS day FROM nudge_staging.subscriptions i) f,
	LATERAL nudge.report_window(f.day, {zone}, 13) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone})) - 1 AS closes_on) k,
	(SELECT 'all' AS dimension, 'all' AS value, NULL AS segment UNION ALL SELECT 'segment', nudge.attribute_label('segment', c.segment), min(c.segment) FROM nudge_staging.customers c WHERE btrim(c.segment) <> '' GROUP BY 2) d,
	LATERAL nudge.value_realization(s.state, 'nudge_staging.account_facts'::regclass, k.closes_on, 'nudge_staging.customers'::regclass, {usage?}, segment => d.segment, zone => {zone}) r
WHERE k.closes_on >= m.period::date$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'How many of the criteria agreed with customers are met as each month closes, of the present one and the 12 before, in all and by segment now. Grain: month of the zone of deploy(), dimension and value',
	'{"period": "First day of the month", "dimension": "all or segment", "value": "Segment of the customers now; all for dimension all", "all_customers": "Customers", "scored_customers": "Those with agreed criteria", "realized_customers": "Those of them with more than 80% of their criteria met",
	"realization_rate": "realized_customers over scored_customers, a fraction", "mean_score": "Mean share of criteria met, of those with criteria", "mean_index": "Mean of the score joined with usage; NULL without usage", "complete": "Whether the month is over"}'),
('risk_adjusted_retention', 'customers', 1002, 'metric', '{scores,subscriptions}', '{}', 'period', '{period,band}', $query$
SELECT m.period::date AS period, CASE WHEN r.is_total THEN 'all' ELSE coalesce(r.band, '(none)') END AS band, r.customers, r.mrr, r.known_mrr, r.retained_mrr, r.risk_adjusted_retention AS risk_adjusted_retention_rate, r.coverage AS coverage_rate, r.basis, s.currency,
	k.closes_on = (m.period + interval '1 month')::date - 1 AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	LATERAL (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.scores i) f,
	LATERAL nudge.report_window(f.day, {zone}, 13) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone})) - 1 AS closes_on) k,
	LATERAL nudge.risk_adjusted_retention(s.state, 'nudge_staging.scores'::regclass, k.closes_on, zone => {zone}) r
WHERE k.closes_on >= m.period::date$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'How much of the MRR is to be expected in 12 months, by the band of health of customers, as each month closes, of the present one and the 12 before. Grain: month of the zone of deploy() and band',
	'{"period": "First day of the month", "band": "red, yellow or green, (none) without a score, all for all customers: do not add it to the others", "customers": "Customers with MRR", "mrr": "Their MRR", "known_mrr": "MRR of those for whom a retention is known: the denominator", "retained_mrr": "MRR times the retention to expect",
	"risk_adjusted_retention_rate": "retained_mrr over known_mrr, a fraction", "coverage_rate": "known_mrr over mrr, a fraction", "basis": "What the retention to expect comes from", "currency": "Currency of the amounts", "complete": "Whether the month is over"}'),
('intervention_results', 'customers', 1003, 'metric', '{interventions,scores}', '{}', 'period', '{period}', $query$
SELECT r.period, r.interventions_made, r.not_at_risk, r.not_scored, r.not_due, r.counted, r.succeeded, r.success_rate, o.month_over, o.month_over AND coalesce(r.not_due, 0) = 0 AS complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.interventions i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	LATERAL nudge.intervention_success('nudge_staging.interventions'::regclass, 'nudge_staging.scores'::regclass, w.start_day, w.end_day, 'month', zone => {zone}, as_of => nudge.as_of()) r,
	LATERAL (SELECT (r.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS month_over) o
WHERE r.is_total$query$,
	'SELECT nudge.as_of()',
	'Interventions at customers at risk by the month in which they were made, and how many were healthy again within 90 days. Grain: month of the zone of deploy()',
	'{"period": "First day of the month", "interventions_made": "Interventions", "not_at_risk": "Those at customers that were not at risk", "not_scored": "Those at customers without a score", "not_due": "Those whose 90 days are not over and that have not succeeded yet", "counted": "Those that are counted: the denominator",
	"succeeded": "Those of them after which the customer was healthy again", "success_rate": "succeeded over counted, a fraction", "month_over": "Whether the month is over", "complete": "Whether the month is over, and the 90 days of all"}');

-- Streams of revenue and costs by customer, in one currency as burn_and_runway.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('revenue_by_stream', 'finance', 1010, 'metric', '{charges,subscriptions}', '{usage,plans}', 'period', '{period,stream}', $query$
SELECT r.period, r.stream, sum(r.amount) AS amount, min(r.currency_code) AS currency, bool_and(r.complete) AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	LATERAL (SELECT nudge.civil_date(min(i.valid_from) FILTER (WHERE isfinite(i.valid_from)), {zone}) AS day FROM nudge_staging.subscriptions i) f,
	LATERAL nudge.report_window(f.day, {zone}) w,
	LATERAL nudge.revenue_streams(s.state, w.start_day, w.end_day, '{charges$}'::regclass, {usage?}, {plans?}, 'month', {zone}, nudge.as_of(), s.currency) r
GROUP BY r.period, r.stream$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Revenue by month and stream: of subscriptions, of usage, of services. Grain: month of the zone of deploy() and stream',
	'{"period": "First day of the month", "stream": "Stream of revenue", "amount": "Revenue of the month", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('costs_per_customer', 'finance', 1011, 'metric', '{costs,subscriptions}', '{charges,usage}', 'period', '{period}', $query$
SELECT r.period, r.customers, r.revenue, r.total_cost, r.delivery_cost_per_customer, r.total_cost_per_customer, r.delivery_cost_ratio AS delivery_cost_rate, r.support_cost_ratio AS support_cost_rate, r.sales_and_marketing_ratio AS sales_and_marketing_rate, r.research_and_development_ratio AS research_and_development_rate,
	r.general_and_administrative_ratio AS general_and_administrative_rate, r.sales_efficiency, r.marketing_efficiency, r.currency_code AS currency, r.complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	LATERAL (SELECT min(i.period) FILTER (WHERE isfinite(i.period)) AS day FROM {costs$} i) f,
	LATERAL nudge.report_window(f.day, {zone}) w,
	LATERAL nudge.unit_costs(s.state, '{costs$}'::regclass, w.start_day, w.end_day, {charges$?}, {usage?}, 'month', {zone}, nudge.as_of(), s.currency) r$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Costs per customer and as shares of revenue, and revenue over what is spent on sales and marketing, by month. Grain: month of the zone of deploy()',
	'{"period": "First day of the month", "customers": "Customers as the month closes; NULL if it is not over, as all below", "revenue": "Revenue", "total_cost": "Costs", "delivery_cost_per_customer": "Cost of revenue over customers", "total_cost_per_customer": "total_cost over customers", "delivery_cost_rate": "Cost of revenue over revenue, a fraction",
	"support_cost_rate": "Cost of support over revenue, a fraction", "sales_and_marketing_rate": "Cost of sales and marketing over revenue, a fraction", "research_and_development_rate": "Cost of research and development over revenue, a fraction", "general_and_administrative_rate": "Cost of administration over revenue, a fraction",
	"sales_efficiency": "Revenue over the cost of sales", "marketing_efficiency": "Revenue over the cost of marketing", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('growth_efficiency', 'finance', 1012, 'metric', '{costs,subscriptions}', '{charges,usage}', 'period', '{period}', $query$
SELECT r.period, r.revenue, r.previous_revenue, r.sales_and_marketing, r.previous_sales_and_marketing, r.magic_number, r.currency_code AS currency, r.complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT b.currency)) AS currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b OFFSET 0) s,
	LATERAL (SELECT min(i.period) FILTER (WHERE isfinite(i.period)) AS day FROM {costs$} i) f,
	LATERAL nudge.report_window(f.day, {zone}) w,
	LATERAL nudge.magic_number(s.state, '{costs$}'::regclass, w.start_day, w.end_day, {charges$?}, {usage?}, {zone}, nudge.as_of(), s.currency, {fiscal_year_start}) r$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'Growth of revenue against what was spent on sales and marketing in the quarter before: the magic number. Grain: fiscal quarter of the zone of deploy()',
	'{"period": "First day of the quarter", "revenue": "Revenue", "previous_revenue": "Revenue of the quarter before", "sales_and_marketing": "Cost of sales and marketing", "previous_sales_and_marketing": "That of the quarter before", "magic_number": "Four times the growth of revenue over previous_sales_and_marketing; NULL if the quarter is not over",
	"currency": "Currency of all amounts", "complete": "Whether the quarter is over"}'),
-- as channel_performance; the channels of the paths are campaigns
('campaign_performance', 'acquisition', 1020, 'metric', '{campaigns,spend,touches,conversions}', '{leads}', 'period', '{period,campaign}', $query$
SELECT m.period::date AS period, r.campaign, r.channel, r.kind AS campaign_kind, r.cost, r.impressions, r.clicks, r.visitors, r.new_leads, r.new_customers, r.revenue, r.cac, r.roas, r.roi, r.currency_code AS currency, (m.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.day) AS day
		FROM (SELECT coalesce(upper(btrim(i.currency)), 'XXX') AS currency, nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM {conversions$} i GROUP BY 1
			UNION ALL SELECT upper(btrim(i.currency)), min(i.day) FILTER (WHERE isfinite(i.day)) FROM {spend$} i GROUP BY upper(btrim(i.currency))) k) c,
	(SELECT nudge.journey_agg(p.customer, p.at, p.campaign, p.revenue) AS state
		FROM (SELECT i.customer, i.at, NULL AS campaign, i.revenue FROM {conversions$} i UNION ALL SELECT t.customer, t.at, t.campaign, NULL FROM nudge_staging.touches t WHERE t.campaign IS NOT NULL) p OFFSET 0) j,
	LATERAL nudge.report_window(c.day, {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT m.period::date AS start_day, least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1) AS end_day) o,
	LATERAL nudge.campaign_performance(nudge.channel_credits(j.state, 'linear', o.start_day, o.end_day, {zone}), '{spend$}'::regclass, 'nudge_staging.campaigns'::regclass, o.start_day, o.end_day, zone => {zone},
		leads => {leads?}, touches => 'nudge_staging.touches'::regclass, currency => c.currency) r$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'What each campaign cost, brought and earned by month, under the linear model of attribution over touches of campaigns. Grain: month of the zone of deploy() and campaign',
	'{"period": "First day of the month", "campaign": "Campaign; NULL is what no campaign has earned", "channel": "Channel of the campaign", "campaign_kind": "Kind of the campaign", "cost": "What was spent on it", "impressions": "Times it was shown", "clicks": "Clicks it brought", "visitors": "Distinct visitors among its touches", "new_leads": "Leads that came from it", "new_customers": "First conversions credited to it",
	"revenue": "Revenue credited to it", "cac": "Cost over new customers", "roas": "Revenue over cost", "roi": "Revenue less cost, over cost", "currency": "Currency of all amounts", "complete": "Whether the month is over"}'),
('content_performance', 'acquisition', 1021, 'metric', '{content,leads}', '{touches}', 'period', '{period,type}', $query$
SELECT m.period::date AS period, r.type, r.published, r.visitors, r.new_leads, r.customers, r.content_to_lead_rate, r.lead_to_customer_rate, (m.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.civil_date(min(i.published_at) FILTER (WHERE isfinite(i.published_at)), {zone}) AS day, array_agg(DISTINCT i.type) FILTER (WHERE i.type IS NOT NULL) AS types FROM nudge_staging.content i) c,
	LATERAL nudge.report_window(c.day, {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT m.period::date AS start_day, least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1) AS end_day) o,
	LATERAL nudge.content_performance('nudge_staging.content'::regclass, 'nudge_staging.leads'::regclass, o.start_day, o.end_day, {zone}, c.types, touches => {touches?}) r
WHERE r.type IS NOT NULL$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'What was published by month and type, and the visitors, leads and customers that it brought. Grain: month of the zone of deploy() and type',
	'{"period": "First day of the month", "type": "Type of content", "published": "Pieces published in the month", "visitors": "Distinct visitors of its touches; NULL if they are not mapped", "new_leads": "Leads that came from it", "customers": "Those of them that became customers", "content_to_lead_rate": "new_leads over visitors, a fraction",
	"lead_to_customer_rate": "customers over new_leads, a fraction", "complete": "Whether the month is over"}'),
('partner_results', 'acquisition', 1022, 'metric', '{partners,touches,conversions,deals}', '{spend}', 'period', '{period,partner,measure}', $query$
SELECT m.period::date AS period, CASE WHEN r.all_partners THEN 'all' ELSE r.partner END AS partner, r.measure, r.sourced_value, r.influenced_value, r.total_value, r.sourced_share AS sourced_rate, r.influenced_share AS influenced_rate, n.active_partners,
	CASE WHEN r.measure IN ('revenue', 'won_amount', 'pipeline') THEN c.currency END AS currency, (m.period + interval '1 month')::date <= nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT nudge.single_currency(array_agg(DISTINCT k.currency)) AS currency, min(k.day) AS day
		FROM (SELECT upper(btrim(i.currency)) AS currency, nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM {conversions$} i GROUP BY upper(btrim(i.currency))
			UNION ALL SELECT upper(btrim(i.currency)), nudge.civil_date(min(i.created_at) FILTER (WHERE isfinite(i.created_at)), {zone}) FROM {deals$} i GROUP BY upper(btrim(i.currency))) k) c,
	LATERAL nudge.report_window(c.day, {zone}, 36) w,
	LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') m(period),
	LATERAL (SELECT m.period::date AS start_day, least((m.period + interval '1 month')::date, nudge.civil_date(nudge.as_of(), {zone}) + 1) AS end_day) o,
	LATERAL nudge.partner_performance('nudge_staging.touches'::regclass, '{conversions$}'::regclass, '{deals$}'::regclass, o.start_day, o.end_day, zone => {zone}, currency => c.currency) r
	LEFT JOIN LATERAL (SELECT p.active_partners FROM nudge.partner_count('nudge_staging.partners'::regclass, o.end_day - 1, {zone}) p WHERE p.is_total AND r.all_partners) n ON true
WHERE r.all_segments$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'What partners have sourced and influenced by month, in all and by partner. Grain: month of the zone of deploy(), partner and measure',
	'{"period": "First day of the month", "partner": "Partner; all for all of them: do not add it to the others", "measure": "revenue, won_deals, won_amount, open_deals, pipeline or new_customers", "sourced_value": "What partners brought", "influenced_value": "What they took part in, what they brought with it", "total_value": "All there was, with partners or without", "sourced_rate": "sourced_value over total_value, a fraction",
	"influenced_rate": "influenced_value over total_value, a fraction", "active_partners": "Partners as the month closes, or now; of partner all", "currency": "Currency of amounts; NULL for counts", "complete": "Whether the month is over"}'),
('sales_activity', 'sales', 1030, 'metric', '{activities,deals}', '{}', 'period', '{period,dimension,value,kind}', $query$
SELECT r.period, d.dimension, CASE WHEN r.is_total THEN 'all' ELSE r.value END AS value, CASE WHEN r.all_kinds THEN 'all' ELSE r.kind END AS kind, r.activities_done, r.deals_won, r.activities_per_deal_won, r.complete
FROM (SELECT nudge.civil_date(min(i.at) FILTER (WHERE isfinite(i.at)), {zone}) AS day FROM nudge_staging.activities i) b,
	LATERAL nudge.report_window(b.day, {zone}) w,
	(VALUES ('all', NULL), ('owner', 'owner'), ('team', 'team'), ('segment', 'segment')) d(dimension, by),
	LATERAL nudge.sales_activities('nudge_staging.activities'::regclass, 'nudge_staging.deals'::regclass, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), d.by) r
WHERE r.is_total = (d.by IS NULL)$query$,
	'SELECT nudge.as_of()',
	'Activities of sales by month and kind, in all and by a dimension, beside the deals won. Grain: month of the zone of deploy(), dimension, value and kind',
	'{"period": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "value": "Value of the dimension; all for dimension all, NULL if it is not known", "kind": "Kind of activity; all for all kinds: do not add it to the others", "activities_done": "Activities", "deals_won": "Deals won in the month",
	"activities_per_deal_won": "activities_done over deals_won", "complete": "Whether the month is over"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('funnel_user_states', 'usage', 880, 'mart', '{events}', 'user', '{user,funnel}', $query$
SELECT e."user", d.funnel, nudge.bucket(e."user", {buckets}) AS bucket, nudge.funnel_agg(e."user", e.at, e.name, d.steps) AS state
FROM (SELECT f.funnel, nudge.funnel_steps(f.funnel) AS steps FROM (SELECT DISTINCT s.funnel FROM nudge.funnel_definitions s) f WHERE (nudge.funnel_problem(f.funnel)).has_states OFFSET 0) d
	JOIN nudge_staging.events e ON e.name = ANY (d.steps)
WHERE e."user" IS NOT NULL
GROUP BY e."user", d.funnel$query$, NULL, NULL,
	'What each user did of the steps of each funnel of nudge.funnel_definitions: a state for functions such as funnel_report. Grain: user and funnel',
	'{"user": "User", "funnel": "Funnel", "bucket": "Hash bucket of the user", "state": "Steps and friction events, as funnel_state"}'),
('funnel_buckets', 'usage', 881, 'mart', '{events}', 'bucket', '{bucket,funnel}', $query$
SELECT u.bucket, u.funnel, count(*) AS users, nudge.rollup(u.state) AS state FROM nudge_analytics.funnel_user_states u GROUP BY u.bucket, u.funnel$query$, NULL, NULL,
	'What users did of the steps of each funnel, by hash bucket: totals roll up a few states instead of one of each user. Grain: bucket and funnel',
	'{"bucket": "Hash bucket of users", "funnel": "Funnel", "users": "Users with any event of it", "state": "Steps and friction events, as funnel_state"}'),
('conversion_funnel', 'usage', 882, 'metric', '{events}', 'funnel', '{funnel,period,step}', $query$
SELECT f.funnel, r.period, r.step, r.last_step, r.event, r.people, r.previous_people, r.entered_people, r.people::numeric / nullif(r.previous_people, 0) AS step_rate, r.people::numeric / nullif(r.entered_people, 0) AS overall_rate,
	r.previous_people - r.people AS dropped_people, r.open_people, r.median_seconds, r.target_volume, r.target_rate, r.people::numeric / nullif(r.previous_people, 0) - r.target_rate AS target_rate_gap, r.complete
FROM (SELECT b.funnel, nudge.rollup(b.state) AS state FROM nudge_analytics.funnel_buckets b GROUP BY b.funnel HAVING (nudge.funnel_problem(b.funnel)).problem IS NULL) f,
	LATERAL nudge.funnel_months(f.state, f.funnel, {zone}) r
UNION ALL
-- one that was defined by a version that let it: an error of its key, once its columns are asked for
SELECT i.funnel, CASE WHEN nudge.check_funnel(i.funnel) THEN NULL::date END, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM (SELECT d.funnel FROM nudge.funnel_definitions d GROUP BY d.funnel) i WHERE (nudge.funnel_problem(i.funnel)).problem IS NOT NULL$query$,
	'SELECT DISTINCT b.funnel, nudge.as_of() FROM nudge_analytics.funnel_buckets b', NULL,
	'How many people came to each step of each funnel of nudge.funnel_definitions, by the month in which they first entered. Grain: funnel, month of the zone of deploy() and step',
	'{"funnel": "Funnel", "period": "First day of the month in which people first entered: each counts in one month", "step": "Place of the step, from 1", "last_step": "Place of the last one", "event": "Event that is the step", "people": "People that came to the step or further",
	"previous_people": "People that came to the step before; of the first step those who entered", "entered_people": "People that entered", "step_rate": "people over previous_people, a fraction", "overall_rate": "people over entered_people, a fraction", "dropped_people": "previous_people less people",
	"open_people": "People that came to this step and no further, and still may", "median_seconds": "Median time from the step before, of those who came here", "target_volume": "How many people should come to the step, as it is defined", "target_rate": "What step_rate should be, as it is defined",
	"target_rate_gap": "step_rate less target_rate", "complete": "Whether the month is over; people that entered in it may still come further"}'),

-- A user has the dimensions of now, those of the account included.  Buckets are
-- of users: those of dim_customers are of customers, and no keys.
('funnel_dimension_buckets', 'usage', 883, 'mart', '{events,users,customers,subscriptions}', 'bucket', '{bucket,funnel,dimension,value}', $query$
SELECT s.bucket, s.funnel, a.dimension, nudge.attribute_label(a.dimension, a.value) AS value, count(*) AS users, nudge.rollup(s.state) AS state
FROM nudge_analytics.funnel_user_states s
	LEFT JOIN nudge_analytics.dim_users u ON u."user" = s."user"
	LEFT JOIN nudge_analytics.dim_customers c ON c.customer = u.customer,
	LATERAL (VALUES ('plan'::text, u.plan), ('role', u.role), ('segment', c.segment), ('industry', c.industry), ('company_size', c.company_size), ('region', c.region), ('growth_tier', c.growth_tier), ('sales_channel', c.sales_channel)) a(dimension, value)
GROUP BY 1, 2, 3, 4$query$, NULL, '{"dim_customers": {"column": "customer", "query": "SELECT u.customer, u.bucket FROM nudge_analytics.dim_users u"}}',
	'What users did of the steps of each funnel, by hash bucket and value of a dimension now. Grain: bucket, funnel, dimension and value',
	'{"bucket": "Hash bucket of users", "funnel": "Funnel", "dimension": "plan or role of the user; segment, industry, company_size, region, growth_tier or sales_channel of its account", "value": "Value now; (none) for those without", "users": "Users with any event of it", "state": "Steps and friction events, as funnel_state"}'),
('conversion_funnel_by_dimension', 'usage', 884, 'metric', '{events,users,customers,subscriptions}', 'funnel', '{funnel,dimension,value,period,step}', $query$
SELECT f.funnel, f.dimension, f.value, r.period, r.step, r.last_step, r.event, r.people, r.previous_people, r.entered_people, r.people::numeric / nullif(r.previous_people, 0) AS step_rate, r.people::numeric / nullif(r.entered_people, 0) AS overall_rate,
	r.previous_people - r.people AS dropped_people, r.open_people, r.median_seconds, r.complete
FROM (SELECT b.funnel, b.dimension, b.value, nudge.rollup(b.state) AS state FROM nudge_analytics.funnel_dimension_buckets b
		WHERE b.funnel = ANY (ARRAY(SELECT d.funnel FROM (SELECT DISTINCT d.funnel FROM nudge.funnel_definitions d) d WHERE (nudge.funnel_problem(d.funnel)).problem IS NULL)) GROUP BY b.funnel, b.dimension, b.value) f,
	LATERAL nudge.funnel_months(f.state, f.funnel, {zone}) r$query$,
	'SELECT DISTINCT b.funnel, nudge.as_of() FROM nudge_analytics.funnel_dimension_buckets b', NULL,
	'How many people came to each step of each funnel, by the month in which they first entered and a dimension of theirs now. Grain: funnel, dimension, value, month of the zone of deploy() and step',
	'{"funnel": "Funnel", "dimension": "plan or role of the user; segment, industry, company_size, region, growth_tier or sales_channel of its account: each has all people, do not add them", "value": "Value now; (none) for those without", "period": "First day of the month in which people first entered: each counts in one month",
	"step": "Place of the step, from 1", "last_step": "Place of the last one", "event": "Event that is the step", "people": "People that came to the step or further", "previous_people": "People that came to the step before; of the first step those who entered", "entered_people": "People that entered",
	"step_rate": "people over previous_people, a fraction", "overall_rate": "people over entered_people, a fraction", "dropped_people": "previous_people less people", "open_people": "People that came to this step and no further, and still may", "median_seconds": "Median time from the step before, of those who came here",
	"complete": "Whether the month is over; people that entered in it may still come further"}');

-- A late event may join two sessions: those of a user are found anew.  Totals
-- are of days that are over; a session is of the day on which it begins.  The
-- key is the month, of which days are a part.  Months without a session follow
-- the first one with any, so that a change is one of its month and those after it.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('fact_sessions', 'usage', 890, 'mart', '{events}', 'user', '{user,started_at}', $query$
SELECT u."user", s.started_at, s.ended_at, d.day, nudge.period_start(d.day, 'month') AS month, s.events, extract(epoch FROM s.ended_at - s.started_at) AS duration_seconds, s.entry_event, s.exit_event, s.bounced
FROM (SELECT e."user", nudge.sequence_agg(e."user", e.at, e.name) AS state FROM nudge_staging.events e WHERE e."user" IS NOT NULL GROUP BY e."user") u,
	LATERAL nudge.sessions(u.state, '30 minutes') s,
	LATERAL (SELECT nudge.civil_date(s.started_at, {zone}) AS day) d$query$, NULL, NULL,
	'Sessions of users: events without a pause of more than 30 minutes. Grain: user and instant at which the session begins',
	'{"user": "User", "started_at": "First event", "ended_at": "Last event", "day": "Day of the first event, in the zone of deploy()", "month": "First day of its month", "events": "Events", "duration_seconds": "Time from the first event to the last", "entry_event": "Name of the first event",
	"exit_event": "Name of the last event", "bounced": "Whether it has one event only"}'),
('session_metrics', 'usage', 891, 'metric', '{events}', 'month', '{month,grain,period}', $query$
SELECT m.month, r.*
FROM (SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) t,
	LATERAL (SELECT min(f.month) AS month FROM nudge_analytics.fact_sessions f WHERE f.month <= t.today) b,
	LATERAL nudge.report_window(b.month, {zone}) w,
	LATERAL (SELECT g::date AS month FROM generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') g) m,
	LATERAL (
		SELECT p.grain, p.period, coalesce(a.sessions, 0) AS sessions, coalesce(a.users, 0) AS users, coalesce(a.events, 0) AS events, coalesce(a.bounces, 0) AS bounces, coalesce(a.returning_users, 0) AS returning_users, coalesce(a.seconds, 0) AS duration_seconds,
			a.sessions::numeric / a.users AS sessions_per_user, a.bounces::numeric / a.sessions AS bounce_rate, a.events::numeric / a.sessions AS events_per_session, a.returning_users::numeric / a.users AS return_rate,
			a.seconds / a.sessions AS mean_duration_seconds, q.median AS median_duration_seconds, p.grain = 'day' OR (m.month + interval '1 month')::date <= t.today AS complete
		FROM (
			SELECT 'day'::text AS grain, d::date AS period FROM generate_series(m.month::timestamp, m.month + interval '1 month - 1 day', interval '1 day') d
			UNION ALL SELECT 'month', m.month
		) p
		LEFT JOIN (
			SELECT n.grain, n.period, sum(n.sessions)::bigint AS sessions, count(*) AS users, sum(n.events)::bigint AS events, sum(n.bounces)::bigint AS bounces, count(*) FILTER (WHERE n.sessions > 1) AS returning_users, sum(n.seconds) AS seconds
			FROM (
				SELECT g.grain, CASE g.grain WHEN 'day' THEN f.day ELSE f.month END AS period, count(*) AS sessions, sum(f.events) AS events, count(*) FILTER (WHERE f.bounced) AS bounces, sum(f.duration_seconds) AS seconds
				FROM nudge_analytics.fact_sessions f, (VALUES ('day'), ('month')) g(grain)
				WHERE f.month = m.month AND f.day < t.today
				GROUP BY 1, 2, f."user"
			) n
			GROUP BY n.grain, n.period
		) a ON a.grain = p.grain AND a.period = p.period
		LEFT JOIN (
			SELECT g.grain, CASE g.grain WHEN 'day' THEN f.day ELSE f.month END AS period, percentile_cont(0.5) WITHIN GROUP (ORDER BY f.duration_seconds::double precision) AS median
			FROM nudge_analytics.fact_sessions f, (VALUES ('day'), ('month')) g(grain)
			WHERE f.month = m.month AND f.day < t.today
			GROUP BY 1, 2
		) q ON q.grain = p.grain AND q.period = p.period
		WHERE p.period < t.today
	) r$query$,
	-- a day is over, of months that a refresh may have missed too; and a month leaves the window
	$clock$SELECT m::date, (m + make_interval(days => d))::timestamp AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m, generate_series(1, 31) d
UNION ALL
SELECT (m - interval '120 months')::date, m AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m$clock$,
	'{"fact_sessions": {"column": "month", "query": "SELECT a::date, b::date FROM generate_series(timestamp ''0001-01-01'', (nudge.as_of() AT TIME ZONE ''UTC'') + interval ''1 day'', interval ''1 month'') a, LATERAL generate_series(a, (nudge.as_of() AT TIME ZONE ''UTC'') + interval ''1 day'', interval ''1 month'') b"}}',
	'Sessions by day and by month, of the days that are over. Grain: grain and period of the zone of deploy()',
	'{"month": "First day of the month that the period is in", "grain": "day or month: do not add both", "period": "First day of the period", "sessions": "Sessions that began in it", "users": "Users with a session", "events": "Events of the sessions", "bounces": "Sessions of one event", "returning_users": "Users with two sessions or more",
	"duration_seconds": "Time of all sessions, from first to last event", "sessions_per_user": "sessions over users", "bounce_rate": "bounces over sessions, a fraction", "events_per_session": "events over sessions", "return_rate": "returning_users over users, a fraction", "mean_duration_seconds": "duration_seconds over sessions",
	"median_duration_seconds": "Median duration of a session", "complete": "Whether the period is over"}');

-- src/warehouse/marts_usage_dimensions.sql

/*
 * marts_usage_dimensions.sql
 *		Shipped materialisations about what users do, by what they and their
 *		accounts are; and how many of those who sign up are activated.
 *
 * Rules: doc/marts_usage.md.
 */

-- What users are segmented by, once for all that counts them.  A customer whose
-- price changes is written anew in dim_customers, its users here only if a value
-- of theirs is another one: what is below follows no more than that.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('user_dimensions', 'usage', 1100, 'mart', '{users,customers,subscriptions}', 'user', '{user}', $query$
SELECT u."user", u.customer, u.bucket, u.signed_up_at, CASE WHEN isfinite(u.signed_up_day) THEN nudge.period_start(u.signed_up_day, 'month') END AS signed_up_month, u.internal,
	nudge.attribute_label('segment', c.segment) AS segment,
	nudge.attribute_label('industry', c.industry) AS industry,
	nudge.attribute_label('company_size', c.company_size) AS company_size,
	nudge.attribute_label('region', c.region) AS region,
	nudge.attribute_label('growth_tier', c.growth_tier) AS growth_tier,
	nudge.attribute_label('sales_channel', c.sales_channel) AS sales_channel,
	nudge.attribute_label('plan', p.plan) AS plan,
	nudge.attribute_label('product_mix', p.product_mix) AS product_mix,
	nudge.attribute_label('tenure', p.tenure) AS tenure,
	nudge.attribute_label('initial_contract_size', p.initial_contract_size) AS initial_contract_size,
	nudge.attribute_label('user_plan', u.plan) AS user_plan,
	nudge.attribute_label('role', u.role) AS role
FROM nudge_analytics.dim_users u
	LEFT JOIN nudge_analytics.dim_customers c ON c.customer = u.customer
	LEFT JOIN nudge_analytics.customer_products p ON p.customer = u.customer$query$, NULL,
	'{"dim_customers": {"column": "customer", "query": "SELECT u.customer, u.\"user\" FROM nudge_analytics.dim_users u"}, "customer_products": {"column": "customer", "query": "SELECT u.customer, u.\"user\" FROM nudge_analytics.dim_users u"}}',
	'What each user and its account are now, as totals call it. Grain: user',
	'{"user": "User", "customer": "Account to which the user belongs", "bucket": "Hash bucket of the user", "signed_up_at": "When the user signed up", "signed_up_month": "First day of the month of it, in the zone of deploy(); NULL if it is infinite", "internal": "Own staff or a test user",
	"segment": "Segment of the account; (none) for those without, here as below", "industry": "Industry of the account", "company_size": "Class of size of the account", "region": "Region of the account", "growth_tier": "Class of growth of the account", "sales_channel": "How the account is sold to",
	"plan": "Plan of the account by its prices, as customer_products has it", "product_mix": "Plans and add-ons of the account", "tenure": "How long the account has been a customer", "initial_contract_size": "Class of the first MRR of the account", "user_plan": "Plan of the user, as dim_users has it", "role": "Role of the user"}');

-- Whoever was ever active is there, also users that no table knows.  Totals read
-- one value at a time, by the index: a rollup of all at once would hold as many
-- states of the whole company as there are dimensions.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns, indexes) VALUES
('activity_dimension_buckets', 'usage', 1101, 'mart', '{events,users,customers,subscriptions}', 'bucket', '{bucket,dimension,value}', $query$
SELECT s.bucket, a.dimension, coalesce(a.value, '(none)') AS value, count(*) AS users, nudge.rollup(s.state) AS state
FROM nudge_analytics.user_activity_states s LEFT JOIN nudge_analytics.user_dimensions d ON d."user" = s."user",
	LATERAL (VALUES ('segment'::text, d.segment), ('industry', d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel), ('plan', d.plan), ('product_mix', d.product_mix), ('tenure', d.tenure), ('initial_contract_size', d.initial_contract_size), ('user_plan', d.user_plan), ('role', d.role)) a(dimension, value)
GROUP BY 1, 2, 3$query$, NULL, NULL,
	'Active days of users by hash bucket and value of a dimension now. Grain: bucket, dimension and value',
	'{"bucket": "Hash bucket of users", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "value": "Value now; (none) for those without", "users": "Users that were ever active", "state": "Active days, as activity_state"}', '{"(dimension, value)"}');

INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
-- Days of 13 months, and before them the last of each week and month, which is what
-- WAU and MAU by period read: all days of all years would be most of the rows.
-- Whether the data go back 30 days is a matter of all users, not of those of a value.
('active_users_by_dimension', 'usage', 1110, 'metric', '{events,users,customers,subscriptions}', 'dimension', '{dimension,value,day}', $query$
SELECT r.dimension, r.value, r.day, r.dau, r.wau, r.mau, r.new_users, r.total_users, r.dau::numeric / nullif(r.wau, 0) AS dau_wau_rate, r.dau::numeric / nullif(r.mau, 0) AS dau_mau_rate, r.day >= r.first_day + 29 AS complete, r.every_day
FROM (SELECT k.dimension, k.value, s.day, s.dau, s.wau, s.mau, a.new_users, a.total_users, min(s.day) OVER (PARTITION BY k.dimension) AS first_day, s.day >= nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month') - interval '12 months' AS every_day
	FROM (SELECT m.dimension, m.value FROM nudge_analytics.activity_dimension_buckets m GROUP BY m.dimension, m.value) k
		CROSS JOIN LATERAL (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_dimension_buckets m WHERE m.dimension = k.dimension AND m.value = k.value) b
		CROSS JOIN LATERAL nudge.stickiness(b.state, nudge.civil_date(nudge.as_of(), {zone})) s
		JOIN LATERAL nudge.active_users(b.state, 1, nudge.civil_date(nudge.as_of(), {zone})) a ON a.day = s.day) r
WHERE r.every_day OR r.day = nudge.period_end(r.day, 'month') - 1 OR r.day = nudge.period_end(r.day, 'week', {week_start}) - 1$query$,
	$clock$SELECT DISTINCT m.dimension, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.activity_dimension_buckets m$clock$, NULL,
	'Active users by day and value of a dimension of theirs now: all days of the present month and the 12 before it, before them the last ones of weeks and months, up to yesterday. Grain: dimension, value and day of the zone of deploy(), from the first day on which any of them was active',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "day": "Day: each of the present month and the 12 before it, before them the last of each week and month", "dau": "Users active on the day", "wau": "Users active on the 7 days that end with it", "mau": "Users active on the 30 days that end with it", "new_users": "Users whose first active day it is",
	"total_users": "Users first active on it or before", "dau_wau_rate": "dau over wau, a fraction", "dau_mau_rate": "dau over mau, a fraction: stickiness", "complete": "Whether the data, of all users, go back the 30 days", "every_day": "Whether the days beside it are there too: of the present month and the 12 before it"}'),
('lifecycle_by_dimension', 'usage', 1111, 'metric', '{events,users,customers,subscriptions}', 'dimension', '{dimension,value,grain,period}', $query$
SELECT k.dimension, k.value, g.grain, l.period, l.active_users, l.new_users, l.returning_users, l.resurrecting_users, l.dormant_users, l.complete
FROM (SELECT m.dimension, m.value FROM nudge_analytics.activity_dimension_buckets m GROUP BY m.dimension, m.value) k
	CROSS JOIN LATERAL (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_dimension_buckets m WHERE m.dimension = k.dimension AND m.value = k.value) b
	CROSS JOIN (VALUES ('week'::text), ('month')) g(grain)
	CROSS JOIN LATERAL nudge.lifecycle(b.state, g.grain, nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}, fiscal_year_start => {fiscal_year_start}) l$query$,
	$clock$SELECT DISTINCT m.dimension, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.activity_dimension_buckets m$clock$, NULL,
	'Where active users come from and go, by week and by month, and by value of a dimension of theirs now. Grain: dimension, value, grain and period of the zone of deploy(), from the first with any of them active',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "grain": "week or month: do not add both", "period": "First day of the period", "active_users": "Users active in it", "new_users": "Those that never were before", "returning_users": "Those that were in the period before",
	"resurrecting_users": "Those that were earlier, but not in the period before", "dormant_users": "Users of the period before that were not", "complete": "Whether the period is over"}'),
('cohort_retention_by_dimension', 'usage', 1112, 'metric', '{events,users,customers,subscriptions}', 'dimension', '{dimension,value,cohort,age}', $query$
SELECT k.dimension, k.value, r.cohort, r.age, r.period, r.cohort_users, r.eligible AS eligible_users, r.retained AS retained_users, r.rate AS retention_rate
FROM (SELECT m.dimension, m.value FROM nudge_analytics.activity_dimension_buckets m GROUP BY m.dimension, m.value) k
	CROSS JOIN LATERAL (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_dimension_buckets m WHERE m.dimension = k.dimension AND m.value = k.value) b
	CROSS JOIN LATERAL nudge.retention_cohorts(b.state, 'month', 12, nudge.civil_date(nudge.as_of(), {zone}), fiscal_year_start => {fiscal_year_start}) r
WHERE r.cohort IS NOT NULL$query$,
	$clock$SELECT DISTINCT m.dimension, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.activity_dimension_buckets m$clock$, NULL,
	'How many users of a cohort, by the month of their first active day and a dimension of theirs now, come back 1 to 12 months later. By month only: weeks are in cohort_retention, of all. Grain: dimension, value, cohort and age, in the zone of deploy()',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "cohort": "First day of the month of the first active day", "age": "Months since", "period": "First day of the month that the row is about", "cohort_users": "Users in the cohort",
	"eligible_users": "Those for whom the month is over: the denominator", "retained_users": "Those active in the month; NULL if it is not over", "retention_rate": "retained_users over eligible_users, a fraction; NULL if the month is not over"}'),
('user_retention_by_dimension', 'usage', 1113, 'metric', '{events,users,customers,subscriptions}', 'dimension', '{dimension,value,age,period}', $query$
SELECT k.dimension, k.value, r.age, nudge.period_start(r.cohort, 'month') AS period, sum(r.cohort_users)::bigint AS cohort_users, sum(r.eligible)::bigint AS eligible_users, coalesce(sum(r.retained), 0)::bigint AS retained_users,
	sum(r.retained) / nullif(sum(r.eligible), 0) AS retention_rate, nudge.period_end(r.cohort, 'month') - 1 + r.age < nudge.civil_date(nudge.as_of(), {zone}) AS complete
FROM (SELECT m.dimension, m.value FROM nudge_analytics.activity_dimension_buckets m GROUP BY m.dimension, m.value) k
	CROSS JOIN LATERAL (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_dimension_buckets m WHERE m.dimension = k.dimension AND m.value = k.value) b
	CROSS JOIN LATERAL nudge.retention_cohorts(b.state, 'day', 90, nudge.civil_date(nudge.as_of(), {zone})) r
WHERE r.cohort IS NOT NULL AND r.age IN (1, 7, 30, 90)
GROUP BY k.dimension, k.value, r.age, nudge.period_start(r.cohort, 'month'), nudge.period_end(r.cohort, 'month')$query$,
	$clock$SELECT DISTINCT m.dimension, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.activity_dimension_buckets m$clock$, NULL,
	'How many users are active 1, 7, 30 and 90 days after their first active day, by the month of that day and a dimension of theirs now. Grain: dimension, value, age and month of the zone of deploy()',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "age": "Days since the first active day: 1, 7, 30 or 90; do not add them", "period": "First day of the month of the first active day", "cohort_users": "Users whose first active day is in the month",
	"eligible_users": "Those for whom the day is over: the denominator", "retained_users": "Those active on the day", "retention_rate": "retained_users over eligible_users, a fraction; NULL if the day is over for none", "complete": "Whether the day is over for all of them"}'),
('user_classes_by_dimension', 'usage', 1114, 'metric', '{events,users,customers,subscriptions}', 'dimension', '{dimension,value,period}', $query$
SELECT k.dimension, k.value, c.period, c.power_users, c.regular_users, c.low_users, t.total_users - c.active_users AS dormant_users, c.active_users, c.qualified_users, t.total_users, c.qualified_users::numeric / nullif(t.total_users, 0) AS qualified_rate, c.complete
FROM (SELECT m.dimension, m.value FROM nudge_analytics.activity_dimension_buckets m GROUP BY m.dimension, m.value) k
	CROSS JOIN LATERAL (SELECT nudge.rollup(m.state) AS state FROM nudge_analytics.activity_dimension_buckets m WHERE m.dimension = k.dimension AND m.value = k.value) b
	CROSS JOIN LATERAL nudge.active_user_classes(b.state, 'week', nudge.civil_date(nudge.as_of(), {zone}), week_start => {week_start}) c
	JOIN LATERAL nudge.active_users(b.state, 1, nudge.civil_date(nudge.as_of(), {zone})) t ON t.day = least(nudge.period_end(c.period, 'week', {week_start}), nudge.civil_date(nudge.as_of(), {zone})) - 1$query$,
	$clock$SELECT DISTINCT m.dimension, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} FROM nudge_analytics.activity_dimension_buckets m$clock$, NULL,
	'Users by their actions in a week, and by value of a dimension of theirs now: more than 10, 3 to 10, fewer, none. Grain: dimension, value and week of the zone of deploy(), from the first with any of them active',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "period": "First day of the week", "power_users": "Users with more than 10 actions", "regular_users": "Users with 3 to 10 actions", "low_users": "Users with 1 or 2 actions", "dormant_users": "Users that were active before, and not in the week",
	"active_users": "Users with an action", "qualified_users": "Users with 3 actions or more", "total_users": "Users first active in the week or before", "qualified_rate": "qualified_users over total_users, a fraction", "complete": "Whether the week is over"}'),

-- A state of a feature has every event of it: one for each dimension would be the
-- events again as often.  What users did is read from the states there are, and
-- counted.  Medians of times are in feature_adoption, of all.
('feature_adoption_by_dimension', 'usage', 1115, 'metric', '{events,users,customers,subscriptions}', 'feature', '{feature,dimension,value}', $query$
SELECT f.feature, t.dimension, t.value, t.users, coalesce(r.discovered_users, 0) AS discovered_users, coalesce(r.tried_users, 0) AS tried_users, coalesce(r.adopted_users, 0) AS adopted_users, coalesce(r.habitual_users, 0) AS habitual_users,
	coalesce(r.tried_users, 0)::numeric / nullif(t.users, 0) AS adoption_rate, coalesce(r.uses, 0) AS uses, r.uses::numeric / nullif(r.tried_users, 0) AS usage_frequency
FROM (SELECT DISTINCT b.feature FROM nudge_analytics.feature_buckets b) f
	CROSS JOIN (
		SELECT a.dimension, a.value, count(*) FILTER (WHERE d.signed_up_at < nudge.as_of()) AS users
		FROM nudge_analytics.user_dimensions d, LATERAL (VALUES ('segment'::text, d.segment), ('industry', d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel), ('plan', d.plan), ('product_mix', d.product_mix), ('tenure', d.tenure), ('initial_contract_size', d.initial_contract_size), ('user_plan', d.user_plan), ('role', d.role)) a(dimension, value)
		WHERE NOT d.internal
		GROUP BY 1, 2
	) t
	LEFT JOIN (
		SELECT b.feature, a.dimension, a.value, count(*) AS discovered_users, count(u.first_used) AS tried_users, count(u.adopted_at) AS adopted_users, count(*) FILTER (WHERE u.stage = 'habitual') AS habitual_users, sum(u.uses)::bigint AS uses
		FROM nudge_analytics.feature_buckets b
			CROSS JOIN LATERAL nudge.feature_users(b.state, nudge.as_of(), {zone}, week_start => {week_start}) u
			JOIN nudge_analytics.user_dimensions d ON d."user" = u.user_id,
			LATERAL (VALUES ('segment'::text, d.segment), ('industry', d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel), ('plan', d.plan), ('product_mix', d.product_mix), ('tenure', d.tenure), ('initial_contract_size', d.initial_contract_size), ('user_plan', d.user_plan), ('role', d.role)) a(dimension, value)
		GROUP BY 1, 2, 3
	) r ON r.feature = f.feature AND r.dimension = t.dimension AND r.value = t.value$query$,
	'SELECT DISTINCT m.feature, nudge.as_of() FROM nudge_analytics.feature_buckets m', '{"user_dimensions": null}',
	'How far users have come with each feature, by value of a dimension of theirs now. Grain: feature, dimension and value that any user has',
	'{"feature": "Feature", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them", "value": "Value now; (none) for those without", "users": "Users of the value that have signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it", "tried_users": "Users that used it", "adopted_users": "Users that used it 3 times or more",
	"habitual_users": "Users that used it in each of the last 4 whole weeks", "adoption_rate": "tried_users over users, a fraction", "uses": "Uses", "usage_frequency": "uses over tried_users"}');

-- Activation ----------------------------------------------------------------

CREATE TRIGGER note_actions AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON nudge.action_sets
	FOR EACH STATEMENT EXECUTE FUNCTION nudge.note_settings('user_activation', 'activation');

COMMENT ON TRIGGER note_actions ON nudge.action_sets IS 'Marts of activation are computed anew';

-- The first action has its day whether it has come or not: time changes no row.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('user_activation', 'usage', 1120, 'mart', '{events,users,customers,subscriptions}', 'user', '{user}', $query$
SELECT d."user", d.customer, d.signed_up_at, d.signed_up_month, nudge.period_start(nudge.civil_date(d.signed_up_at, {zone}), 'week', {week_start}) AS signed_up_week, min(e.at) AS activated_at
FROM nudge_analytics.user_dimensions d
	LEFT JOIN nudge_staging.events e ON e."user" = d."user" AND e.at >= d.signed_up_at AND e.name IN (SELECT s.event FROM nudge.action_sets s WHERE s.name = 'activation')
WHERE NOT d.internal AND isfinite(d.signed_up_at)
GROUP BY d."user", d.customer, d.signed_up_at, d.signed_up_month$query$, NULL, NULL,
	'When each user first did something of the action set activation. Grain: user that is not internal; days are those of the zone of deploy()',
	'{"user": "User", "customer": "Account to which the user belongs", "signed_up_at": "When the user signed up", "signed_up_month": "First day of the month of it", "signed_up_week": "First day of the week of it",
	"activated_at": "First event of the action set activation of nudge.action_sets, from signing up on; NULL if there is none"}'),

-- The key is the month, of which weeks that begin in it are a part: a sign-up is one
-- of its month, and of a week that began in it or in the month before.  What counts
-- is what is over as the present day begins.  A median of an array sorts that one,
-- and not the rows of all groups by their names.
('activation', 'usage', 1121, 'metric', '{events,users,customers,subscriptions}', 'month', '{month,grain,period,dimension,value}', $query$
SELECT r.month, r.grain, r.period, r.dimension, r.value, r.sign_ups, r.eligible_users, CASE WHEN s.is_defined THEN r.activated_users END AS activated_users, CASE WHEN s.is_defined THEN r.activated_users::numeric / nullif(r.eligible_users, 0) END AS activation_rate,
	r.week_eligible_users, CASE WHEN s.is_defined THEN r.week_activated_users END AS week_activated_users, CASE WHEN s.is_defined THEN r.week_activated_users::numeric / nullif(r.week_eligible_users, 0) END AS week_activation_rate,
	(SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY u.s) FROM unnest(r.seconds) u(s)) AS median_seconds_to_activate, r.until <= r.midnight AS period_complete, r.until + interval '24 hours' <= r.midnight AS complete, r.until + interval '168 hours' <= r.midnight AS week_complete, CASE WHEN NOT s.is_defined THEN 'no action set activation' END AS null_reason
FROM (
	SELECT p.month, p.grain, p.period, a.dimension, a.value, count(*) AS sign_ups, count(*) FILTER (WHERE w.day_over) AS eligible_users, count(*) FILTER (WHERE w.day_over AND w.took <= interval '24 hours') AS activated_users,
		count(*) FILTER (WHERE w.week_over) AS week_eligible_users, count(*) FILTER (WHERE w.week_over AND w.took <= interval '168 hours') AS week_activated_users,
		array_agg(extract(epoch FROM w.took)::double precision) FILTER (WHERE w.week_over AND w.took <= interval '168 hours') AS seconds,
		nudge.period_end(p.period, p.grain, {week_start})::timestamp AT TIME ZONE {zone} AS until, t.midnight
	FROM (SELECT nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} AS midnight) t
		JOIN nudge_analytics.user_activation u ON u.signed_up_at < t.midnight
		JOIN nudge_analytics.user_dimensions d ON d."user" = u."user",
		LATERAL (VALUES (u.signed_up_month, 'month'::text, u.signed_up_month), (nudge.period_start(u.signed_up_week, 'month'), 'week', u.signed_up_week)) p(month, grain, period),
		LATERAL (SELECT u.signed_up_at + interval '24 hours' < t.midnight AS day_over, u.signed_up_at + interval '168 hours' < t.midnight AS week_over, u.activated_at - u.signed_up_at AS took) w,
		LATERAL (VALUES ('all'::text, 'all'::text), ('segment', d.segment), ('industry', d.industry), ('company_size', d.company_size), ('region', d.region), ('growth_tier', d.growth_tier), ('sales_channel', d.sales_channel), ('plan', d.plan), ('product_mix', d.product_mix), ('tenure', d.tenure), ('initial_contract_size', d.initial_contract_size), ('user_plan', d.user_plan), ('role', d.role)) a(dimension, value)
	GROUP BY 1, 2, 3, 4, 5, t.midnight
) r,
	(SELECT EXISTS (SELECT FROM nudge.action_sets s WHERE s.name = 'activation') AS is_defined) s$query$,
	$clock$SELECT m::date, (m + make_interval(days => d))::timestamp AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m, generate_series(1, 45) d$clock$,
	'{"user_activation": {"column": "signed_up_month", "query": "SELECT m::date, k::date FROM generate_series(timestamp ''0001-01-01'', (nudge.as_of() AT TIME ZONE ''UTC'') + interval ''1 month'', interval ''1 month'') m, LATERAL (VALUES (m), (m - interval ''1 month'')) v(k)"}, "user_dimensions": {"column": "signed_up_month", "query": "SELECT m::date, k::date FROM generate_series(timestamp ''0001-01-01'', (nudge.as_of() AT TIME ZONE ''UTC'') + interval ''1 month'', interval ''1 month'') m, LATERAL (VALUES (m), (m - interval ''1 month'')) v(k)"}}',
	'How many of the users that sign up are activated: do something of the action set activation of nudge.action_sets within 24 hours, or 7 days; by week and by month of signing up, in all and by value of a dimension of theirs now. Grain: grain, period of the zone of deploy() with sign-ups, dimension and value',
	'{"month": "First day of the month that the period begins in", "grain": "week or month: do not add both", "period": "First day of the period of signing up", "dimension": "all, or segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all users, do not add them",
	"value": "Value now; (none) for those without, all for all", "sign_ups": "Users that signed up in the period, on days that are over, but internal ones", "eligible_users": "Those whose first 24 hours are over: the denominator of activation_rate", "activated_users": "Those of them that did an action within these; NULL without the action set",
	"activation_rate": "activated_users over eligible_users, a fraction", "week_eligible_users": "Users whose first 7 days are over: the denominator of week_activation_rate", "week_activated_users": "Those of them that did an action within these", "week_activation_rate": "week_activated_users over week_eligible_users, a fraction",
	"median_seconds_to_activate": "Median time from signing up to the first action, of week_activated_users", "period_complete": "Whether the period is over", "complete": "Whether the first 24 hours are over for all of them", "week_complete": "Whether the first 7 days are over for all of them", "null_reason": "no action set activation: nudge.action_sets has none, so nobody can be said to be activated; NULL otherwise"}');

-- Months that are not there have no sessions; medians have no parts.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('session_metrics_by_dimension', 'usage', 1224, 'metric', '{events,users,customers,subscriptions}', 'month', '{month,dimension,value}', $query$
SELECT m.month, s.dimension, s.value, s.sessions, s.users, s.events, s.bounces, s.returning_users, s.duration_seconds, s.sessions::numeric / s.users AS sessions_per_user, s.bounces::numeric / s.sessions AS bounce_rate, s.events::numeric / s.sessions AS events_per_session,
	s.returning_users::numeric / s.users AS return_rate, s.duration_seconds / s.sessions AS mean_duration_seconds, (m.month + interval '1 month')::date <= t.today AS complete
FROM (SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) t,
	-- the window of session_metrics
	LATERAL (SELECT g::date AS month FROM generate_series(nudge.period_start(t.today, 'month')::timestamp - interval '119 months', nudge.period_start(t.today, 'month')::timestamp, interval '1 month') g) m,
	LATERAL (
		SELECT CASE WHEN n.segment IS NOT NULL THEN 'segment' WHEN n.industry IS NOT NULL THEN 'industry' WHEN n.company_size IS NOT NULL THEN 'company_size' WHEN n.region IS NOT NULL THEN 'region' WHEN n.growth_tier IS NOT NULL THEN 'growth_tier' WHEN n.sales_channel IS NOT NULL THEN 'sales_channel' WHEN n.plan IS NOT NULL THEN 'plan' WHEN n.product_mix IS NOT NULL THEN 'product_mix' WHEN n.tenure IS NOT NULL THEN 'tenure' WHEN n.initial_contract_size IS NOT NULL THEN 'initial_contract_size' WHEN n.user_plan IS NOT NULL THEN 'user_plan' ELSE 'role' END AS dimension,
			coalesce(n.segment, n.industry, n.company_size, n.region, n.growth_tier, n.sales_channel, n.plan, n.product_mix, n.tenure, n.initial_contract_size, n.user_plan, n.role) AS value,
			sum(n.sessions)::bigint AS sessions, count(*) AS users, sum(n.events)::bigint AS events, sum(n.bounces)::bigint AS bounces, count(*) FILTER (WHERE n.sessions > 1) AS returning_users, sum(n.seconds) AS duration_seconds
		FROM (
			SELECT f.sessions, f.events, f.bounces, f.seconds, coalesce(d.segment, '(none)') AS segment, coalesce(d.industry, '(none)') AS industry, coalesce(d.company_size, '(none)') AS company_size, coalesce(d.region, '(none)') AS region, coalesce(d.growth_tier, '(none)') AS growth_tier, coalesce(d.sales_channel, '(none)') AS sales_channel, coalesce(d.plan, '(none)') AS plan, coalesce(d.product_mix, '(none)') AS product_mix, coalesce(d.tenure, '(none)') AS tenure, coalesce(d.initial_contract_size, '(none)') AS initial_contract_size, coalesce(d.user_plan, '(none)') AS user_plan, coalesce(d.role, '(none)') AS role
			FROM (
				SELECT f."user", count(*) AS sessions, sum(f.events) AS events, count(*) FILTER (WHERE f.bounced) AS bounces, sum(f.duration_seconds) AS seconds
				FROM nudge_analytics.fact_sessions f WHERE f.month = m.month AND f.day < t.today GROUP BY f."user"
			) f LEFT JOIN nudge_analytics.user_dimensions d ON d."user" = f."user"
		) n
		-- labels are never NULL: one that is there is what is grouped by
		GROUP BY GROUPING SETS ((n.segment), (n.industry), (n.company_size), (n.region), (n.growth_tier), (n.sales_channel), (n.plan), (n.product_mix), (n.tenure), (n.initial_contract_size), (n.user_plan), (n.role))
	) s$query$,
	-- a day is over, of months that a refresh may have missed too; and a month leaves the window
	$clock$SELECT m::date, (m + make_interval(days => d))::timestamp AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m, generate_series(1, 31) d
UNION ALL
SELECT (m - interval '120 months')::date, m AT TIME ZONE {zone}
FROM (SELECT nudge.period_start(nudge.civil_date(nudge.as_of(), {zone}), 'month')::timestamp AS month) t, LATERAL generate_series(t.month - interval '119 months', t.month, interval '1 month') m$clock$,
	'{"user_dimensions": {"column": "user", "query": "SELECT f.\"user\", f.month FROM nudge_analytics.fact_sessions f"}}',
	'Sessions by month and value of a dimension of the users now, up to yesterday. Grain: month with sessions of the zone of deploy(), dimension and value',
	'{"month": "First day of the month", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user: each has all sessions, do not add them", "value": "Value now; (none) for those without", "sessions": "Sessions that began in it", "users": "Users with a session", "events": "Events of the sessions", "bounces": "Sessions of one event",
	"returning_users": "Users with two sessions or more", "duration_seconds": "Time of all sessions, from first to last event", "sessions_per_user": "sessions over users", "bounce_rate": "bounces over sessions, a fraction", "events_per_session": "events over sessions", "return_rate": "returning_users over users, a fraction",
	"mean_duration_seconds": "duration_seconds over sessions", "complete": "Whether the month is over"}');

-- src/warehouse/marts_economics.sql

/*
 * marts_economics.sql
 *		Shipped materialisations about what a customer earns, costs and is worth,
 *		and how well it is.
 *
 * Rules: doc/marts_product.md.
 */

-- As at_risk_revenue_lines() has it, unless it is told otherwise.
CREATE FUNCTION nudge.is_at_risk(score numeric) RETURNS boolean
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN score < 65;

COMMENT ON FUNCTION nudge.is_at_risk(numeric) IS 'Works for the marts of health: whether a customer with this score is at risk';

-- What cannot be known is NULL, and says why: months that are open, costs that
-- nobody has booked, nobody who left.  Churn is that of a month, over up to
-- twelve of them, for one quiet month would make customers live for ever.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('unit_economics', 'finance', 900, 'metric', '{subscriptions}', '{costs,spend,charges,usage}', 'period', '{period,currency}', $query$
SELECT m.period, m.closing_mrr AS mrr, m.closing_customers AS customers, m.arpa, CASE WHEN x.is_single THEN p.revenue END AS revenue, p.cost_of_revenue, p.gross_profit, p.gross_margin_rate, p.variable_acquisition_cost, p.contribution_margin, p.contribution_margin_rate,
	k.marketing_cost, k.sales_cost, k.tools_cost, k.other_cost, k.overhead_cost, k.acquisition_cost, a.new_customers, v.cac, m.churn_months, m.customer_months, m.churned_customers, m.churn_rate,
	nudge.ltv(m.arpa, 1, m.churn_rate) AS lifetime_revenue, v.ltv, nudge.ltv_to_cac(v.ltv, v.cac) AS ltv_to_cac_ratio,
	nudge.cac_payback_months(v.cac, m.arpa, v.margin) AS cac_payback_months, nudge.cac_payback_months(v.cac, m.arpa) AS revenue_payback_months,
	CASE WHEN a.complete AND k.acquisition_cost > 0 THEN nudge.acquisition_cost_per_active_customer(k.acquisition_cost, m.closing_customers) END AS acquisition_cost_per_active_customer,
	CASE WHEN v.cac IS NOT NULL THEN NULL WHEN NOT a.complete THEN 'month is not over' WHEN NOT x.has_acquisition THEN 'neither costs nor spend are mapped' WHEN NOT x.is_single THEN 'several currencies' WHEN k.acquisition_cost <= 0 THEN 'no cost of acquisition' ELSE 'no new customers' END AS cac_null_reason,
	CASE WHEN v.ltv IS NOT NULL THEN NULL WHEN NOT a.complete THEN 'month is not over' WHEN NOT x.has_costs THEN 'costs are not mapped' WHEN NOT x.is_single THEN 'several currencies' WHEN p.cost_of_revenue IS NULL THEN 'no costs are booked' WHEN p.gross_margin_rate IS NULL THEN 'no revenue'
		WHEN v.margin IS NULL THEN 'gross margin is above 1' WHEN m.arpa IS NULL THEN 'no customers' WHEN coalesce(m.customer_months, 0) = 0 THEN 'nobody could leave yet' ELSE 'nobody has left' END AS ltv_null_reason,
	m.currency, a.complete
FROM (SELECT b.currency, nudge.rollup(nudge.as_mrr_state(b.state)) AS state FROM nudge_analytics.mrr_item_buckets b GROUP BY b.currency) j
	-- costs are of all customers: beside several currencies they are of none
	CROSS JOIN (
		SELECT count(DISTINCT upper(btrim(i.currency))) = 1 AS is_single, {costs$?} IS NOT NULL AS has_costs, coalesce({costs$?}, {spend$?}) IS NOT NULL AS has_acquisition
		FROM (SELECT b.currency FROM nudge_analytics.mrr_item_buckets b UNION SELECT c.currency FROM {costs$*} c UNION SELECT c.currency FROM {spend$*} c UNION SELECT c.currency FROM {charges$*} c) i
	) x
	CROSS JOIN (SELECT min(s.period) AS day FROM nudge_analytics.mrr_consolidated s) f
	CROSS JOIN LATERAL nudge.report_window(f.day, {zone}) w
	JOIN LATERAL (
		SELECT s.period, s.currency, s.closing_mrr, s.closing_customers, s.closing_mrr / nullif(s.closing_customers, 0) AS arpa, (count(*) OVER year)::integer AS churn_months,
			(sum(s.opening_customers) OVER year)::bigint AS customer_months, (sum(s.churned_customers) OVER year)::bigint AS churned_customers, sum(s.churned_customers) OVER year / nullif(sum(s.opening_customers) OVER year, 0) AS churn_rate
		FROM nudge_analytics.mrr_consolidated s
		WHERE s.currency = j.currency
		WINDOW year AS (ORDER BY s.period ROWS 11 PRECEDING)
	) m ON m.period >= w.start_day
	LEFT JOIN LATERAL nudge.pnl(CASE WHEN x.is_single THEN j.state END, CASE WHEN x.is_single THEN {costs$?} END, w.start_day, w.end_day, CASE WHEN x.is_single THEN {charges$?} END, CASE WHEN x.is_single THEN {usage?} END, NULL, 'month', {zone}, nudge.as_of(), j.currency) p
		ON p.period = m.period
	JOIN LATERAL nudge.customer_acquisition_cost(j.state, CASE WHEN x.is_single THEN {spend$?} END, CASE WHEN x.is_single THEN {costs$?} END, w.start_day, w.end_day, 'month', {zone}, nudge.as_of(), currency => j.currency) a ON a.period = m.period
	LEFT JOIN LATERAL (SELECT a.marketing_cost, a.sales_cost, a.tools_cost, a.other_cost, a.overhead_cost, a.total_cost AS acquisition_cost WHERE x.is_single AND x.has_acquisition) k ON true
	CROSS JOIN LATERAL (SELECT CASE WHEN p.gross_margin_rate <= 1 THEN p.gross_margin_rate END AS margin, CASE WHEN a.complete AND k.acquisition_cost > 0 THEN a.cac END AS cac) g
	CROSS JOIN LATERAL (SELECT g.margin, g.cac, CASE WHEN a.complete THEN nudge.ltv(m.arpa, g.margin, m.churn_rate) END AS ltv) v$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t', '{"mrr_consolidated": null}',
	'What a customer earns, costs to win and is worth, by month. Grain: month of the zone of deploy() and currency',
	'{"period": "First day of the month", "mrr": "MRR as the month closed", "customers": "Customers with MRR as the month closed", "arpa": "mrr over customers", "revenue": "Revenue of the month, of all streams", "cost_of_revenue": "Cost of delivering the product", "gross_profit": "revenue less cost_of_revenue; NULL if the month is not over or not booked",
	"gross_margin_rate": "gross_profit over revenue, a fraction", "variable_acquisition_cost": "Sales and marketing that grow with volume", "contribution_margin": "gross_profit less variable_acquisition_cost", "contribution_margin_rate": "contribution_margin over revenue, a fraction",
	"marketing_cost": "Acquisition: spend, and costs of marketing", "sales_cost": "Acquisition: costs of sales", "tools_cost": "Acquisition: costs of tools", "other_cost": "Acquisition: other costs", "overhead_cost": "Acquisition: 20% added on", "acquisition_cost": "Sum of these five",
	"new_customers": "Customers whose first MRR ever began in the month", "cac": "acquisition_cost over new_customers of the same month; NULL: cac_null_reason says why", "churn_months": "Months over which churn is counted: this and the 11 before, or as many as there are", "customer_months": "Customers as each of them opened, added up",
	"churned_customers": "Customers that left in them", "churn_rate": "churned_customers over customer_months, a fraction: churn of one month", "lifetime_revenue": "arpa over churn_rate", "ltv": "arpa times gross_margin_rate over churn_rate; NULL: ltv_null_reason says why", "ltv_to_cac_ratio": "ltv over cac", "cac_payback_months": "cac over gross profit of a customer and month",
	"revenue_payback_months": "cac over arpa", "acquisition_cost_per_active_customer": "acquisition_cost over customers, old and new: not CAC", "cac_null_reason": "Why there is no CAC: month is not over, neither costs nor spend are mapped, no cost of acquisition, no new customers",
	"ltv_null_reason": "Why there is no LTV: month is not over, costs are not mapped, several currencies, no costs are booked, no revenue, gross margin is above 1, no customers, nobody could leave yet, nobody has left", "currency": "Currency of all amounts: those of several are never added", "complete": "Whether the month is over"}'),
-- costs have no segment: margin and CAC are those of the company
('unit_economics_by_segment', 'finance', 901, 'metric', '{customers,subscriptions}', '{}', 'segment', '{segment,currency,period}', $query$
SELECT m.segment, m.period, m.closing_mrr AS mrr, m.closing_customers AS customers, m.arpa, m.new_customers, m.churn_months, m.customer_months, m.churned_customers, m.churn_rate, u.gross_margin_rate,
	nudge.ltv(m.arpa, 1, m.churn_rate) AS lifetime_revenue, v.ltv, u.cac AS company_cac, nudge.ltv_to_cac(v.ltv, u.cac) AS ltv_to_company_cac_ratio, nudge.cac_payback_months(u.cac, m.arpa, v.margin) AS company_cac_payback_months,
	CASE WHEN v.ltv IS NOT NULL THEN NULL WHEN u.gross_margin_rate IS NULL OR NOT u.complete THEN u.ltv_null_reason WHEN v.margin IS NULL THEN 'gross margin is above 1'
		WHEN m.arpa IS NULL THEN 'no customers' WHEN coalesce(m.customer_months, 0) = 0 THEN 'nobody could leave yet' ELSE 'nobody has left' END AS ltv_null_reason,
	u.currency, u.complete
FROM (
	SELECT s.segment, s.currency, s.period, s.closing_mrr, s.closing_customers, s.new_customers, s.closing_mrr / nullif(s.closing_customers, 0) AS arpa, (count(*) OVER year)::integer AS churn_months,
		(sum(s.opening_customers) OVER year)::bigint AS customer_months, (sum(s.churned_customers) OVER year)::bigint AS churned_customers, sum(s.churned_customers) OVER year / nullif(sum(s.opening_customers) OVER year, 0) AS churn_rate
	FROM (
		-- in the currency of unit_economics
		SELECT b.segment, b.base_currency AS currency, b.period, sum(round(b.closing_mrr * b.closing_rate, 6)) AS closing_mrr, sum(b.opening_customers)::bigint AS opening_customers, sum(b.closing_customers)::bigint AS closing_customers, sum(b.new_customers)::bigint AS new_customers,
			sum(b.churned_customers)::bigint AS churned_customers
		FROM nudge_analytics.mrr_by_segment b WHERE b.segment <> 'all' GROUP BY b.segment, b.base_currency, b.period
	) s
	WINDOW year AS (PARTITION BY s.segment, s.currency ORDER BY s.period ROWS 11 PRECEDING)
) m
	JOIN nudge_analytics.unit_economics u ON u.period = m.period AND u.currency = m.currency,
	LATERAL (SELECT CASE WHEN u.gross_margin_rate <= 1 THEN u.gross_margin_rate END AS margin) g,
	LATERAL (SELECT g.margin, CASE WHEN u.complete THEN nudge.ltv(m.arpa, g.margin, m.churn_rate) END AS ltv) v$query$, NULL, '{"unit_economics": null}',
	'What a customer earns and is worth by month and segment of the customers now, against the cost of acquisition of the company. Grain: segment, currency and month of the zone of deploy()',
	'{"segment": "Segment of the customers now; (none) for those without", "period": "First day of the month", "mrr": "MRR as the month closed", "customers": "Customers with MRR as the month closed", "arpa": "mrr over customers", "new_customers": "Customers that had no MRR before, and have some as the month closes",
	"churn_months": "Months over which churn is counted: this and the 11 before, or as many as there are", "customer_months": "Customers as each of them opened, added up", "churned_customers": "Customers that left in them", "churn_rate": "churned_customers over customer_months, a fraction: churn of one month",
	"gross_margin_rate": "Gross margin of the company, a fraction", "lifetime_revenue": "arpa over churn_rate", "ltv": "arpa times gross_margin_rate over churn_rate; NULL: ltv_null_reason says why", "company_cac": "CAC of the company: costs have no segment", "ltv_to_company_cac_ratio": "ltv over company_cac",
	"company_cac_payback_months": "company_cac over gross profit of a customer and month", "ltv_null_reason": "Why there is no LTV: as in unit_economics", "currency": "Currency of all amounts: those of several are never added", "complete": "Whether the month is over"}');

-- Health as it was scored.  All windows end with the present day: a score of
-- today counts at once, and within a day time alone changes nothing.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, description, columns) VALUES
('customer_score_states', 'customers', 910, 'mart', '{scores}', '{}', 'customer', '{customer}', $query$
SELECT s.entity AS customer,
	CASE WHEN nudge.check_input('scores', count(*) FILTER (WHERE NOT coalesce(isfinite(s.at) AND s.score IS NOT NULL, false))) AND nudge.check_values('scores', count(*) FILTER (WHERE NOT s.score BETWEEN 0 AND 100), 'A score of health is from 0 to 100.')
		AND nudge.check_one_model(min(s.model COLLATE "C"), max(s.model COLLATE "C"), count(*) - count(s.model)) THEN nudge.bucket(s.entity, {buckets}) END AS bucket,
	min(s.model COLLATE "C") AS model, min(s.at) AS first_at, max(s.at) AS last_at, nudge.score_agg(s.at, s.score::double precision) FILTER (WHERE isfinite(s.at) AND s.score IS NOT NULL) AS state
FROM nudge_staging.scores s
WHERE s.entity IS NOT NULL
GROUP BY s.entity$query$, NULL, '{"scores": "entity"}',
	'Scores of health of each customer over time: a state for functions such as score_summary. Grain: customer',
	'{"customer": "Customer that is scored", "bucket": "Hash bucket of the customer", "model": "Model of its scores; NULL if they do not say", "first_at": "First score", "last_at": "Last score", "state": "Scores over time, as score_state"}'),
('customer_health', 'customers', 911, 'metric', '{scores}', '{}', 'customer', '{customer}', $query$
SELECT s.customer, s.model, h.score, h.scored_at, nudge.health_band(h.score) AS band, nudge.is_at_risk(h.score::numeric) AS at_risk, h.direction AS trend, h.slope_per_30_days, h.change_30_days, h.change_90_days, h.drop_30_days, nudge.score_drop(s.state, '90 days', k.at) AS drop_90_days,
	h.lowest_365_days AS lowest_score_365_days, h.highest_365_days AS highest_score_365_days, h.mean_365_days AS mean_score_365_days, h.baseline AS baseline_score, h.change_from_baseline, l.factor AS lowest_factor, l.value AS lowest_factor_score, s.bucket
FROM nudge_analytics.customer_score_states s,
	LATERAL (SELECT nudge.day_close(nudge.civil_date(nudge.as_of(), {zone}), {zone}) - interval '1 microsecond' AS at) k,
	LATERAL nudge.score_summary(s.state, k.at) h
	LEFT JOIN LATERAL (
		SELECT f.key AS factor, f.value::text::numeric AS value FROM nudge_staging.scores r, LATERAL jsonb_each(CASE WHEN jsonb_typeof(r.factors) = 'object' THEN r.factors END) f
		WHERE r.entity = s.customer AND r.at = h.scored_at AND jsonb_typeof(f.value) = 'number' ORDER BY 2, f.key COLLATE "C" LIMIT 1
	) l ON true
WHERE h.score IS NOT NULL$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t', '{"scores": "entity"}',
	'Health of customers as it was scored last: band, trend, changes and drops. Grain: customer',
	'{"customer": "Customer", "model": "Model of its scores; NULL if they do not say", "score": "Last score, 0 to 100", "scored_at": "When", "band": "red below 60, yellow, green from 80", "at_risk": "Whether the score is below 65", "trend": "rising, falling or flat over 90 days", "slope_per_30_days": "Points that the score gains in 30 days by that trend",
	"change_30_days": "Score less that of 30 days before", "change_90_days": "Score less that of 90 days before", "drop_30_days": "How far the score is below the highest of the last 30 days", "drop_90_days": "How far it is below the highest of the last 90 days", "lowest_score_365_days": "Lowest of the last 365 days", "highest_score_365_days": "Highest of these",
	"mean_score_365_days": "Mean of these", "baseline_score": "Mean of the first 30 days with a score", "change_from_baseline": "Score less baseline_score", "lowest_factor": "Factor of the last score with the lowest value; NULL if scores have no factors", "lowest_factor_score": "Its value", "bucket": "Hash bucket of the customer"}'),
('customer_health_factors', 'customers', 912, 'mart', '{scores}', '{}', 'customer', '{customer,factor}', $query$
SELECT h.customer, f.key AS factor, avg(f.value::text::numeric) AS factor_score, h.scored_at
FROM nudge_analytics.customer_health h JOIN nudge_staging.scores r ON r.entity = h.customer AND r.at = h.scored_at, LATERAL jsonb_each(CASE WHEN jsonb_typeof(r.factors) = 'object' THEN r.factors END) f
WHERE jsonb_typeof(f.value) = 'number'
GROUP BY h.customer, f.key, h.scored_at$query$, NULL, '{"scores": "entity"}',
	'Factors of the last score of each customer. Grain: customer and factor',
	'{"customer": "Customer", "factor": "Factor", "factor_score": "Its value", "scored_at": "When it was scored"}'),
('customer_health_months', 'customers', 913, 'mart', '{scores}', '{}', 'customer', '{customer,period}', $query$
SELECT s.customer, m.period, h.score, nudge.health_band(h.score) AS band, nudge.is_at_risk(h.score::numeric) AS at_risk, m.complete
FROM nudge_analytics.customer_score_states s
	-- closes once, and not for each customer
	JOIN (
		SELECT p::date AS period, least((p + interval '1 month')::date, t.today + 1)::timestamp AT TIME ZONE {zone} - interval '1 microsecond' AS at, (p + interval '1 month')::date <= t.today AS complete
		FROM (SELECT nudge.civil_date(nudge.as_of(), {zone}) AS today) t, LATERAL nudge.report_window(date '0001-01-01', {zone}) w, LATERAL generate_series(w.start_day::timestamp, w.end_day::timestamp - interval '1 month', interval '1 month') p
		OFFSET 0
	) m ON m.at >= s.first_at,
	LATERAL (SELECT nudge.score_at(s.state, m.at) AS score OFFSET 0) h$query$,
	-- a month begins for all, the day of a score that is dated ahead for its customer
	$clock$SELECT s.customer, t FROM nudge_analytics.customer_score_states s, nudge.period_ticks('month', {zone}) t
UNION ALL SELECT r.entity, nudge.civil_date(r.at, {zone})::timestamp AT TIME ZONE {zone} FROM nudge_staging.scores r WHERE isfinite(r.at)$clock$, NULL,
	'Health of each customer as months closed, from its first score on. Grain: customer and month of the zone of deploy()',
	'{"customer": "Customer", "period": "First day of the month", "score": "Last score as the month closed, or so far", "band": "red below 60, yellow, green from 80", "at_risk": "Whether the score is below 65", "complete": "Whether the month is over"}'),
('customer_health_by_band', 'customers', 914, 'metric', '{scores,subscriptions}', '{}', 'period', '{period,currency,band}', $query$
SELECT s.period, k.currency, s.band, sum(s.customers)::bigint AS customers, sum(round(s.mrr * x.rate, 6)) AS mrr, sum(s.scored_customers)::bigint AS scored_customers, sum(s.total_score) AS total_score, sum(s.total_score) / nullif(sum(s.scored_customers), 0) AS mean_score,
	sum(s.at_risk_customers)::bigint AS at_risk_customers, sum(round(s.at_risk_mrr * x.rate, 6)) AS at_risk_mrr, bool_and(s.complete) AS complete
FROM (
	SELECT r.period, r.currency, r.band, count(*) AS customers, sum(r.mrr) AS mrr, count(r.score) AS scored_customers, sum(round(r.score::numeric, 6)) AS total_score,
		CASE WHEN count(r.score) > 0 THEN count(*) FILTER (WHERE r.at_risk) END AS at_risk_customers, CASE WHEN count(r.score) > 0 THEN coalesce(sum(r.mrr) FILTER (WHERE r.at_risk), 0) END AS at_risk_mrr, bool_and(r.complete) AS complete
	FROM (
		SELECT v.period, v.currency, b.band, v.closing_mrr AS mrr, h.score, h.at_risk, v.complete
		FROM nudge_analytics.fact_revenue v LEFT JOIN nudge_analytics.customer_health_months h ON h.customer = v.customer AND h.period = v.period, LATERAL (VALUES (coalesce(h.band, '(none)')), ('all')) b(band)
		WHERE v.closing_mrr > 0
	) r
	GROUP BY r.period, r.currency, r.band
) s
	LEFT JOIN {rates} f ON f.currency = s.currency,
	LATERAL (SELECT coalesce({base}, s.currency) AS currency) k,
	LATERAL (SELECT nudge.rate_to(f.rates, s.currency, k.currency, least((s.period + interval '1 month' - interval '1 day')::date, nudge.civil_date(nudge.as_of(), {zone}))) AS rate) x
GROUP BY s.period, k.currency, s.band$query$,
	-- the rate of the month that is open is that of the day
	'SELECT nudge.period_start(nudge.civil_date(t, {zone}), ''month''), t FROM nudge.period_ticks(''day'', {zone}) t', NULL,
	'Customers with MRR, and their MRR, by band of health as months closed, with a band all for all of them. Grain: month of the zone of deploy(), currency and band',
	'{"period": "First day of the month", "currency": "Currency converted to, as by mrr_consolidated", "band": "red below 60, yellow, green from 80; (none) for those without a score, all for all customers: do not add it to the others", "customers": "Customers with MRR as the month closed, or now", "mrr": "Their MRR", "scored_customers": "Those with a score",
	"total_score": "Sum of their scores", "mean_score": "total_score over scored_customers", "at_risk_customers": "Those with a score below 65; NULL if nobody has one", "at_risk_mrr": "MRR of those", "complete": "Whether the month is over"}');

-- Health as a model of this extension has it, from what is mapped.  It is of the
-- beginning of the day, so that it is computed often and all of it once a day: then
-- windows move on for everybody.  Only how many features there are is the same for all
-- customers; whatever else changes is led to the customers that it is about: an
-- event to that of its own, else to that of its user, and whether a user is internal
-- to all that have events of it.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, optional_inputs, key_column, row_key, query, clock_query, key_maps, scopes, description, columns) VALUES
('account_health', 'customers', 920, 'metric', '{customers}', '{events,users,features,tickets,surveys,account_facts,subscriptions,usage}', 'customer', '{customer,model}', $query$
SELECT k.model, h.customer, h.usage_factor, h.engagement_factor, h.outcome_factor, h.relationship_factor, h.support_factor, h.satisfaction_factor, h.growth_factor, h.advocacy_factor, h.score, h.coverage AS coverage_share, h.band, h.weakest_factor, k.at AS scored_at
FROM (SELECT 'retention_health'::text AS model, nudge.civil_date(nudge.as_of(), {zone})::timestamp AT TIME ZONE {zone} AS at) k,
	LATERAL nudge.account_health({customers@}, k.at, {events@}, {users@}, {features?}, {tickets@}, {surveys@}, {account_facts@}, {subscriptions@}, {usage@}, k.model, {zone}) h$query$,
	'SELECT t FROM nudge.period_ticks(''day'', {zone}) t',
	'{"events": ["customer", {"column": "user", "query": "SELECT u.\"user\", u.customer FROM {users*} u"}], "users": ["customer", {"column": "user", "query": "SELECT e.\"user\", e.customer FROM {events*} e"}]}',
	jsonb_build_object('events', $scope$SELECT i.* FROM nudge_staging.events i WHERE i.customer = ANY (nudge.batch_keys('SELECT unnest($1)'))
UNION ALL
SELECT i.* FROM nudge_staging.events i WHERE i.customer IS NULL AND i."user" = ANY (nudge.batch_keys('SELECT u."user" FROM {users*} u WHERE u.customer = ANY ($1)'))$scope$,
		'users', $scope$SELECT i.* FROM nudge_staging.users i WHERE i.customer = ANY (nudge.batch_keys('SELECT unnest($1)'))
UNION ALL
SELECT i.* FROM nudge_staging.users i WHERE (i.customer = ANY (nudge.batch_keys('SELECT unnest($1)'))) IS NOT TRUE AND i."user" = ANY (nudge.batch_keys('SELECT e."user" FROM {events*} e WHERE e.customer = ANY ($1)'))$scope$)
	|| (SELECT jsonb_object_agg(i, format('SELECT i.* FROM nudge_staging.%s i WHERE i.customer = ANY (nudge.batch_keys(''SELECT unnest($1)''))', i)) FROM unnest('{customers,tickets,surveys,account_facts,subscriptions,usage}'::text[]) i),
	'Health of customers by the model retention_health, of what was known as the present day began. Grain: model and customer',
	'{"model": "Model of the score", "customer": "Customer", "usage_factor": "Use of the product, 0 to 100", "engagement_factor": "How evenly, and by how many", "outcome_factor": "Whether it gets what was agreed", "relationship_factor": "Who is known there, and how they think", "support_factor": "Few tickets, solved soon and well", "satisfaction_factor": "Answers to surveys",
	"growth_factor": "Growth of seats and of metered use", "advocacy_factor": "Whether it speaks for us", "score": "Score by the model, 0 to 100; NULL if nothing is known", "coverage_share": "How much of the weights is known, a fraction", "band": "red, yellow or green; nobody is green of whom less than half is known", "weakest_factor": "Factor that costs the most points", "scored_at": "Beginning of the day: what was known then"}');

-- Health now by what customers are now: the open month of customer_health_by_band in parts.
INSERT INTO nudge.shipped_marts (name, subject, place, layer, inputs, key_column, row_key, query, clock_query, description, columns) VALUES
('customer_health_by_dimension', 'customers', 1230, 'metric', '{scores,customers,subscriptions}', 'dimension', '{dimension,value,currency,band}', $query$
SELECT s.dimension, s.value, k.currency, b.band, sum(s.customers)::bigint AS customers, sum(round(s.mrr * x.rate, 6)) AS mrr, sum(s.scored_customers)::bigint AS scored_customers, sum(s.total_score) AS total_score, sum(s.total_score) / nullif(sum(s.scored_customers), 0) AS mean_score,
	CASE WHEN sum(s.scored_customers) > 0 THEN sum(s.at_risk_customers)::bigint END AS at_risk_customers, CASE WHEN sum(s.scored_customers) > 0 THEN sum(round(s.at_risk_mrr * x.rate, 6)) END AS at_risk_mrr
FROM (
	SELECT CASE WHEN c.segment IS NOT NULL THEN 'segment' WHEN c.industry IS NOT NULL THEN 'industry' WHEN c.company_size IS NOT NULL THEN 'company_size' WHEN c.region IS NOT NULL THEN 'region' WHEN c.growth_tier IS NOT NULL THEN 'growth_tier' WHEN c.sales_channel IS NOT NULL THEN 'sales_channel' WHEN c.plan IS NOT NULL THEN 'plan' WHEN c.product_mix IS NOT NULL THEN 'product_mix' WHEN c.tenure IS NOT NULL THEN 'tenure' ELSE 'initial_contract_size' END AS dimension,
		coalesce(c.segment, c.industry, c.company_size, c.region, c.growth_tier, c.sales_channel, c.plan, c.product_mix, c.tenure, c.initial_contract_size) AS value,
		c.currency, c.band, count(*) AS customers, sum(c.mrr) AS mrr, count(c.score) AS scored_customers, sum(c.score) AS total_score, count(*) FILTER (WHERE c.at_risk) AS at_risk_customers, coalesce(sum(c.mrr) FILTER (WHERE c.at_risk), 0) AS at_risk_mrr
	FROM (
		SELECT t.currency, t.mrr, coalesce(h.band, '(none)') AS band, round(h.score::numeric, 6) AS score, h.at_risk,
			nudge.attribute_label('segment', d.segment) AS segment, nudge.attribute_label('industry', d.industry) AS industry, nudge.attribute_label('company_size', d.company_size) AS company_size, nudge.attribute_label('region', d.region) AS region, nudge.attribute_label('growth_tier', d.growth_tier) AS growth_tier, nudge.attribute_label('sales_channel', d.sales_channel) AS sales_channel, nudge.attribute_label('plan', p.plan) AS plan, nudge.attribute_label('product_mix', p.product_mix) AS product_mix, nudge.attribute_label('tenure', p.tenure) AS tenure, nudge.attribute_label('initial_contract_size', p.initial_contract_size) AS initial_contract_size
		FROM nudge_analytics.customer_mrr_timeline t LEFT JOIN nudge_analytics.customer_health h ON h.customer = t.customer
			LEFT JOIN nudge_analytics.dim_customers d ON d.customer = t.customer LEFT JOIN nudge_analytics.customer_products p ON p.customer = t.customer
		WHERE t.started_at < nudge.as_of() AND (t.ended_at >= nudge.as_of() OR t.ended_at IS NULL) AND t.mrr > 0
	) c
	-- labels are never NULL: one that is there is what is grouped by
	GROUP BY c.currency, c.band, GROUPING SETS ((c.segment), (c.industry), (c.company_size), (c.region), (c.growth_tier), (c.sales_channel), (c.plan), (c.product_mix), (c.tenure), (c.initial_contract_size))
) s
	LEFT JOIN {rates} f ON f.currency = s.currency,
	LATERAL (SELECT coalesce({base}, s.currency) AS currency) k,
	LATERAL (SELECT nudge.rate_to(f.rates, s.currency, k.currency, nudge.civil_date(nudge.as_of(), {zone})) AS rate) x,
	LATERAL (VALUES (s.band), ('all')) b(band)
GROUP BY s.dimension, s.value, k.currency, b.band$query$,
	$clock$SELECT d, nudge.as_of() FROM unnest('{segment,industry,company_size,region,growth_tier,sales_channel,plan,product_mix,tenure,initial_contract_size}'::text[]) d$clock$,
	'Customers with MRR now, and their MRR, by band of health and value of a dimension, both as they are now, with a band all for all of them. Grain: dimension, value, currency and band',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "value": "Value of the customers now; (none) for those without", "currency": "Currency converted to, as by mrr_consolidated", "band": "red below 60, yellow, green from 80; (none) for those without a score, all for all customers: do not add it to the others",
	"customers": "Customers with MRR now", "mrr": "Their MRR", "scored_customers": "Those with a score", "total_score": "Sum of their scores", "mean_score": "total_score over scored_customers", "at_risk_customers": "Those with a score below 65; NULL if nobody has one", "at_risk_mrr": "MRR of those"}');

-- Clients fail on NaN and infinity, and numeric(24,6) on what is larger.  Inlined,
-- so not STRICT, and naming its argument once: NaN, and NULL, are the greater.
CREATE OR REPLACE FUNCTION nudge.finite(value numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN nullif(nullif(greatest(-999999999999999999, least(value, 999999999999999999)), 999999999999999999), -999999999999999999);

COMMENT ON FUNCTION nudge.finite(numeric) IS 'Works for nudge_reporting: a number, or NULL if it is NaN, infinite or too large for numeric(24,6). Not STRICT: NULL is NULL';

-- src/reporting/metrics_revenue.sql

/*
 * metrics_revenue.sql
 *		Shipped metrics about revenue.
 *
 * Rules: doc/reporting.md; definitions: doc/revenue.md, doc/revenue_rates.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('mrr', 'revenue', 100, 'MRR', 'currency', 'up', 'balance', 'month', 'closing_mrr', 'Monthly recurring revenue as the period closes.'),
('arr', 'revenue', 101, 'ARR', 'currency', 'up', 'balance', 'month', '12 * closing_mrr', 'Annual recurring revenue as the period closes: 12 times MRR.'),
('new_mrr', 'revenue', 102, 'New MRR', 'currency', 'up', 'additive', 'month', 'new_mrr', 'MRR of customers that had none before.'),
('reactivation_mrr', 'revenue', 103, 'Reactivation MRR', 'currency', 'up', 'additive', 'month', 'reactivation_mrr', 'MRR of customers that had had some, and none as the period opened.'),
('expansion_mrr', 'revenue', 104, 'Expansion MRR', 'currency', 'up', 'additive', 'month', 'expansion_mrr', 'MRR that customers have more than as the period opened.'),
('contraction_mrr', 'revenue', 105, 'Contraction MRR', 'currency', 'up', 'additive', 'month', 'contraction_mrr', 'MRR that customers have less than as the period opened: 0 or negative.'),
('churn_mrr', 'revenue', 106, 'Churned MRR', 'currency', 'up', 'additive', 'month', 'churn_mrr', 'MRR of customers that have none any more: 0 or negative.'),
('net_new_mrr', 'revenue', 107, 'Net new MRR', 'currency', 'up', 'additive', 'month', 'new_mrr + reactivation_mrr + expansion_mrr + contraction_mrr + churn_mrr + fx_mrr', 'All movements of MRR: closing less opening.'),
('mrr_growth_rate', 'revenue', 108, 'MRR growth', 'rate', 'up', 'not additive', 'month', 'net_new_mrr / opening_mrr', 'Growth of MRR over one period, as a fraction.'),
('churned_mrr_rate', 'revenue', 109, 'Churned MRR rate', 'rate', 'down', 'not additive', 'month', '-churn_mrr / opening_mrr', 'MRR of customers that left over opening MRR, contraction not counted.'),
('gross_mrr_churn_rate', 'revenue', 110, 'Gross MRR churn', 'rate', 'down', 'not additive', 'month', '-(churn_mrr + contraction_mrr) / opening_mrr', 'MRR lost by churn and contraction over opening MRR.'),
('expansion_rate', 'revenue', 111, 'Expansion rate', 'rate', 'up', 'not additive', 'month', 'expansion_mrr / opening_mrr', 'Expansion MRR over opening MRR.'),
('contraction_rate', 'revenue', 112, 'Contraction rate', 'rate', 'down', 'not additive', 'month', '-contraction_mrr / opening_mrr', 'Contraction MRR over opening MRR.'),
('monthly_net_revenue_retention_rate', 'revenue', 113, 'Net revenue retention, one month', 'rate', 'up', 'not additive', 'month', '(opening_mrr + expansion_mrr + contraction_mrr + churn_mrr) / opening_mrr',
	'MRR of the customers of a month before over what it was then. Of one month: thresholds for twelve months do not fit it.'),
('monthly_gross_revenue_retention_rate', 'revenue', 114, 'Gross revenue retention, one month', 'rate', 'up', 'not additive', 'month', '(opening_mrr + contraction_mrr + churn_mrr) / opening_mrr',
	'The same without expansion: never above 1. Of one month: thresholds for twelve months do not fit it.'),
('quick_ratio', 'revenue', 115, 'Quick ratio', 'ratio', 'up', 'not additive', 'month', '(new_mrr + expansion_mrr) / -(contraction_mrr + churn_mrr)', 'MRR won over MRR lost; none if nothing was lost.'),
('arpa', 'revenue', 116, 'ARPA', 'currency', 'up', 'not additive', 'month', 'closing_mrr / closing_customers', 'MRR per customer that has some, as the period closes.'),
('net_revenue_retention_rate', 'revenue', 117, 'Net revenue retention', 'rate', 'up', 'not additive', 'month', '(opening_mrr + expansion_mrr + contraction_mrr + churn_mrr) / opening_mrr', 'MRR of the customers of 12 months before, as the period closes, over what it was then (NRR).'),
('gross_revenue_retention_rate', 'revenue', 118, 'Gross revenue retention', 'rate', 'up', 'not additive', 'month', '(opening_mrr + contraction_mrr + churn_mrr) / opening_mrr', 'The same with each customer counted at no more than it paid 12 months before (GRR): never above 1.'),
('paying_customers', 'customers', 120, 'Paying customers', 'count', 'up', 'balance', 'month', 'closing_customers', 'Customers with MRR as the period closes.'),
('new_customers', 'customers', 121, 'New customers', 'count', 'up', 'additive', 'month', 'new_customers', 'Customers that had no MRR before; reactivated ones are not new.'),
('churned_customers', 'customers', 122, 'Churned customers', 'count', 'down', 'additive', 'month', 'churned_customers', 'Customers that have no MRR any more.'),
('logo_churn_rate', 'customers', 123, 'Customer churn rate', 'rate', 'down', 'not additive', 'month', 'churned_customers / opening_customers', 'Share of the opening customers that left.'),
('logo_retention_rate', 'customers', 124, 'Customer retention', 'rate', 'up', 'not additive', 'month', '(opening_customers - churned_customers) / opening_customers', 'Share of the customers of 12 months before that have MRR as the period closes.');

INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, currency, value, numerator, denominator) VALUES
('mrr', 'month', 'mrr_consolidated', 'currency', 'closing_mrr', NULL, NULL),
('arr', 'month', 'mrr_consolidated', 'currency', '12 * closing_mrr', NULL, NULL),
('new_mrr', 'month', 'mrr_consolidated', 'currency', 'new_mrr', NULL, NULL),
('reactivation_mrr', 'month', 'mrr_consolidated', 'currency', 'reactivation_mrr', NULL, NULL),
('expansion_mrr', 'month', 'mrr_consolidated', 'currency', 'expansion_mrr', NULL, NULL),
('contraction_mrr', 'month', 'mrr_consolidated', 'currency', 'contraction_mrr', NULL, NULL),
('churn_mrr', 'month', 'mrr_consolidated', 'currency', 'churn_mrr', NULL, NULL),
('net_new_mrr', 'month', 'mrr_consolidated', 'currency', 'net_new_mrr', NULL, NULL),
('mrr_growth_rate', 'month', 'mrr_consolidated', 'currency', NULL, 'net_new_mrr', 'opening_mrr'),
('churned_mrr_rate', 'month', 'mrr_consolidated', 'currency', NULL, '-churn_mrr', 'opening_mrr'),
('gross_mrr_churn_rate', 'month', 'mrr_consolidated', 'currency', NULL, '-(churn_mrr + contraction_mrr)', 'opening_mrr'),
('expansion_rate', 'month', 'mrr_consolidated', 'currency', NULL, 'expansion_mrr', 'opening_mrr'),
('contraction_rate', 'month', 'mrr_consolidated', 'currency', NULL, '-contraction_mrr', 'opening_mrr'),
('monthly_net_revenue_retention_rate', 'month', 'mrr_consolidated', 'currency', NULL, 'opening_mrr + expansion_mrr + contraction_mrr + churn_mrr', 'opening_mrr'),
('monthly_gross_revenue_retention_rate', 'month', 'mrr_consolidated', 'currency', NULL, 'opening_mrr + contraction_mrr + churn_mrr', 'opening_mrr'),
('quick_ratio', 'month', 'mrr_consolidated', 'currency', NULL, 'new_mrr + expansion_mrr', '-(contraction_mrr + churn_mrr)'),
('arpa', 'month', 'mrr_consolidated', 'currency', NULL, 'closing_mrr', 'closing_customers'),
('paying_customers', 'month', 'mrr_consolidated', 'currency', 'closing_customers', NULL, NULL),
('new_customers', 'month', 'mrr_consolidated', 'currency', 'new_customers', NULL, NULL),
('churned_customers', 'month', 'mrr_consolidated', 'currency', 'churned_customers', NULL, NULL),
('logo_churn_rate', 'month', 'mrr_consolidated', 'currency', NULL, 'churned_customers', 'opening_customers');

-- the same by currency, and by what is known of the customers now: converted as the
-- total is, what was there at the rate before, what is at that of now
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, currency, value, numerator, denominator)
SELECT s.metric, s.grain, '''currency''', 'currency', 'mrr_summary', s.currency, s.value, s.numerator, s.denominator FROM nudge.shipped_metric_sources s WHERE s.mart = 'mrr_consolidated';

INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, currency, value, numerator, denominator, condition, aggregated)
SELECT s.metric, s.grain, d.dimension, d.dimension_value, d.mart, 'base_currency', e.value, e.numerator, e.denominator, d.condition, true
FROM nudge.shipped_metric_sources s, (VALUES ('''segment''', 'segment', 'mrr_by_segment', 'segment <> ''all'''), ('dimension', 'value', 'mrr_by_dimension', 'true')) d(dimension, dimension_value, mart, condition),
	LATERAL (SELECT max(c.converted) FILTER (WHERE c.part = 1) AS value, max(c.converted) FILTER (WHERE c.part = 2) AS numerator, max(c.converted) FILTER (WHERE c.part = 3) AS denominator
		FROM (SELECT p.part, 'sum(' || regexp_replace(regexp_replace(replace(p.expression, 'net_new_mrr', '(closing_mrr - opening_mrr)'), '\m(opening|churn)_mrr\M', 'coalesce(round(\1_mrr * opening_rate, 6), 0)', 'g'),
				'\m(closing|new|reactivation|expansion|contraction)_mrr\M', 'round(\1_mrr * closing_rate, 6)', 'g') || ')' AS converted
			FROM unnest(ARRAY[s.value, s.numerator, s.denominator]) WITH ORDINALITY p(expression, part)) c) e
WHERE s.mart = 'mrr_consolidated';

-- Retention of 12 months as each month closes, and as each quarter does.
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, currency, numerator, denominator, period, condition)
SELECT m.metric, g.grain, d.dimension, d.dimension_value, d.mart, 'currency', m.numerator, m.denominator, g.period, g.condition
FROM (VALUES ('net_revenue_retention_rate', 'opening_mrr + expansion_mrr + contraction_mrr + churn_mrr', 'opening_mrr'), ('gross_revenue_retention_rate', 'opening_mrr + contraction_mrr + churn_mrr', 'opening_mrr'),
		('logo_retention_rate', 'opening_customers - churned_customers', 'opening_customers')) m(metric, numerator, denominator),
	(VALUES ('month', 'period', 'true'), ('quarter', 'nudge.period_start(period, ''quarter'', fiscal_year_start => {fiscal_year_start})', 'nudge.period_end(period, ''quarter'', fiscal_year_start => {fiscal_year_start}) = nudge.period_end(period, ''month'')')) g(grain, period, condition),
	(VALUES ('''all''', '''all''', 'revenue_retention'), ('dimension', 'value', 'revenue_retention_by_dimension')) d(dimension, dimension_value, mart);

-- src/reporting/metrics_usage.sql

/*
 * metrics_usage.sql
 *		Shipped metrics about what users do.
 *
 * Rules: doc/reporting.md; definitions: doc/active_users.md, doc/retention.md, doc/features.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('daily_active_users', 'usage', 200, 'Daily active users', 'count', 'up', 'balance', 'day', 'dau', 'Users active on the day (DAU).'),
('weekly_active_users', 'usage', 201, 'Weekly active users', 'count', 'up', 'balance', 'week', 'wau', 'Users active on the 7 days that end with the period (WAU).'),
('monthly_active_users', 'usage', 202, 'Monthly active users', 'count', 'up', 'balance', 'month', 'mau', 'Users active on the 30 days that end with the period (MAU).'),
('stickiness_rate', 'usage', 203, 'Stickiness (DAU/MAU)', 'rate', 'up', 'not additive', 'day', 'dau / mau', 'Share of the monthly active users that are active on the day.'),
('weekly_active_rate', 'usage', 204, 'Weekly active rate', 'rate', 'up', 'not additive', 'week', 'wau / total_users', 'Share of all users that were ever active who are active on the 7 days that end with the period.'),
('daily_active_rate', 'usage', 208, 'Daily active rate', 'rate', 'up', 'not additive', 'day', 'dau / total_users', 'Share of all users that were ever active who are active on the day.'),
('engaged_users', 'usage', 205, 'Engaged users', 'count', 'up', 'balance', 'week', 'qualified_users', 'Users with 3 actions or more in the week.'),
('engaged_user_rate', 'usage', 206, 'Engaged user rate', 'rate', 'up', 'not additive', 'week', 'qualified_users / total_users', 'Share of all users that were ever active who had 3 actions or more in the week.'),
('power_users', 'usage', 207, 'Power users', 'count', 'up', 'balance', 'week', 'power_users', 'Users with more than 10 actions in the week.'),
('active_users', 'usage', 210, 'Active users', 'count', 'up', 'balance', 'month', 'active_users', 'Users active in the calendar week or month.'),
('new_users', 'usage', 211, 'New users', 'count', 'up', 'additive', 'month', 'new_users', 'Users active in the period that never were before.'),
('returning_users', 'usage', 212, 'Returning users', 'count', 'up', 'balance', 'month', 'returning_users', 'Users active in the period and in the one before.'),
('resurrected_users', 'usage', 213, 'Resurrected users', 'count', 'up', 'balance', 'month', 'resurrecting_users', 'Users active in the period and earlier, but not in the one before.'),
('dormant_users', 'usage', 214, 'Dormant users', 'count', 'down', 'balance', 'month', 'dormant_users', 'Users of the period before that were not active in this one.'),
('user_retention_rate', 'usage', 215, 'User retention', 'rate', 'up', 'not additive', 'month', 'returning_users / (returning_users + dormant_users)', 'Share of the active users of the period before that are active in this one.'),
('user_quick_ratio', 'usage', 216, 'User quick ratio', 'ratio', 'up', 'not additive', 'month', '(new_users + resurrected_users) / dormant_users', 'Users won over users lost; none if nobody was lost.'),
('day_1_retention_rate', 'usage', 220, 'Day-1 retention', 'rate', 'up', 'not additive', 'month', 'retained_users / eligible_users', 'Share of the users whose first active day is in the month that are active on day 1 after it; the month is over once that day is over for all of them.'),
('day_7_retention_rate', 'usage', 221, 'Day-7 retention', 'rate', 'up', 'not additive', 'month', 'retained_users / eligible_users', 'Share of the users whose first active day is in the month that are active on day 7 after it; the month is over once that day is over for all of them.'),
('day_30_retention_rate', 'usage', 222, 'Day-30 retention', 'rate', 'up', 'not additive', 'month', 'retained_users / eligible_users', 'Share of the users whose first active day is in the month that are active on day 30 after it; the month is over once that day is over for all of them.'),
('day_90_retention_rate', 'usage', 223, 'Day-90 retention', 'rate', 'up', 'not additive', 'month', 'retained_users / eligible_users', 'Share of the users whose first active day is in the month that are active on day 90 after it; the month is over once that day is over for all of them.'),
('feature_discovery_rate', 'usage', 230, 'Feature discovery', 'rate', 'up', 'not additive', 'month', 'discovered_users / users', 'Share of users with any event of the feature by the end of the month; over all features their mean.'),
('feature_adoption_rate', 'usage', 231, 'Feature adoption', 'rate', 'up', 'not additive', 'month', 'tried_users / users', 'Share of users that have used the feature by the end of the month; over all features their mean.'),
('feature_adopted_rate', 'usage', 232, 'Feature adopted (3 uses)', 'rate', 'up', 'not additive', 'month', 'adopted_users / users', 'Share of users that have used the feature 3 times or more by the end of the month; over all features their mean.'),
('feature_habit_rate', 'usage', 233, 'Feature in weekly use', 'rate', 'up', 'not additive', 'month', 'habitual_users / users', 'Share of users that used the feature in each of the last 4 whole weeks; over all features their mean.'),
('feature_usage_frequency', 'usage', 234, 'Uses per user of a feature', 'ratio', 'up', 'not additive', 'month', 'uses / tried_users', 'Uses of the feature so far per user that has used it.');

-- Days of active_users are over; a week or month is its last day, the present one
-- its last day so far.  Rows whose 30 days the data do not go back to are left out.
INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, value, numerator, denominator, period, complete, condition)
SELECT m.metric, g.grain, 'active_users', m.value, m.numerator, m.denominator, g.period, g.complete, concat_ws(' AND ', m.condition, g.condition)
FROM (VALUES ('daily_active_users', 'dau', NULL, NULL, NULL), ('weekly_active_users', 'wau', NULL, NULL, NULL), ('monthly_active_users', 'mau', NULL, NULL, 'complete'), ('stickiness_rate', NULL, 'dau', 'mau', 'complete'),
		('daily_active_rate', NULL, 'dau', 'total_users', NULL), ('weekly_active_rate', NULL, 'wau', 'total_users', NULL)) m(metric, value, numerator, denominator, condition),
	(VALUES ('day', 'day', 'true', 'true'),
		('week', 'nudge.period_start(day, ''week'', {week_start})', 'day = nudge.period_end(day, ''week'', {week_start}) - 1', '(day = nudge.period_end(day, ''week'', {week_start}) - 1 OR day = (SELECT max(l.day) FROM nudge_analytics.active_users l))'),
		('month', 'nudge.period_start(day, ''month'')', 'day = nudge.period_end(day, ''month'') - 1', '(day = nudge.period_end(day, ''month'') - 1 OR day = (SELECT max(l.day) FROM nudge_analytics.active_users l))')) g(grain, period, complete, condition)
WHERE g.grain = 'day' OR (m.metric, g.grain) IN (('weekly_active_users', 'week'), ('weekly_active_rate', 'week'), ('monthly_active_users', 'month'));

INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, value, numerator, denominator, condition)
SELECT m.metric, g.grain, 'lifecycle', m.value, m.numerator, m.denominator, format('grain = %L', g.grain)
FROM (VALUES ('active_users', 'active_users', NULL, NULL), ('new_users', 'new_users', NULL, NULL), ('returning_users', 'returning_users', NULL, NULL), ('resurrected_users', 'resurrecting_users', NULL, NULL), ('dormant_users', 'dormant_users', NULL, NULL),
		('user_retention_rate', NULL, 'returning_users', 'returning_users + dormant_users'), ('user_quick_ratio', NULL, 'new_users + resurrecting_users', 'dormant_users')) m(metric, value, numerator, denominator),
	(VALUES ('week'), ('month')) g(grain);

INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, value, numerator, denominator) VALUES
('engaged_users', 'week', 'user_classes', 'qualified_users', NULL, NULL),
('engaged_user_rate', 'week', 'user_classes', NULL, 'qualified_users', 'total_users'),
('power_users', 'week', 'user_classes', 'power_users', NULL, NULL);

INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, numerator, denominator, condition)
SELECT format('day_%s_retention_rate', a.age), 'month', 'user_retention', 'retained_users', 'eligible_users', format('age = %s', a.age) FROM (VALUES (1), (7), (30), (90)) a(age);

-- of all features: the sums, whose ratio is the mean
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, numerator, denominator, aggregated)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'feature_adoption_by_month', replace(d.form, '%s', m.numerator), replace(d.form, '%s', m.denominator), d.dimension = '''all'''
FROM (VALUES ('feature_discovery_rate', 'discovered_users', 'users'), ('feature_adoption_rate', 'tried_users', 'users'), ('feature_adopted_rate', 'adopted_users', 'users'), ('feature_habit_rate', 'habitual_users', 'users'),
		('feature_usage_frequency', 'uses', 'tried_users')) m(metric, numerator, denominator),
	(VALUES ('''all''', '''all''', 'sum(%s)'), ('''feature''', 'feature', '%s')) d(dimension, dimension_value, form);

-- The same by what users and their accounts are now: of days those that the mart
-- has one after the other, and what is of a day alone, or most values would be days.
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, period, complete, condition)
SELECT s.metric, s.grain, 'dimension', 'value', s.mart || '_by_dimension', s.value, s.numerator, s.denominator, s.period, s.complete,
	CASE WHEN s.grain = 'day' THEN s.condition || ' AND every_day' ELSE replace(s.condition, 'nudge_analytics.active_users l', 'nudge_analytics.active_users_by_dimension l') END
FROM nudge.shipped_metric_sources s JOIN nudge.shipped_metrics m USING (metric) WHERE s.mart IN ('active_users', 'lifecycle', 'user_classes', 'user_retention') AND (s.grain <> 'day' OR m.grain = 'day');

-- Activation, by a definition of yours.
INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('sign_ups', 'usage', 900, 'Sign-ups', 'count', 'up', 'additive', 'month', 'sign_ups', 'Users that signed up in the period, but internal ones. Of days that are over.'),
('activation_rate', 'usage', 901, 'Activation', 'rate', 'up', 'not additive', 'month', 'activated_users / eligible_users', 'Share of the users that signed up in the period who did something of the action set activation within 24 hours; the period is over once these are for all. Not known without rows of this name in nudge.action_sets.'),
('week_activation_rate', 'usage', 902, 'Activation within 7 days', 'rate', 'up', 'not additive', 'month', 'week_activated_users / week_eligible_users', 'Share of the users that signed up in the period who did something of the action set activation within 7 days; the period is over once these are for all.'),
('time_to_activate', 'usage', 903, 'Time to activate, median', 'hours', 'down', 'not additive', 'month', 'median of activated_at - signed_up_at', 'Median time from signing up to the first action of the set activation, of the users that did one within 7 days.');

INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, complete, condition)
SELECT m.metric, g.grain, d.dimension, d.dimension_value, 'activation', m.value, m.numerator, m.denominator, m.complete, format('grain = %L AND dimension %s ''all''', g.grain, d.operator)
FROM (VALUES ('sign_ups', 'sign_ups', NULL, NULL, 'period_complete'), ('activation_rate', NULL, 'activated_users', 'eligible_users', 'complete'), ('week_activation_rate', NULL, 'week_activated_users', 'week_eligible_users', 'week_complete'),
		('time_to_activate', 'median_seconds_to_activate / 3600', NULL, NULL, 'week_complete')) m(metric, value, numerator, denominator, complete),
	(VALUES ('week'), ('month')) g(grain), (VALUES ($$'all'$$, $$'all'$$, '='), ('dimension', 'value', '<>')) d(dimension, dimension_value, operator);

-- src/reporting/metrics_support.sql

/*
 * metrics_support.sql
 *		Shipped metrics about support.
 *
 * Rules: doc/reporting.md; definitions: doc/support.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('tickets_opened', 'support', 300, 'Tickets opened', 'count', 'down', 'additive', 'month', 'tickets_total', 'Tickets that were opened.'),
('tickets_resolved', 'support', 301, 'Tickets resolved', 'count', 'up', 'additive', 'month', 'tickets_resolved', 'Tickets that were resolved, whenever they were opened.'),
('ticket_backlog', 'support', 302, 'Ticket backlog', 'count', 'down', 'balance', 'month', 'closing_tickets', 'Tickets that are open as the period closes.'),
('backlog_age_days', 'support', 303, 'Age of the backlog', 'days', 'down', 'not additive', 'month', 'mean_age_days', 'Mean age of the tickets that are open as the period closes.'),
('tickets_per_customer', 'support', 304, 'Tickets per customer', 'ratio', 'down', 'not additive', 'month', 'tickets_total / customers_total', 'Tickets that were opened over the customers at the end of the period; needs customers.'),
('first_response_time', 'support', 305, 'First response time', 'minutes', 'down', 'not additive', 'month', 'median_first_response_minutes', 'Median of the minutes from opening to the first response, of the tickets opened in the period.'),
('resolution_time', 'support', 306, 'Resolution time', 'minutes', 'down', 'not additive', 'month', 'median_resolution_minutes', 'Median of the minutes from opening to the resolution, of the tickets opened in the period.'),
('first_response_sla_rate', 'support', 307, 'First response within SLA', 'rate', 'up', 'not additive', 'month', 'first_response_sla_met / (first_response_sla_met + first_response_sla_breached)', 'Share of first responses, due or given, that met their target; tickets that wait within it do not count yet.'),
('resolution_sla_rate', 'support', 308, 'Resolution within SLA', 'rate', 'up', 'not additive', 'month', 'resolution_sla_met / (resolution_sla_met + resolution_sla_breached)', 'Share of resolutions, due or given, that met their target; tickets that are open within it do not count yet.'),
('csat', 'support', 309, 'CSAT', 'score', 'up', 'not additive', 'month', 'mean_csat', 'Mean score of the tickets with one, on its own scale.'),
('ticket_resolution_rate', 'support', 310, 'Ticket resolution', 'rate', 'up', 'not additive', 'month', 'tickets_resolved / tickets_total', 'Share of the tickets opened in the period that are resolved.'),
('ticket_reopen_rate', 'support', 311, 'Ticket reopening', 'rate', 'down', 'not additive', 'month', 'tickets_reopened / tickets_once_resolved', 'Share of the tickets that were resolved once that were opened again.'),
('ticket_escalation_rate', 'support', 312, 'Ticket escalation', 'rate', 'down', 'not additive', 'month', 'tickets_escalated / escalation_known', 'Share of tickets that were escalated, of those of which it is known.'),
('one_touch_resolution_rate', 'support', 313, 'One-touch resolution', 'rate', 'up', 'not additive', 'month', 'tickets_one_touch / contacts_known', 'Share of resolved tickets with one contact that stayed closed, of those with a number of contacts.');

-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'support_performance', m.value, m.numerator, m.denominator, CASE d.dimension WHEN 'dimension' THEN coalesce(m.slices, 'dimension <> ''all''') ELSE 'dimension = ''all''' END
FROM (VALUES
	('tickets_opened', 'tickets_total', NULL, NULL, NULL),
	('tickets_per_customer', NULL, 'tickets_total', 'customers_total', 'dimension = ''segment'''),
	('first_response_time', 'median_first_response_minutes', NULL, NULL, NULL),
	('resolution_time', 'median_resolution_minutes', NULL, NULL, NULL),
	('first_response_sla_rate', NULL, 'first_response_sla_met', 'first_response_sla_met + first_response_sla_breached', NULL),
	('resolution_sla_rate', NULL, 'resolution_sla_met', 'resolution_sla_met + resolution_sla_breached', NULL),
	('csat', 'mean_csat', 'mean_csat * csat_answers', 'csat_answers', NULL),
	('ticket_resolution_rate', NULL, 'tickets_resolved', 'tickets_total', NULL),
	('ticket_reopen_rate', NULL, 'tickets_reopened', 'tickets_once_resolved', NULL),
	('ticket_escalation_rate', NULL, 'tickets_escalated', 'escalation_known', NULL),
	('one_touch_resolution_rate', NULL, 'tickets_one_touch', 'contacts_known', NULL)
) m(metric, value, numerator, denominator, slices),
	(VALUES ('''all''', '''all'''), ('dimension', 'coalesce(value, ''(none)'')')) d(dimension, dimension_value)
-- what has no slices
WHERE d.dimension <> 'dimension' OR m.slices IS DISTINCT FROM 'false';

-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'support_backlog', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES
	('tickets_resolved', 'tickets_resolved', NULL, NULL),
	('ticket_backlog', 'closing_tickets', NULL, NULL),
	('backlog_age_days', 'mean_age_days', NULL, NULL)
) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'coalesce(value, ''(none)'')', 'dimension <> ''all''')) d(dimension, dimension_value, condition);

-- src/reporting/metrics_nps.sql

/*
 * metrics_nps.sql
 *		Shipped metrics about the net promoter score.
 *
 * Rules: doc/reporting.md; definitions: doc/satisfaction.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('nps', 'customers', 330, 'NPS', 'score', 'up', 'not additive', 'month', '100 * (promoters - detractors) / answered', 'Net promoter score of the surveys sent in the period, -100 to 100.'),
('nps_responses', 'customers', 331, 'NPS responses', 'count', 'up', 'additive', 'month', 'answered', 'Surveys sent in the period that were answered.'),
('nps_response_rate', 'customers', 332, 'NPS response rate', 'rate', 'up', 'not additive', 'month', 'answered / asked', 'Share of the surveys sent in the period that were answered.');

-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'nps', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES
	('nps', 'score', '100 * (promoters - detractors)', 'answered'),
	('nps_responses', 'answered', NULL, NULL),
	('nps_response_rate', NULL, 'answered', 'asked')
) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'coalesce(value, ''(none)'')', 'dimension <> ''all''')) d(dimension, dimension_value, condition);

-- src/reporting/metrics_sales.sql

/*
 * metrics_sales.sql
 *		Shipped metrics about sales.
 *
 * Rules: doc/reporting.md; definitions: doc/sales.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('pipeline_value', 'sales', 350, 'Pipeline value', 'currency', 'up', 'balance', 'month', 'open_amount', 'Amount of the deals that are open as the period closes.'),
('weighted_pipeline_value', 'sales', 351, 'Weighted pipeline value', 'currency', 'up', 'balance', 'month', 'weighted_amount', 'The same times the probability of the stage of each; NULL without stages.'),
('open_deals', 'sales', 352, 'Open deals', 'count', 'up', 'balance', 'month', 'open_deals', 'Deals that are open as the period closes.'),
('deals_created', 'sales', 353, 'Deals created', 'count', 'up', 'additive', 'month', 'deals_created', 'Deals that were created.'),
('deals_closed', 'sales', 354, 'Deals closed', 'count', 'up', 'additive', 'month', 'deals_closed', 'Deals that were closed, with whatever outcome.'),
('deals_won', 'sales', 355, 'Deals won', 'count', 'up', 'additive', 'month', 'won', 'Deals that were won.'),
('closed_won_amount', 'sales', 356, 'Closed-won amount', 'currency', 'up', 'additive', 'month', 'won_amount', 'Amount of the deals that were won.'),
('average_deal_size', 'sales', 357, 'Average deal size', 'currency', 'up', 'not additive', 'month', 'won_amount / won', 'Mean amount of the deals that were won.'),
('win_rate', 'sales', 358, 'Win rate', 'rate', 'up', 'not additive', 'month', 'won / (won + lost + no_decision)', 'Share of the deals closed in the period that were won; closed without a decision is lost, without an outcome is left out.'),
('win_rate_by_amount', 'sales', 359, 'Win rate by amount', 'rate', 'up', 'not additive', 'month', 'won_amount / (won_amount + lost_amount)', 'The same by amount.'),
('sales_cycle_days', 'sales', 360, 'Sales cycle', 'days', 'down', 'not additive', 'month', 'mean_cycle_days', 'Mean days from creation to close of the deals that were won.'),
('median_sales_cycle_days', 'sales', 361, 'Sales cycle, median', 'days', 'down', 'not additive', 'month', 'median_cycle_days', 'Median days from creation to close of the deals that were won.'),
('sales_velocity', 'sales', 362, 'Sales velocity', 'currency', 'up', 'not additive', 'month', 'qualified_deals * average_deal_size * win_rate / mean_cycle_days', 'Amount a day that the qualified open deals promise.'),
('quota_attainment_rate', 'sales', 363, 'Quota attainment', 'rate', 'up', 'not additive', 'month', 'won_amount / quota', 'Amount won over the quota of the period.'),
('pipeline_coverage', 'sales', 364, 'Pipeline coverage', 'ratio', 'up', 'not additive', 'month', 'open_amount / quota', 'Pipeline value over the quota of the period.'),
('sales_activities', 'sales', 365, 'Sales activities', 'count', 'up', 'additive', 'month', 'activities_done', 'Calls, meetings and other activities of sales.'),
('activities_per_deal_won', 'sales', 366, 'Activities per deal won', 'ratio', 'down', 'not additive', 'month', 'activities_done / deals_won', 'Sales activities of the period over the deals won in it.');

-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, currency, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'sales_performance', m.value, m.numerator, m.denominator, CASE (SELECT k.unit FROM nudge.shipped_metrics k WHERE k.metric = m.metric) WHEN 'currency' THEN 'currency' ELSE 'NULL' END, d.condition
FROM (VALUES
	('pipeline_value', 'open_amount', NULL, NULL),
	('weighted_pipeline_value', 'weighted_amount', NULL, NULL),
	('open_deals', 'open_deals', NULL, NULL),
	('deals_created', 'deals_created', NULL, NULL),
	('deals_closed', 'deals_closed', NULL, NULL),
	('deals_won', 'won', NULL, NULL),
	('closed_won_amount', 'won_amount', NULL, NULL),
	('average_deal_size', NULL, 'won_amount', 'won'),
	('win_rate', NULL, 'won', 'won + lost + no_decision'),
	('win_rate_by_amount', NULL, 'won_amount', 'won_amount + lost_amount'),
	('sales_cycle_days', 'mean_cycle_days', 'mean_cycle_days * cycle_deals', 'cycle_deals'),
	('median_sales_cycle_days', 'median_cycle_days', NULL, NULL),
	('sales_velocity', 'sales_velocity', NULL, NULL),
	('quota_attainment_rate', NULL, 'won_amount', 'quota'),
	('pipeline_coverage', NULL, 'open_amount', 'quota')
) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'coalesce(value, ''(none)'')', 'dimension <> ''all''')) d(dimension, dimension_value, condition);

INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'sales_activity', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES ('sales_activities', 'activities_done', NULL, NULL), ('activities_per_deal_won', NULL, 'activities_done', 'deals_won')) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'' AND kind = ''all'''), ('dimension', 'coalesce(value, ''(none)'')', 'dimension <> ''all'' AND kind = ''all'''), ('''kind''', 'kind', 'dimension = ''all'' AND kind <> ''all''')) d(dimension, dimension_value, condition);

-- src/reporting/metrics_platform.sql

/*
 * metrics_platform.sql
 *		Shipped metrics about the platform.
 *
 * Rules: doc/reporting.md; definitions: doc/reliability.md, doc/performance.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('uptime_rate', 'platform', 400, 'Uptime', 'rate', 'up', 'not additive', 'month', '(considered_minutes - downtime_minutes) / considered_minutes', 'Share of the time without planned maintenance that was not down; marts and uptime() call this fraction uptime_share. All services together are down if one is.'),
('downtime_minutes', 'platform', 401, 'Downtime', 'minutes', 'down', 'not additive', 'month', 'downtime_minutes', 'Minutes down, outside planned maintenance.'),
('outages', 'platform', 402, 'Outages', 'count', 'down', 'not additive', 'month', 'outages', 'Stretches of downtime.'),
('incidents', 'platform', 403, 'Incidents', 'count', 'down', 'additive', 'month', 'incidents_started', 'Incidents that began.'),
('mttr', 'platform', 404, 'MTTR', 'minutes', 'down', 'not additive', 'month', 'mttr_minutes', 'Mean time to resolve: from beginning to end, of the incidents that began in the period and are over.'),
('mttd', 'platform', 405, 'MTTD', 'minutes', 'down', 'not additive', 'month', 'mttd_minutes', 'Mean time to detect: from beginning to detection.'),
('mtbf', 'platform', 406, 'MTBF', 'minutes', 'up', 'not additive', 'month', '(total_minutes - incident_minutes) / failures', 'Mean time between failures: minutes without an incident over stretches of incidents that began.'),
('requests', 'platform', 410, 'Requests', 'count', 'neutral', 'additive', 'month', 'request_count', 'Requests.'),
('requests_per_second', 'platform', 411, 'Throughput', 'ratio', 'up', 'not additive', 'month', 'request_count / seconds', 'Requests a second, on average over the period so far.'),
('p50_latency', 'platform', 412, 'Latency, median', 'milliseconds', 'down', 'not additive', 'month', 'p50_ms', 'Median duration of requests, to within 1%.'),
('p95_latency', 'platform', 413, 'Latency, p95', 'milliseconds', 'down', 'not additive', 'month', 'p95_ms', 'Duration that 95% of requests do not exceed, to within 1%.'),
('p99_latency', 'platform', 414, 'Latency, p99', 'milliseconds', 'down', 'not additive', 'month', 'p99_ms', 'Duration that 99% of requests do not exceed, to within 1%.'),
('error_rate', 'platform', 415, 'Error rate', 'rate', 'down', 'not additive', 'month', 'errors / requests_with_outcome', 'Share of requests that failed, of those of which it is known.');

-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'platform_uptime', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES
	('uptime_rate', NULL, 'considered_minutes - downtime_minutes', 'considered_minutes'),
	('downtime_minutes', 'downtime_minutes', NULL, NULL),
	('outages', 'outages', NULL, NULL)
) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'coalesce(value, ''(none)'')', 'dimension <> ''all''')) d(dimension, dimension_value, condition);

-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'incident_summary', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES
	('incidents', 'incidents_started', NULL, NULL),
	('mttr', 'mttr_minutes', NULL, NULL),
	('mttd', 'mttd_minutes', 'mttd_minutes * detected_incidents', 'detected_incidents'),
	('mtbf', 'mtbf_minutes', 'total_minutes - incident_minutes', 'failures')
) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'coalesce(value, ''(none)'')', 'dimension <> ''all''')) d(dimension, dimension_value, condition);

-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'platform_performance', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES
	('requests', 'request_count', NULL, NULL),
	('requests_per_second', 'requests_per_second', NULL, NULL),
	('p50_latency', 'p50_ms', NULL, NULL),
	('p95_latency', 'p95_ms', NULL, NULL),
	('p99_latency', 'p99_ms', NULL, NULL),
	('error_rate', NULL, 'errors', 'requests_with_outcome')
) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'coalesce(value, ''(none)'')', 'dimension <> ''all''')) d(dimension, dimension_value, condition);

-- src/reporting/metrics_engineering.sql

/*
 * metrics_engineering.sql
 *		Shipped metrics about engineering.
 *
 * Rules: doc/reporting.md; definitions: doc/delivery.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('deployments', 'engineering', 430, 'Deployments', 'count', 'up', 'additive', 'month', 'deployment_count', 'Deployments.'),
('deployment_frequency', 'engineering', 431, 'Deployment frequency', 'ratio', 'up', 'not additive', 'month', 'deployment_count / elapsed_days', 'Deployments a day.'),
('lead_time_for_changes', 'engineering', 432, 'Lead time for changes', 'hours', 'down', 'not additive', 'month', 'median_lead_time_hours', 'Median hours from change to deployment.'),
('change_failure_rate', 'engineering', 433, 'Change failure rate', 'rate', 'down', 'not additive', 'month', 'failed_deployments / outcome_count', 'Share of deployments that did harm, of those of which it is known.'),
('time_to_restore', 'engineering', 434, 'Time to restore', 'hours', 'down', 'not additive', 'month', 'median_recovery_hours', 'Median hours until a failed deployment was made good.'),
('bugs_opened', 'engineering', 435, 'Bugs opened', 'count', 'down', 'additive', 'month', 'bugs_opened', 'Bugs that were reported.'),
('bugs_closed', 'engineering', 436, 'Bugs closed', 'count', 'up', 'additive', 'month', 'bugs_closed', 'Bugs that were closed.'),
('open_bugs', 'engineering', 437, 'Open bugs', 'count', 'down', 'balance', 'month', 'open_bugs', 'Bugs that are open as the period closes.'),
('bug_escape_rate', 'engineering', 438, 'Bug escape rate', 'rate', 'down', 'not additive', 'month', 'bugs_escaped / bug_escape_known', 'Share of the bugs reported that had reached customers, of those of which it is known.'),
('code_coverage_rate', 'engineering', 439, 'Code coverage', 'rate', 'up', 'not additive', 'month', 'coverage_share', 'Share of code that tests cover, as the period closes.');

-- the total, and its slices
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'engineering_delivery', m.value, m.numerator, m.denominator, CASE d.dimension WHEN 'dimension' THEN coalesce(m.slices, 'dimension <> ''all''') ELSE 'dimension = ''all''' END
FROM (VALUES
	('deployments', 'deployment_count', NULL, NULL, NULL),
	('deployment_frequency', NULL, 'deployment_count', 'elapsed_days', NULL),
	('lead_time_for_changes', 'median_lead_time_hours', NULL, NULL, NULL),
	('change_failure_rate', NULL, 'failed_deployments', 'outcome_count', NULL),
	('time_to_restore', 'median_recovery_hours', NULL, NULL, NULL),
	('bugs_opened', 'bugs_opened', NULL, NULL, 'false'),
	('bugs_closed', 'bugs_closed', NULL, NULL, 'false'),
	('open_bugs', 'open_bugs', NULL, NULL, 'false'),
	('bug_escape_rate', NULL, 'bugs_escaped', 'bug_escape_known', 'false'),
	('code_coverage_rate', 'coverage_share', NULL, NULL, 'false')
) m(metric, value, numerator, denominator, slices),
	(VALUES ('''all''', '''all'''), ('dimension', 'coalesce(value, ''(none)'')')) d(dimension, dimension_value)
-- what has no slices
WHERE d.dimension <> 'dimension' OR m.slices IS DISTINCT FROM 'false';

-- src/reporting/metrics_finance.sql

/*
 * metrics_finance.sql
 *		Shipped metrics about costs and cash.
 *
 * Rules: doc/reporting.md; definitions: doc/costs.md, doc/profitability.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('total_costs', 'finance', 460, 'Total costs', 'currency', 'down', 'additive', 'month', 'actual', 'Costs of all categories.'),
('fixed_costs', 'finance', 461, 'Fixed costs', 'currency', 'down', 'additive', 'month', 'fixed_actual', 'Costs that do not grow with volume.'),
('variable_costs', 'finance', 462, 'Variable costs', 'currency', 'down', 'additive', 'month', 'variable_actual', 'Costs that grow with volume.'),
('cost_budget', 'finance', 463, 'Budget', 'currency', 'neutral', 'additive', 'month', 'budget', 'Costs that are planned.'),
('budget_variance_rate', 'finance', 464, 'Budget variance', 'rate', 'down', 'not additive', 'month', '(actual - budget) / budget', 'Costs over the budget, over the budget: below 0 if less was spent.'),
('cash_receipts', 'finance', 470, 'Cash receipts', 'currency', 'up', 'additive', 'month', 'receipts', 'Cash received: payments if they are mapped, else revenue.'),
('gross_burn', 'finance', 471, 'Gross burn', 'currency', 'down', 'additive', 'month', 'gross_burn', 'Costs of the period.'),
('net_burn', 'finance', 472, 'Net burn', 'currency', 'down', 'additive', 'month', 'net_burn', 'Costs less receipts: below 0 if cash was earned.'),
('burn_multiple', 'finance', 473, 'Burn multiple', 'ratio', 'down', 'not additive', 'month', 'net_burn / net_new_arr', 'Cash burnt for each unit of ARR that was added; NULL if none was.'),
('cash_balance', 'finance', 474, 'Cash', 'currency', 'up', 'balance', 'month', 'cash_balance', 'Cash on the last day with a balance.'),
('runway_months', 'finance', 475, 'Runway', 'months', 'up', 'not additive', 'month', 'cash_balance / mean_net_burn', 'For how many months cash lasts at the mean net burn of the last three; NULL if nothing is burnt.'),
('revenue', 'finance', 450, 'Revenue', 'currency', 'up', 'additive', 'month', 'amount', 'Revenue of the period, of subscriptions, usage and services.'),
('cost_per_customer', 'finance', 465, 'Cost per customer', 'currency', 'down', 'not additive', 'month', 'total_cost / customers', 'All costs over the customers as the period closes.'),
('delivery_cost_per_customer', 'finance', 466, 'Delivery cost per customer', 'currency', 'down', 'not additive', 'month', 'delivery_cost_per_customer', 'Cost of revenue over the customers as the period closes.'),
('support_cost_rate', 'finance', 467, 'Support cost ratio', 'rate', 'down', 'not additive', 'month', 'support cost / revenue', 'Cost of support over revenue.'),
('sales_and_marketing_rate', 'finance', 468, 'Sales and marketing, of revenue', 'rate', 'down', 'not additive', 'month', 'sales and marketing cost / revenue', 'Cost of sales and marketing over revenue.'),
('research_and_development_rate', 'finance', 469, 'R&D, of revenue', 'rate', 'neutral', 'not additive', 'month', 'research and development cost / revenue', 'Cost of research and development over revenue.'),
('sales_efficiency', 'finance', 480, 'Sales efficiency', 'ratio', 'up', 'not additive', 'month', 'revenue / sales cost', 'Revenue over the cost of sales.'),
('marketing_efficiency', 'finance', 481, 'Marketing efficiency', 'ratio', 'up', 'not additive', 'month', 'revenue / marketing cost', 'Revenue over the cost of marketing.'),
('magic_number', 'finance', 482, 'Magic number', 'ratio', 'up', 'not additive', 'quarter', '4 * (revenue - previous_revenue) / previous_sales_and_marketing', 'Growth of revenue over the quarter before, annualised, over the cost of sales and marketing of the quarter before.');

-- categories hold those below them: by the first and by the second level of their paths
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, currency, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'cost_structure', m.value, m.numerator, m.denominator, CASE (SELECT k.unit FROM nudge.shipped_metrics k WHERE k.metric = m.metric) WHEN 'currency' THEN 'currency' ELSE 'NULL' END, d.condition
FROM (VALUES ('total_costs', 'actual', NULL, NULL), ('fixed_costs', 'fixed_actual', NULL, NULL), ('variable_costs', 'variable_actual', NULL, NULL), ('cost_budget', 'budget', NULL, NULL), ('budget_variance_rate', NULL, 'variance', 'budget')) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'depth = 0'), ('''category''', 'category', 'depth = 1'), ('''subcategory''', 'category', 'depth = 2')) d(dimension, dimension_value, condition);

INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, value, numerator, denominator, currency) VALUES
('cash_receipts', 'month', 'burn_and_runway', 'receipts', NULL, NULL, 'currency'),
('gross_burn', 'month', 'burn_and_runway', 'gross_burn', NULL, NULL, 'currency'),
('net_burn', 'month', 'burn_and_runway', 'net_burn', NULL, NULL, 'currency'),
('burn_multiple', 'month', 'burn_and_runway', 'burn_multiple', 'net_burn', 'net_new_arr', 'NULL'),
('cash_balance', 'month', 'burn_and_runway', 'cash_balance', NULL, NULL, 'currency'),
('runway_months', 'month', 'burn_and_runway', 'runway_months', 'cash_balance', 'mean_net_burn', 'NULL');

INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, currency, aggregated) VALUES
('revenue', 'month', '''all''', '''all''', 'revenue_by_stream', 'sum(amount)', 'currency', true),
('revenue', 'month', '''stream''', 'stream', 'revenue_by_stream', 'amount', 'currency', false);

INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, value, numerator, denominator, currency) VALUES
('cost_per_customer', 'month', 'costs_per_customer', 'total_cost_per_customer', 'total_cost', 'customers', 'currency'),
('delivery_cost_per_customer', 'month', 'costs_per_customer', 'delivery_cost_per_customer', NULL, NULL, 'currency'),
('support_cost_rate', 'month', 'costs_per_customer', 'support_cost_rate', NULL, NULL, 'NULL'),
('sales_and_marketing_rate', 'month', 'costs_per_customer', 'sales_and_marketing_rate', NULL, NULL, 'NULL'),
('research_and_development_rate', 'month', 'costs_per_customer', 'research_and_development_rate', NULL, NULL, 'NULL'),
('sales_efficiency', 'month', 'costs_per_customer', 'sales_efficiency', NULL, NULL, 'NULL'),
('marketing_efficiency', 'month', 'costs_per_customer', 'marketing_efficiency', NULL, NULL, 'NULL'),
('magic_number', 'quarter', 'growth_efficiency', 'magic_number', '4 * (revenue - previous_revenue)', 'previous_sales_and_marketing', 'NULL');

-- src/reporting/metrics_acquisition.sql

/*
 * metrics_acquisition.sql
 *		Shipped metrics about channels.
 *
 * Rules: doc/reporting.md; definitions: doc/channels.md, doc/attribution.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('marketing_spend', 'acquisition', 500, 'Marketing spend', 'currency', 'neutral', 'additive', 'month', 'cost', 'What was spent on channels.'),
('impressions', 'acquisition', 501, 'Impressions', 'count', 'up', 'additive', 'month', 'impressions', 'Times that what was paid for was shown.'),
('clicks', 'acquisition', 502, 'Clicks', 'count', 'up', 'additive', 'month', 'clicks', 'Clicks that what was paid for brought.'),
('click_through_rate', 'acquisition', 503, 'Click-through rate', 'rate', 'up', 'not additive', 'month', 'clicks / impressions', 'Clicks over impressions.'),
('cost_per_click', 'acquisition', 504, 'Cost per click', 'currency', 'down', 'not additive', 'month', 'cost / clicks', 'Spend over clicks.'),
('leads', 'acquisition', 505, 'Leads', 'count', 'up', 'additive', 'month', 'new_leads', 'New leads.'),
('cost_per_lead', 'acquisition', 506, 'Cost per lead', 'currency', 'down', 'not additive', 'month', 'cost / new_leads', 'Spend over new leads.'),
('lead_to_customer_rate', 'acquisition', 507, 'Lead-to-customer rate', 'rate', 'up', 'not additive', 'month', 'new_customers / new_leads', 'Customers acquired over new leads of the same period.'),
('acquired_customers', 'acquisition', 508, 'Customers acquired', 'count', 'up', 'additive', 'month', 'new_customers', 'First conversions of customers, credited to channels by the linear model.'),
('cac', 'acquisition', 509, 'CAC', 'currency', 'down', 'not additive', 'month', 'cost / new_customers', 'Customer acquisition cost of channels: what the input spend has, over the customers that conversions say were acquired. Salaries, tools and overhead are not in it: fully_loaded_cac has them.'),
('attributed_revenue', 'acquisition', 510, 'Attributed revenue', 'currency', 'up', 'additive', 'month', 'revenue', 'Revenue of conversions, credited to channels by the linear model; the total has that of conversions without a touch, too.'),
('roas', 'acquisition', 511, 'ROAS', 'ratio', 'up', 'not additive', 'month', 'revenue / cost', 'Return on ad spend: attributed revenue over spend.'),
('marketing_roi', 'acquisition', 512, 'Marketing ROI', 'ratio', 'up', 'not additive', 'month', '(revenue - cost) / cost', 'Attributed revenue less spend, over spend.'),
('content_published', 'acquisition', 513, 'Content published', 'count', 'up', 'additive', 'month', 'published', 'Pieces of content that were published.'),
('content_leads', 'acquisition', 514, 'Leads of content', 'count', 'up', 'additive', 'month', 'new_leads', 'New leads that came from content.'),
('content_to_lead_rate', 'acquisition', 515, 'Content-to-lead rate', 'rate', 'up', 'not additive', 'month', 'new_leads / visitors', 'New leads of content over its distinct visitors; over all types one who comes to two counts twice.'),
('active_partners', 'acquisition', 516, 'Partners', 'count', 'up', 'balance', 'month', 'active_partners', 'Partners as the period closes.'),
('partner_sourced_revenue', 'acquisition', 517, 'Partner-sourced revenue', 'currency', 'up', 'additive', 'month', 'sourced_value', 'Revenue of conversions that partners brought.'),
('partner_influenced_revenue', 'acquisition', 518, 'Partner-influenced revenue', 'currency', 'up', 'not additive', 'month', 'influenced_value', 'Revenue of conversions that partners took part in, what they brought with it.'),
('partner_influenced_pipeline_rate', 'acquisition', 519, 'Partner-influenced pipeline', 'rate', 'up', 'not additive', 'month', 'influenced_value / total_value', 'Share of the amount of open deals that partners took part in.');

-- totals add up channels: what is credited is credited once
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, currency, aggregated)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'channel_performance', replace(d.form, '%s', m.value), replace(d.form, '%s', m.numerator), replace(d.form, '%s', m.denominator), CASE (SELECT k.unit FROM nudge.shipped_metrics k WHERE k.metric = m.metric) WHEN 'currency' THEN 'currency' ELSE 'NULL' END, d.dimension = '''all'''
FROM (VALUES ('marketing_spend', 'cost', NULL, NULL), ('impressions', 'impressions', NULL, NULL), ('clicks', 'clicks', NULL, NULL), ('click_through_rate', NULL, 'clicks', 'impressions'), ('cost_per_click', NULL, 'cost', 'clicks'),
		('leads', 'new_leads', NULL, NULL), ('cost_per_lead', NULL, 'cost', 'new_leads'), ('lead_to_customer_rate', NULL, 'new_customers', 'new_leads'), ('acquired_customers', 'new_customers', NULL, NULL), ('cac', NULL, 'cost', 'new_customers'),
		('attributed_revenue', 'revenue', NULL, NULL), ('roas', NULL, 'revenue', 'cost'), ('marketing_roi', NULL, 'revenue - cost', 'cost')) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'sum(%s)'), ('''channel''', 'coalesce(channel, ''(none)'')', '%s')) d(dimension, dimension_value, form);

-- the same by campaign, under paths of campaigns
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, currency)
SELECT s.metric, s.grain, '''campaign''', 'coalesce(campaign, ''(none)'')', 'campaign_performance', s.value, s.numerator, s.denominator, s.currency
FROM nudge.shipped_metric_sources s WHERE s.mart = 'channel_performance' AND NOT s.aggregated;

INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, aggregated)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'content_performance', replace(d.form, '%s', m.value), replace(d.form, '%s', m.numerator), replace(d.form, '%s', m.denominator), d.dimension = '''all'''
FROM (VALUES ('content_published', 'published', NULL, NULL), ('content_leads', 'new_leads', NULL, NULL), ('content_to_lead_rate', NULL, 'new_leads', 'visitors')) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'sum(%s)'), ('''content_type''', 'type', '%s')) d(dimension, dimension_value, form);

INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, currency, condition) VALUES
('active_partners', 'month', '''all''', '''all''', 'partner_results', 'active_partners', NULL, NULL, 'NULL', 'partner = ''all'' AND measure = ''revenue'''),
('partner_sourced_revenue', 'month', '''all''', '''all''', 'partner_results', 'sourced_value', NULL, NULL, 'currency', 'partner = ''all'' AND measure = ''revenue'''),
('partner_sourced_revenue', 'month', '''partner''', 'partner', 'partner_results', 'sourced_value', NULL, NULL, 'currency', 'partner <> ''all'' AND measure = ''revenue'''),
('partner_influenced_revenue', 'month', '''all''', '''all''', 'partner_results', 'influenced_value', NULL, NULL, 'currency', 'partner = ''all'' AND measure = ''revenue'''),
('partner_influenced_revenue', 'month', '''partner''', 'partner', 'partner_results', 'influenced_value', NULL, NULL, 'currency', 'partner <> ''all'' AND measure = ''revenue'''),
('partner_influenced_pipeline_rate', 'month', '''all''', '''all''', 'partner_results', NULL, 'influenced_value', 'total_value', 'NULL', 'partner = ''all'' AND measure = ''pipeline''');

-- src/reporting/metrics_market.sql

/*
 * metrics_market.sql
 *		Shipped metrics about the market.
 *
 * Rules: doc/reporting.md; definitions: doc/competition.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('share_of_voice', 'market', 530, 'Share of voice', 'rate', 'up', 'not additive', 'month', 'mentions / total_mentions', 'Mentions of oneself, the competitor called us, over those of all, on all channels.'),
('competitive_win_rate', 'market', 531, 'Competitive win rate', 'rate', 'up', 'not additive', 'month', 'won / (won + lost + no_decision)', 'Win rate of the deals closed in the period that had a competitor.'),
('competitive_deals', 'market', 532, 'Competitive deals', 'count', 'neutral', 'additive', 'month', 'deals_closed', 'Deals closed in the period that had a competitor.');

-- by convention oneself is the competitor us
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, numerator, denominator, condition) VALUES
('share_of_voice', 'month', '''all''', '''all''', 'competitive', 'mentions', 'total_mentions', 'all_channels AND competitor = ''us'''),
('share_of_voice', 'month', '''competitor''', 'competitor', 'competitive', 'mentions', 'total_mentions', 'all_channels'),
('share_of_voice', 'month', '''channel''', 'coalesce(channel, ''(none)'')', 'competitive', 'mentions', 'total_mentions', 'NOT all_channels AND competitor = ''us''');

INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition, aggregated)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'competitive_wins', replace(d.form, '%s', m.value), replace(d.form, '%s', m.numerator), replace(d.form, '%s', m.denominator), 'dimension = ''competitor'' AND value IS NOT NULL', d.dimension = '''all'''
FROM (VALUES ('competitive_win_rate', NULL, 'won', 'won + lost + no_decision'), ('competitive_deals', 'deals_closed', NULL, NULL)) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'sum(%s)'), ('''competitor''', 'value', '%s')) d(dimension, dimension_value, form);

-- src/reporting/metrics_success.sql

/*
 * metrics_success.sql
 *		Shipped metrics about what becomes of customers.
 *
 * Rules: doc/reporting.md; definitions: doc/account_shares.md,
 * doc/customer_success.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description)
SELECT v.metric, 'customers', 600 + a.place, v.title, CASE a.unit WHEN 'share' THEN 'rate' WHEN 'multiple' THEN 'ratio' ELSE a.unit END, v.direction, 'not additive', 'month', 'numerator / denominator, of ' || a.source, a.description || '; as the period closes.'
FROM nudge.account_share_metrics() a JOIN (VALUES
	('qbr_completion_rate', 'QBR completion', 'up'), ('success_plan_achievement_rate', 'Success plan achievement', 'up'), ('sponsor_health_rate', 'Sponsor health', 'up'), ('sponsor_coverage_rate', 'Sponsor coverage', 'up'), ('roi_realization_rate', 'ROI realization', 'up'),
	('expansion_opportunity_coverage', 'Expansion opportunity coverage', 'up'), ('solution_gap_identification_rate', 'Solution gap identification', 'up'), ('executive_relationship_rate', 'Executive relationships', 'up'), ('strategic_account_planning_rate', 'Strategic account planning', 'up'),
	('wallet_share', 'Wallet share', 'up'), ('account_expansion_rate', 'Account expansion', 'up'), ('multi_year_contract_rate', 'Multi-year contracts', 'up'), ('implementation_success_rate', 'Implementation success', 'up'), ('implementation_days', 'Implementation time', 'down'),
	('requirement_readiness_rate', 'Requirement readiness', 'up'), ('feature_completion_rate', 'Feature completion', 'up'), ('reference_customer_rate', 'Reference customers', 'up'), ('solution_fit_score', 'Solution fit', 'up'), ('revenue_contribution', 'Revenue contribution', 'up'),
	('customer_growth_multiple', 'Customer growth multiple', 'up'), ('customer_count_growth', 'Customer count growth', 'up'), ('use_case_implementation_rate', 'Use case implementation', 'up')) v(metric, title, direction) ON v.metric = a.metric;

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('value_realization_rate', 'customers', 630, 'Value realization rate', 'rate', 'up', 'not additive', 'month', 'realized_customers / scored_customers', 'Share of the customers with agreed criteria that have more than 80% of them met as the period closes.'),
('value_realization_score', 'customers', 631, 'Value realization score', 'rate', 'up', 'not additive', 'month', 'mean_score', 'Mean share of agreed criteria that are met as the period closes, of the customers that have some.'),
('value_realization_index', 'customers', 632, 'Value realization index', 'ratio', 'up', 'not additive', 'month', 'mean_index', 'Mean of the score joined with usage; needs usage.'),
('risk_adjusted_retention_rate', 'customers', 633, 'Risk-adjusted retention (RARR)', 'rate', 'up', 'not additive', 'month', 'retained_mrr / known_mrr', 'Share of the MRR that is to be expected in 12 months, by the health of customers as the period closes.'),
('interventions', 'customers', 634, 'Interventions', 'count', 'neutral', 'additive', 'month', 'interventions_made', 'Interventions at customers that were made.'),
('intervention_success_rate', 'customers', 635, 'Intervention success', 'rate', 'up', 'not additive', 'month', 'succeeded / counted', 'Share of the interventions at customers at risk after which the customer was healthy again within 90 days; the month is over once those of all are.');

-- one scan: a row of the mart is one metric
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition, aggregated)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'account_success', format('max(result) FILTER (WHERE metric = %L)', m.metric), format('max(numerator) FILTER (WHERE metric = %L)', m.metric), format('max(denominator) FILTER (WHERE metric = %L)', m.metric), d.condition, true
FROM nudge.account_share_metrics() m, (VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'value', 'dimension <> ''all''')) d(dimension, dimension_value, condition);

INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'value_realization', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES ('value_realization_rate', NULL, 'realized_customers', 'scored_customers'), ('value_realization_score', 'mean_score', 'mean_score * scored_customers', 'scored_customers'), ('value_realization_index', 'mean_index', NULL, NULL)) m(metric, value, numerator, denominator),
	(VALUES ('''all''', '''all''', 'dimension = ''all'''), ('dimension', 'value', 'dimension <> ''all''')) d(dimension, dimension_value, condition);

-- interventions are known once the month is over, what came of them 90 days later
INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, value, numerator, denominator, condition, complete) VALUES
('risk_adjusted_retention_rate', 'month', '''all''', '''all''', 'risk_adjusted_retention', NULL, 'retained_mrr', 'known_mrr', 'band = ''all''', 'complete'),
('risk_adjusted_retention_rate', 'month', '''band''', 'band', 'risk_adjusted_retention', NULL, 'retained_mrr', 'known_mrr', 'band <> ''all''', 'complete'),
('interventions', 'month', '''all''', '''all''', 'intervention_results', 'interventions_made', NULL, NULL, 'true', 'month_over'),
('intervention_success_rate', 'month', '''all''', '''all''', 'intervention_results', NULL, 'succeeded', 'counted', 'true', 'complete');

-- src/reporting/metrics_product.sql

/*
 * metrics_product.sql
 *		Shipped metrics about funnels, sessions, unit economics and health.
 *
 * Rules: doc/reporting.md; definitions: doc/marts_product.md.
 */

INSERT INTO nudge.shipped_metrics (metric, subject, place, title, unit, direction, additivity, grain, formula, description) VALUES
('funnel_entries', 'usage', 800, 'Funnel entries', 'count', 'up', 'not additive', 'month', 'entered_people', 'People that entered the funnel in the month for the first time. In all only if there is one funnel: people of several are not added.'),
('funnel_completions', 'usage', 801, 'Funnel completions', 'count', 'up', 'not additive', 'month', 'people of the last step', 'Of the people that entered in the month, those who came to the last step so far.'),
('funnel_conversion_rate', 'usage', 802, 'Funnel conversion', 'rate', 'up', 'not additive', 'month', 'people of the last step / entered_people', 'Share of the people that entered in the month who came to the last step so far; where time is left for it, it still grows.'),
('sessions', 'usage', 803, 'Sessions', 'count', 'up', 'additive', 'month', 'sessions', 'Sessions that began in the period: events of a user without a pause of more than 30 minutes. Of days that are over.'),
('sessions_per_user', 'usage', 804, 'Sessions per user', 'ratio', 'up', 'not additive', 'month', 'sessions / users', 'Sessions per user with any in the period.'),
('bounce_rate', 'usage', 805, 'Bounce rate', 'rate', 'down', 'not additive', 'month', 'bounces / sessions', 'Share of sessions that have one event only.'),
('events_per_session', 'usage', 806, 'Events per session', 'ratio', 'up', 'not additive', 'month', 'events / sessions', 'Events per session, of any kind.'),
('session_return_rate', 'usage', 807, 'Return rate', 'rate', 'up', 'not additive', 'month', 'returning_users / users', 'Share of the users with a session in the period who had two or more.'),
('mean_session_duration', 'usage', 808, 'Session duration, mean', 'seconds', 'up', 'not additive', 'month', 'duration_seconds / sessions', 'Mean time from the first event of a session to the last; a session of one event has 0.'),
('median_session_duration', 'usage', 809, 'Session duration, median', 'seconds', 'up', 'not additive', 'month', 'median of duration_seconds', 'Median time from the first event of a session to the last.'),
('gross_margin_rate', 'finance', 820, 'Gross margin', 'rate', 'up', 'not additive', 'month', 'gross_profit / revenue', 'What is left of revenue after the cost of delivering the product. Of months that are over and whose costs are booked.'),
('contribution_margin_rate', 'finance', 821, 'Contribution margin', 'rate', 'up', 'not additive', 'month', 'contribution_margin / revenue', 'What is left of revenue after the cost of delivering the product and variable costs of acquisition.'),
('fully_loaded_cac', 'finance', 822, 'CAC, fully loaded', 'currency', 'down', 'not additive', 'month', 'acquisition_cost / new_customers', 'All costs of acquisition of the month, with 20% overhead added on, over the customers whose first MRR began in it: column cac of unit_economics. The metric cac has spend on channels alone, over conversions.'),
('ltv', 'finance', 823, 'LTV', 'currency', 'up', 'not additive', 'month', 'arpa * gross_margin_rate / churn_rate', 'Gross profit of a customer over its life; churn is that of a month, over up to twelve of them.'),
('ltv_to_cac_ratio', 'finance', 824, 'LTV to CAC', 'ratio', 'up', 'not additive', 'month', 'ltv / fully_loaded_cac', 'What a customer is worth over what it costs to win.'),
('cac_payback_months', 'finance', 825, 'CAC payback', 'months', 'down', 'not additive', 'month', 'fully_loaded_cac / (arpa * gross_margin_rate)', 'Months until the gross profit of a customer has paid what it cost to win.'),
('acquisition_cost_per_active_customer', 'finance', 826, 'Acquisition cost per active customer', 'currency', 'down', 'not additive', 'month', 'acquisition_cost / customers', 'Costs of acquisition over all customers, old and new: a ratio of costs, which is not CAC.'),
('mean_health_score', 'customers', 840, 'Mean health score', 'score', 'up', 'not additive', 'month', 'total_score / scored_customers', 'Mean score of the customers with MRR that have a score, as the month closed.'),
('at_risk_customers', 'customers', 841, 'Customers at risk', 'count', 'down', 'balance', 'month', 'customers with a score below 65', 'Customers with MRR whose last score was below 65 as the month closed.'),
('at_risk_mrr', 'customers', 842, 'MRR at risk', 'currency', 'down', 'balance', 'month', 'MRR of customers with a score below 65', 'MRR of the customers whose last score was below 65 as the month closed.'),
('at_risk_mrr_rate', 'customers', 843, 'MRR at risk, share', 'rate', 'down', 'not additive', 'month', 'at_risk_mrr / mrr', 'MRR at risk over the MRR of all customers, those without a score included.');

INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, currency, value, numerator, denominator, condition)
SELECT m.metric, 'month', d.dimension, d.dimension_value, 'conversion_funnel', 'NULL', m.value, m.numerator, m.denominator, d.condition
FROM (VALUES ('funnel_entries', 'entered_people', NULL, NULL), ('funnel_completions', 'people', NULL, NULL), ('funnel_conversion_rate', NULL, 'people', 'entered_people')) m(metric, value, numerator, denominator),
	(VALUES ($$'funnel'$$, 'funnel', 'step = last_step'), ($$'all'$$, $$'all'$$, 'step = last_step AND (SELECT count(DISTINCT d.funnel) FROM nudge.funnel_definitions d) = 1')) d(dimension, dimension_value, condition);

INSERT INTO nudge.shipped_metric_sources (metric, grain, mart, value, numerator, denominator, condition)
SELECT m.metric, g.grain, 'session_metrics', m.value, m.numerator, m.denominator, format('grain = %L', g.grain)
FROM (VALUES ('sessions', 'sessions', NULL, NULL), ('sessions_per_user', NULL, 'sessions', 'users'), ('bounce_rate', NULL, 'bounces', 'sessions'), ('events_per_session', NULL, 'events', 'sessions'), ('session_return_rate', NULL, 'returning_users', 'users'),
		('mean_session_duration', NULL, 'duration_seconds', 'sessions'), ('median_session_duration', 'median_duration_seconds', NULL, NULL)) m(metric, value, numerator, denominator),
	(VALUES ('day'), ('month')) g(grain);

INSERT INTO nudge.shipped_metric_sources (metric, grain, dimension, dimension_value, mart, currency, value, numerator, denominator, condition) VALUES
('gross_margin_rate', 'month', '''all''', '''all''', 'unit_economics', 'currency', NULL, 'gross_profit', 'CASE WHEN gross_profit IS NOT NULL THEN revenue END', 'true'),
('contribution_margin_rate', 'month', '''all''', '''all''', 'unit_economics', 'currency', NULL, 'contribution_margin', 'CASE WHEN contribution_margin IS NOT NULL THEN revenue END', 'true'),
('fully_loaded_cac', 'month', '''all''', '''all''', 'unit_economics', 'currency', 'cac', 'CASE WHEN complete AND acquisition_cost > 0 THEN acquisition_cost END', 'CASE WHEN complete AND acquisition_cost > 0 THEN new_customers END', 'true'),
('ltv', 'month', '''all''', '''all''', 'unit_economics', 'currency', 'ltv', NULL, NULL, 'true'),
('ltv', 'month', '''segment''', 'segment', 'unit_economics_by_segment', 'currency', 'ltv', NULL, NULL, 'true'),
('ltv_to_cac_ratio', 'month', '''all''', '''all''', 'unit_economics', 'currency', 'ltv_to_cac_ratio', 'CASE WHEN ltv_to_cac_ratio IS NOT NULL THEN ltv END', 'CASE WHEN ltv_to_cac_ratio IS NOT NULL THEN cac END', 'true'),
('cac_payback_months', 'month', '''all''', '''all''', 'unit_economics', 'currency', 'cac_payback_months', NULL, NULL, 'true'),
('acquisition_cost_per_active_customer', 'month', '''all''', '''all''', 'unit_economics', 'currency', 'acquisition_cost_per_active_customer', NULL, NULL, 'true'),
('mean_health_score', 'month', '''all''', '''all''', 'customer_health_by_band', 'currency', NULL, 'total_score', 'scored_customers', 'band = ''all'''),
('at_risk_customers', 'month', '''all''', '''all''', 'customer_health_by_band', 'currency', 'at_risk_customers', NULL, NULL, 'band = ''all'''),
('at_risk_mrr', 'month', '''all''', '''all''', 'customer_health_by_band', 'currency', 'at_risk_mrr', NULL, NULL, 'band = ''all'''),
('at_risk_mrr_rate', 'month', '''all''', '''all''', 'customer_health_by_band', 'currency', NULL, 'at_risk_mrr', 'CASE WHEN at_risk_mrr IS NOT NULL THEN mrr END', 'band = ''all''');

-- What set_target() lets in, with what was left out.
CREATE FUNCTION nudge.checked_target(wanted nudge.targets) RETURNS nudge.targets
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known constant nudge.shipped_metrics := nudge.check_metric((wanted).metric);
	settings constant nudge.deployment := nudge.deploy_settings(NULL, NULL, NULL, NULL, NULL);
	made nudge.targets := wanted;
BEGIN
	made.grain := coalesce(nullif(lower(made.grain), ''), known.grain);
	made.currency := coalesce(nullif(upper(btrim(made.currency)), ''), CASE WHEN known.unit = 'currency' THEN (settings).currency END, '');
	made.kind := coalesce(lower(made.kind), 'target');
	made.provenance := coalesce(lower(made.provenance), 'agreed');
	made.dimension := coalesce(made.dimension, 'all');
	made.dimension_value := coalesce(made.dimension_value, 'all');
	made.period_start := coalesce(made.period_start, nudge.period_start(nudge.civil_date(now(), (settings).zone), made.grain, (settings).week_start, (settings).fiscal_year_start));
	IF made.kind NOT IN ('target', 'minimum', 'benchmark', 'plan') THEN
		RAISE EXCEPTION 'unknown kind of target "%"', left((wanted).kind, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It says what the value is for.',
			HINT = 'It is target, minimum, benchmark or plan.';
	ELSIF made.provenance NOT IN ('agreed', 'imported', 'derived', 'placeholder') THEN
		RAISE EXCEPTION 'unknown provenance "%"', left((wanted).provenance, 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'It says where a target comes from.',
			HINT = 'It is agreed, imported, derived or placeholder.';
	ELSIF made.value = 'NaN' THEN
		RAISE EXCEPTION 'a target of "%" must be a number', made.metric USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'NaN and infinity are none.',
			HINT = 'Pass NULL to end the one before.';
	ELSIF (made.dimension = 'all') <> (made.dimension_value = 'all') THEN
		RAISE EXCEPTION 'a target of a slice must have a dimension and its value' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('They are "%s" and "%s".', made.dimension, made.dimension_value),
			HINT = 'Pass both, as dimension => ''segment'', dimension_value => ''smb'', or neither for the total.';
	ELSIF (made.currency <> '') <> (known.unit = 'currency') THEN
		RAISE EXCEPTION 'a target of "%" must have % currency', made.metric, CASE WHEN known.unit = 'currency' THEN 'a' ELSE 'no' END USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('Its unit is %s.', known.unit),
			HINT = CASE WHEN known.unit = 'currency' THEN 'Pass currency, or let deploy(currency => ...) say which one stands for all.' ELSE 'Leave currency out.' END;
	ELSIF nudge.period_start(made.period_start, made.grain, (settings).week_start, (settings).fiscal_year_start) <> made.period_start THEN
		RAISE EXCEPTION '% begins no % of the targets', to_char(made.period_start, 'YYYY-MM-DD'), made.grain USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'A target holds from the first day of a period on.',
			HINT = format('Pass %s.', to_char(nudge.period_start(made.period_start, made.grain, (settings).week_start, (settings).fiscal_year_start), 'YYYY-MM-DD'));
	END IF;
	RETURN made;
END
$$;

COMMENT ON FUNCTION nudge.checked_target(nudge.targets) IS 'Works for set_target: a target with what was left out, or an error if it makes no sense';

CREATE FUNCTION nudge.refuse_target(metric text) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION 'targets of "%" are not yours to set', left(coalesce(metric, ''), 70) USING ERRCODE = 'insufficient_privilege',
		DETAIL = 'They are set by nudge_owner, by executives, and by managers of a department that has the subject of the metric.',
		HINT = 'Ask one of them, or for membership in an audience: see nudge.create_audiences(). nudge_reporting.own_targets has those that are yours.';
END
$$;

COMMENT ON FUNCTION nudge.refuse_target(text) IS 'Works for set_target: the error of who may not set targets of a metric. Not STRICT: NULL is a metric of nobody';

CREATE OR REPLACE FUNCTION nudge.set_target(metric text, value numeric, kind text DEFAULT 'target', period_start date DEFAULT NULL, currency text DEFAULT NULL, grain text DEFAULT NULL,
		dimension text DEFAULT 'all', dimension_value text DEFAULT 'all', provenance text DEFAULT 'agreed', note text DEFAULT NULL) RETURNS date
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made nudge.targets;
BEGIN
	-- the column holds no infinity
	made := nudge.checked_target(ROW(metric, kind, grain, dimension, dimension_value, currency, period_start, CASE WHEN abs(value) = 'Infinity' THEN 'NaN' ELSE value END, provenance, note, NULL, NULL)::nudge.targets);
	IF has_table_privilege('nudge.targets', 'INSERT') THEN
		INSERT INTO nudge.targets AS t (metric, kind, grain, dimension, dimension_value, currency, period_start, value, provenance, note)
		VALUES (made.metric, made.kind, made.grain, made.dimension, made.dimension_value, made.currency, made.period_start, made.value, made.provenance, made.note)
		ON CONFLICT ON CONSTRAINT targets_pkey DO UPDATE SET value = excluded.value, provenance = excluded.provenance, note = excluded.note, set_by = session_user, set_at = now();
	ELSIF coalesce(has_table_privilege(to_regclass('nudge_reporting.own_targets'), 'INSERT'), false) THEN
		-- executives and managers: a view of their own
		EXECUTE 'INSERT INTO nudge_reporting.own_targets AS t (metric, target_kind, grain, dimension, dimension_value, currency, period_start, value, provenance, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)'
			' ON CONFLICT (metric, target_kind, grain, dimension, dimension_value, currency, period_start) DO UPDATE SET value = excluded.value, provenance = excluded.provenance, note = excluded.note'
		USING made.metric, made.kind, made.grain, made.dimension, made.dimension_value, made.currency, made.period_start, made.value, made.provenance, made.note;
	ELSE
		PERFORM nudge.refuse_target(made.metric);
	END IF;
	RETURN made.period_start;
END
$$;

CREATE FUNCTION nudge.check_annotation(wanted nudge.annotations) RETURNS void
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF (wanted).kind IS NULL OR lower((wanted).kind) NOT IN ('launch', 'price change', 'campaign', 'outage', 'policy', 'data', 'market', 'other') THEN
		RAISE EXCEPTION 'unknown kind of annotation "%"', left(coalesce((wanted).kind, ''), 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Charts tell kinds apart by colour.',
			HINT = 'It is launch, price change, campaign, outage, policy, data, market or other.';
	ELSIF NOT coalesce(isfinite((wanted).day), false) OR coalesce(btrim((wanted).text), '') = '' THEN
		RAISE EXCEPTION 'an annotation needs a day and a text' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'A chart shows the text at the day.',
			HINT = 'Pass both.';
	END IF;
	IF (wanted).metric IS NOT NULL THEN
		PERFORM nudge.check_metric((wanted).metric);
	END IF;
END
$$;

COMMENT ON FUNCTION nudge.check_annotation(nudge.annotations) IS 'Works for annotate: an error if an annotation makes no sense';

CREATE FUNCTION nudge.refuse_annotation(metric text) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION 'annotations of % are not yours to write', coalesce('"' || left(metric, 70) || '"', 'all metrics') USING ERRCODE = 'insufficient_privilege',
		DETAIL = 'They are written by nudge_owner; those of one metric by executives too, and by managers of a department that has its subject.',
		HINT = 'Name a metric that is yours: nudge_reporting.own_annotations has its annotations.';
END
$$;

COMMENT ON FUNCTION nudge.refuse_annotation(text) IS 'Works for annotate: the error of who may not write annotations of a metric. Not STRICT: NULL is all metrics';

CREATE OR REPLACE FUNCTION nudge.annotate(day date, kind text, text text, metric text DEFAULT NULL) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made bigint;
BEGIN
	PERFORM nudge.check_annotation(ROW(0, day, kind, text, metric, NULL, NULL)::nudge.annotations);
	IF has_table_privilege('nudge.annotations', 'INSERT') THEN
		INSERT INTO nudge.annotations (day, kind, text, metric) VALUES (annotate.day, lower(annotate.kind), annotate.text, annotate.metric) RETURNING annotation_id INTO made;
	ELSIF coalesce(has_table_privilege(to_regclass('nudge_reporting.own_annotations'), 'INSERT'), false) THEN
		EXECUTE 'INSERT INTO nudge_reporting.own_annotations (day, annotation_kind, annotation_text, metric) VALUES ($1, $2, $3, $4) RETURNING annotation_id' INTO made USING day, lower(kind), text, metric;
	ELSE
		PERFORM nudge.refuse_annotation(metric);
	END IF;
	RETURN made;
END
$$;

-- src/reporting/targets_revenue.sql

/*
 * targets_revenue.sql
 *		Example targets about revenue, for load_example_targets() only.
 *
 * Rules: doc/targets.md.
 */

INSERT INTO nudge.example_targets (metric, kind, value) VALUES
('new_mrr', 'target', 150000),
('expansion_mrr', 'target', 30000),
('contraction_mrr', 'minimum', -5000),
('churn_mrr', 'minimum', -10000),
('net_new_mrr', 'target', 165000),
('expansion_rate', 'target', 0.10),
('contraction_rate', 'minimum', 0.02),
('churned_mrr_rate', 'minimum', 0.03),
('net_revenue_retention_rate', 'target', 1.10),
('net_revenue_retention_rate', 'minimum', 1.00),
('new_customers', 'target', 180);

-- src/reporting/targets_usage.sql

/*
 * targets_usage.sql
 *		Example targets about what users do, for load_example_targets() only.
 *
 * Rules: doc/targets.md.
 */

INSERT INTO nudge.example_targets (metric, kind, value) VALUES
('daily_active_rate', 'target', 0.20),
('engaged_user_rate', 'target', 0.65),
('activation_rate', 'target', 0.60);

-- src/reporting/targets_operations.sql

/*
 * targets_operations.sql
 *		Example targets about support, surveys and the platform, for load_example_targets() only.
 *
 * Rules: doc/targets.md.
 */

INSERT INTO nudge.example_targets (metric, kind, value) VALUES
('tickets_opened', 'target', 500),
('tickets_per_customer', 'target', 0.10),
('first_response_time', 'target', 120),
('resolution_time', 'target', 1440),
('csat', 'target', 4.5),
('ticket_resolution_rate', 'target', 0.95),
('ticket_escalation_rate', 'target', 0.05),
('one_touch_resolution_rate', 'target', 0.70),
('nps', 'target', 50),
('nps', 'minimum', 20),
('uptime_rate', 'target', 0.999),
('mttr', 'target', 30),
('mtbf', 'target', 10080),
('p50_latency', 'target', 50),
('p95_latency', 'target', 200),
('p95_latency', 'minimum', 500),
('p99_latency', 'target', 500),
('error_rate', 'minimum', 0.02),
('requests_per_second', 'target', 5000);

-- src/reporting/targets_acquisition.sql

/*
 * targets_acquisition.sql
 *		Example targets about channels and costs, for load_example_targets() only.
 *
 * Rules: doc/targets.md.
 */

INSERT INTO nudge.example_targets (metric, kind, value) VALUES
('cac', 'target', 450),
('content_to_lead_rate', 'target', 0.05),
('active_partners', 'target', 50),
('partner_sourced_revenue', 'target', 100000),
('partner_influenced_revenue', 'target', 300000),
('budget_variance_rate', 'minimum', 0.10);

-- src/reporting/views_general.sql

/*
 * views_general.sql
 *		Shipped views about all metrics, the calendar and the marts themselves.
 *
 * Rules: doc/reporting.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('calendar_days', 'general', 10, $query$
SELECT d.day, nudge.period_start(d.day, 'week', {week_start}) AS week_start, nudge.period_start(d.day, 'month') AS month_start, nudge.period_start(d.day, 'quarter') AS quarter_start, nudge.period_start(d.day, 'year') AS year_start,
	extract(year FROM d.day)::integer AS calendar_year, extract(quarter FROM d.day)::integer AS calendar_quarter, extract(month FROM d.day)::integer AS calendar_month, extract(day FROM d.day)::integer AS day_of_month,
	(d.day - nudge.period_start(d.day, 'week', {week_start}) + 1)::integer AS day_of_week,
	(ARRAY['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[extract(isodow FROM d.day)::integer]::text AS weekday,
	extract(isodow FROM d.day) >= 6 AS is_weekend,
	nudge.period_start(d.day, 'year', fiscal_year_start => {fiscal_year_start}) AS fiscal_year_start,
	nudge.period_start(d.day, 'quarter', fiscal_year_start => {fiscal_year_start}) AS fiscal_quarter_start,
	extract(year FROM nudge.period_end(d.day, 'year', fiscal_year_start => {fiscal_year_start}) - 1)::integer AS fiscal_year,
	((extract(month FROM d.day)::integer - {fiscal_year_start} + 12) % 12 / 3 + 1)::integer AS fiscal_quarter,
	((extract(month FROM d.day)::integer - {fiscal_year_start} + 12) % 12 + 1)::integer AS fiscal_month,
	d.day < t.today AS is_past, d.day = t.today AS is_today
FROM (SELECT nudge.civil_date(now(), {zone}) AS today) t,
	LATERAL (SELECT nudge.period_start(t.today, 'year') - make_interval(years => 15) + make_interval(days => n) AS at FROM generate_series(0, 18 * 366) n) s,
	LATERAL (SELECT s.at::date AS day) d
WHERE d.day < nudge.period_start(t.today, 'year') + make_interval(years => 3)$query$,
	'Calendar', 'One row per day. From 15 years before the present year to two after it, for axes without holes and for fiscal periods; today is that of the zone of deploy().', NULL,
	'{"day": "Day", "week_start": "First day of its week, by the week_start of deploy()", "month_start": "First day of its month", "quarter_start": "First day of its calendar quarter", "year_start": "First day of its calendar year",
	"calendar_year": "Calendar year", "calendar_quarter": "Calendar quarter, 1 to 4", "calendar_month": "Month, 1 to 12", "day_of_month": "Day of the month, 1 to 31", "day_of_week": "Day of the week, 1 is the first one by the week_start of deploy()",
	"weekday": "Name of the day of the week, in English", "is_weekend": "Whether it is a Saturday or Sunday", "fiscal_year_start": "First day of its fiscal year, by the fiscal_year_start of deploy()",
	"fiscal_quarter_start": "First day of its fiscal quarter", "fiscal_year": "Fiscal year, named by the calendar year in which it ends", "fiscal_quarter": "Fiscal quarter, 1 to 4", "fiscal_month": "Month of the fiscal year, 1 to 12",
	"is_past": "Whether the day is over", "is_today": "Whether it is today"}',
	'{"weekday": "type/Category", "calendar_year": "type/Category", "calendar_quarter": "type/Category", "calendar_month": "type/Category", "fiscal_year": "type/Category", "fiscal_quarter": "type/Category", "fiscal_month": "type/Category"}', '{}'),

('metric_values', 'general', 20, '{metric_values}',
	'Metric values', 'One row per metric, period, slice and currency. All metrics in one long table, for charts of any of them and for rules; periods begin at midnight in the zone of deploy().',
	'Do not add values of different metrics, currencies or dimensions, nor of one whose additivity in metric_catalog is balance over time; rates are added by their numerators and denominators.',
	'{"period_start": "First day of the period", "grain": "Length of the period: day, week, month, quarter or year", "metric": "Name of the metric: metric_catalog has what it is", "dimension": "By what the metric is sliced; all: it is the total",
	"dimension_value": "Which slice; all: the total", "currency": "Currency of what is counted; NULL: the metric has none", "value": "Value, in the unit of the metric; rates are fractions of 1; NULL: not defined, as by a denominator of 0",
	"numerator": "What is divided; NULL: the metric is no ratio", "denominator": "By what it is divided; NULL: the metric is no ratio", "complete": "Whether the period is over; an open one still changes"}',
	'{"grain": "type/Category", "metric": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category"}', '{}'),

('metric_catalog', 'general', 30, $query$
SELECT m.metric, m.title, m.subject, m.unit, m.direction, m.additivity, m.grain, m.formula, m.description,
	(SELECT string_agg(DISTINCT s.mart, ', ' ORDER BY s.mart) FROM nudge.shipped_metric_sources s WHERE s.metric = m.metric) AS marts,
	EXISTS (SELECT FROM nudge.shipped_metric_sources s JOIN nudge.materialisations t ON t.name = s.mart WHERE s.metric = m.metric AND s.grain = m.grain) AS is_deployed,
	m.place AS sort_order, (SELECT string_agg(v.name, ', ' ORDER BY v.place) FROM nudge.shipped_views v WHERE v.marts && ARRAY(SELECT s.mart FROM nudge.shipped_metric_sources s WHERE s.metric = m.metric)) AS related_views
FROM nudge.shipped_metrics m$query$,
	'Metric catalogue', 'One row per metric. What each metric means, and how it may be added.', NULL,
	'{"metric": "Name of the metric", "title": "Name for people", "subject": "What it is about", "unit": "count, currency, rate (a fraction of 1), ratio, score, or a time", "direction": "up if more is better, down if less is, otherwise neutral",
	"additivity": "additive: may be added over anything; balance: not over time; not additive: add numerators and denominators instead", "grain": "Length of the periods that kpi_current compares", "formula": "How it is computed",
	"description": "What it tells, and what it leaves out", "marts": "Marts that it is read from", "is_deployed": "Whether they are there", "sort_order": "Order in which metrics are listed", "related_views": "Views that read the same marts, for what is behind the metric"}',
	'{"subject": "type/Category", "unit": "type/Category", "direction": "type/Category", "additivity": "type/Category", "grain": "type/Category"}', '{}'),

('kpi_current', 'general', 40, $query$
WITH listed AS MATERIALIZED (
	SELECT v.* FROM nudge_reporting.metric_values v JOIN nudge.shipped_metrics m ON m.metric = v.metric AND m.grain = v.grain WHERE v.dimension = 'all'
), chosen AS (
	-- one currency stands for all: the one of deploy(), or the only one
	SELECT l.metric, count(DISTINCT l.currency) > 1 AND {currency}::text IS NULL AS several, CASE WHEN count(l.currency) > 0 THEN coalesce({currency}::text, min(l.currency)) END AS currency
	FROM listed l GROUP BY l.metric
), ends AS (
	SELECT c.metric, c.currency, c.several, max(l.period_start) FILTER (WHERE l.complete) AS last_start, max(l.period_start) FILTER (WHERE NOT l.complete) AS open_start
	FROM chosen c LEFT JOIN listed l ON l.metric = c.metric AND l.currency IS NOT DISTINCT FROM c.currency AND NOT c.several GROUP BY c.metric, c.currency, c.several
), source AS (
	SELECT DISTINCT ON (s.metric) s.metric, t.name, t.last_success_at, t.data_as_of
	FROM nudge.shipped_metric_sources s JOIN nudge.shipped_metrics m ON m.metric = s.metric AND m.grain = s.grain JOIN nudge.materialisations t ON t.name = s.mart
	ORDER BY s.metric, s.dimension <> '''all''', t.data_as_of
)
SELECT m.metric, m.title, m.subject, m.unit, m.direction, m.grain, CASE WHEN NOT e.several THEN e.currency END AS currency, e.last_start AS period_start,
	v.value, p.value AS previous, (v.value - p.value)::numeric(24,6) AS change, ((v.value - p.value) / nullif(abs(p.value), 0))::numeric(24,6) AS change_rate,
	g.target::numeric(24,6) AS target, g.minimum::numeric(24,6) AS minimum, g.benchmark::numeric(24,6) AS benchmark, g.plan::numeric(24,6) AS plan,
	CASE m.direction WHEN 'up' THEN v.value >= g.target WHEN 'down' THEN v.value <= g.target END AS target_met,
	CASE m.direction WHEN 'up' THEN v.value >= g.minimum WHEN 'down' THEN v.value <= g.minimum END AS minimum_met,
	o.value AS value_to_date, v.numerator, v.denominator, s.data_as_of AS as_of,
	CASE WHEN v.value IS NOT NULL THEN NULL WHEN s.name IS NULL THEN 'not deployed' WHEN s.last_success_at IS NULL THEN 'never refreshed' WHEN e.metric IS NULL THEN 'no data' WHEN e.several THEN 'several currencies'
		WHEN e.last_start IS NULL AND e.open_start IS NULL THEN 'no data in this currency' WHEN e.last_start IS NULL THEN 'no complete period' WHEN v.denominator = 0 THEN 'denominator is 0' WHEN v.denominator < 0 THEN 'denominator is below 0' ELSE 'not known' END AS null_reason,
	m.place AS sort_order
FROM nudge.shipped_metrics m
LEFT JOIN source s ON s.metric = m.metric
LEFT JOIN ends e ON e.metric = m.metric
LEFT JOIN listed v ON v.metric = m.metric AND v.period_start = e.last_start AND v.currency IS NOT DISTINCT FROM e.currency
LEFT JOIN listed p ON p.metric = m.metric AND p.period_start = nudge.period_start(e.last_start - 1, m.grain, {week_start}, {fiscal_year_start}) AND p.currency IS NOT DISTINCT FROM e.currency
LEFT JOIN listed o ON o.metric = m.metric AND o.period_start = e.open_start AND o.currency IS NOT DISTINCT FROM e.currency
LEFT JOIN LATERAL (
	SELECT max(k.value) FILTER (WHERE k.kind = 'target') AS target, max(k.value) FILTER (WHERE k.kind = 'minimum') AS minimum, max(k.value) FILTER (WHERE k.kind = 'benchmark') AS benchmark, max(k.value) FILTER (WHERE k.kind = 'plan') AS plan
	FROM (SELECT DISTINCT ON (t.kind) t.kind, t.value FROM nudge.targets t
		WHERE t.metric = m.metric AND t.grain = m.grain AND t.dimension = 'all' AND t.currency = CASE WHEN m.unit = 'currency' THEN coalesce(e.currency, '') ELSE '' END AND t.period_start <= e.last_start
		ORDER BY t.kind, t.period_start DESC) k
) g ON true$query$,
	'Key figures', 'One row per metric. Its value in the last period that is over, beside the one before and what it ought to be; a NULL value has its reason.',
	'Amounts are of one currency: the one of deploy(), or the only one there is. Metrics have different units: do not add them.',
	'{"metric": "Name of the metric", "title": "Name for people", "subject": "What it is about", "unit": "count, currency, rate (a fraction of 1), ratio, score, or a time", "direction": "up if more is better, down if less is, otherwise neutral",
	"grain": "Length of the period", "currency": "Currency of what is counted; NULL: the metric has none, or several do", "period_start": "First day of the last period that is over, in the zone of deploy()", "value": "Value in this period",
	"previous": "Value in the period before", "change": "Value less previous", "change_rate": "Change over previous, as a fraction of 1", "target": "What is aimed at, as nudge.targets has it for the period", "minimum": "The worst that is accepted; the highest value if less is better",
	"benchmark": "Value of others", "plan": "Value in the budget", "target_met": "Whether the value is the target or better; NULL without one", "minimum_met": "Whether the value is the minimum or better; NULL without one",
	"value_to_date": "Value in the period that is open, which still changes; of a balance, the value now", "numerator": "What is divided; NULL: the metric is no ratio", "denominator": "By what it is divided; NULL: the metric is no ratio",
	"as_of": "All that was committed before this instant is in it", "null_reason": "Why there is no value: not deployed, never refreshed, no data, no data in this currency, several currencies, no complete period, denominator is 0, denominator is below 0, not known", "sort_order": "Order in which metrics are listed"}',
	'{"subject": "type/Category", "unit": "type/Category", "direction": "type/Category", "grain": "type/Category", "currency": "type/Category", "change_rate": "type/Percentage", "null_reason": "type/Category"}', '{}'),

('metric_progress', 'general', 50, $query$
SELECT v.period_start, v.grain, v.metric, v.dimension, v.dimension_value, v.currency, v.value, g.target::numeric(24,6) AS target, g.minimum::numeric(24,6) AS minimum, g.benchmark::numeric(24,6) AS benchmark, g.plan::numeric(24,6) AS plan,
	(v.value - g.target)::numeric(24,6) AS target_gap, CASE WHEN m.direction = 'up' AND g.target > 0 THEN v.value / g.target END::numeric(24,6) AS attainment_rate,
	CASE m.direction WHEN 'up' THEN v.value >= g.target WHEN 'down' THEN v.value <= g.target END AS target_met,
	CASE m.direction WHEN 'up' THEN v.value >= g.minimum WHEN 'down' THEN v.value <= g.minimum END AS minimum_met, v.complete
-- what counts from each day on which a target begins, of whichever kind
FROM (
	SELECT k.metric, k.grain, k.dimension, k.dimension_value, k.currency, k.period_start, l.target, l.minimum, l.benchmark, l.plan,
		lead(k.period_start) OVER (PARTITION BY k.metric, k.grain, k.dimension, k.dimension_value, k.currency ORDER BY k.period_start) AS until_day
	FROM (SELECT DISTINCT t.metric, t.grain, t.dimension, t.dimension_value, t.currency, t.period_start FROM nudge.targets t) k
	CROSS JOIN LATERAL (
		SELECT max(n.value) FILTER (WHERE n.kind = 'target') AS target, max(n.value) FILTER (WHERE n.kind = 'minimum') AS minimum, max(n.value) FILTER (WHERE n.kind = 'benchmark') AS benchmark, max(n.value) FILTER (WHERE n.kind = 'plan') AS plan
		FROM (SELECT DISTINCT ON (t.kind) t.kind, t.value FROM nudge.targets t
			WHERE t.metric = k.metric AND t.grain = k.grain AND t.dimension = k.dimension AND t.dimension_value = k.dimension_value AND t.currency = k.currency AND t.period_start <= k.period_start
			ORDER BY t.kind, t.period_start DESC) n) l
) g
JOIN nudge.shipped_metrics m ON m.metric = g.metric
JOIN nudge_reporting.metric_values v ON v.metric = g.metric AND v.grain = g.grain AND v.dimension = g.dimension AND v.dimension_value = g.dimension_value AND CASE WHEN m.unit = 'currency' THEN coalesce(v.currency, '') ELSE '' END = g.currency
	AND v.period_start >= g.period_start AND (v.period_start < g.until_day OR g.until_day IS NULL)$query$,
	'Metrics and targets', 'One row per metric, period, slice and currency that has a target. Values beside their target, minimum, benchmark and plan, for charts of both.', 'An open period is compared with the target of a whole one.',
	'{"period_start": "First day of the period, in the zone of deploy()", "grain": "Length of the period", "metric": "Name of the metric", "dimension": "By what the metric is sliced; all: it is the total", "dimension_value": "Which slice; all: the total",
	"currency": "Currency of what is counted; NULL: the metric has none", "value": "Value, in the unit of the metric", "target": "What is aimed at", "minimum": "The worst that is accepted; the highest value if less is better", "benchmark": "Value of others", "plan": "Value in the budget",
	"target_gap": "Value less target", "attainment_rate": "Value over target, as a fraction of 1; NULL if less is better or the target is not above 0", "target_met": "Whether the value is the target or better", "minimum_met": "Whether the value is the minimum or better",
	"complete": "Whether the period is over"}',
	'{"grain": "type/Category", "metric": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category", "attainment_rate": "type/Percentage"}', '{}'),

('metric_targets', 'general', 60, $query$
SELECT t.period_start, t.metric, t.kind AS target_kind, t.grain, t.dimension, t.dimension_value, nullif(t.currency, '') AS currency, t.value,
	lead(t.period_start) OVER (PARTITION BY t.metric, t.kind, t.grain, t.dimension, t.dimension_value, t.currency ORDER BY t.period_start) AS next_period_start, t.provenance, t.note, t.set_by::text AS set_by, t.set_at
FROM nudge.targets t$query$,
	'Targets', 'One row per target. Each holds from its period on, until the next of the same metric, kind, grain, slice and currency.', 'Placeholders are examples, not to be acted on.',
	'{"period_start": "First day of the first period that it holds for", "metric": "Name of the metric", "target_kind": "target, minimum, benchmark or plan", "grain": "Length of the periods", "dimension": "Dimension of the slice; all: the total", "dimension_value": "Which slice; all: the total",
	"currency": "Currency of an amount; NULL for other metrics", "value": "The target; NULL: none from this period on", "next_period_start": "First day of the first period that it does not hold for any more; NULL: it holds on", "provenance": "agreed, imported, derived or placeholder",
	"note": "Who agreed, where, and why", "set_by": "Who has set it", "set_at": "When"}',
	'{"metric": "type/Category", "target_kind": "type/Category", "grain": "type/Category", "dimension": "type/Category", "provenance": "type/Category", "currency": "type/Category"}', '{}'),

('chart_annotations', 'general', 70, $query$
SELECT a.day, a.kind AS annotation_kind, a.text AS annotation_text, a.metric, nudge.period_start(a.day, 'week', {week_start}) AS week_start, nudge.period_start(a.day, 'month') AS month_start, a.annotated_by::text AS annotated_by, a.annotated_at
FROM nudge.annotations a$query$,
	'Annotations', 'One row per annotation. What happened on a day, to be drawn on charts.', NULL,
	'{"day": "When it happened", "annotation_kind": "launch, price change, campaign, outage, policy, data, market or other", "annotation_text": "What happened", "metric": "Metric whose charts show it; NULL: all", "week_start": "First day of the week, by the week_start of deploy()",
	"month_start": "First day of the month", "annotated_by": "Who has written it", "annotated_at": "When it was written"}',
	'{"annotation_kind": "type/Category", "metric": "type/Category"}', '{}'),

('data_freshness', 'general', 80, $query$
SELECT f.name AS mart, f.layer, f.status AS freshness_status, f.data_as_of AS as_of, f.last_success_at, f.next_due_at, (extract(epoch FROM f.cadence) / 60)::numeric(12,2) AS cadence_minutes,
	greatest(extract(epoch FROM now() - f.data_as_of) / 60, 0)::numeric(18,2) AS age_minutes, f.quarantined AS quarantined_keys
FROM nudge.freshness f$query$,
	'Data freshness', 'One row per mart. How fresh the numbers are that are read from it.', NULL,
	'{"mart": "Name of the mart", "layer": "staging, mart, metric or headline", "freshness_status": "fresh, or why not: not adopted, broken, disabled, never, failed, stale definition, late, quarantined", "as_of": "All that was committed before this instant is in it",
	"last_success_at": "When it was refreshed last", "next_due_at": "When it is to be refreshed next", "cadence_minutes": "Minutes between two refreshes", "age_minutes": "Minutes since as_of", "quarantined_keys": "Keys that could not be computed: their rows are older"}',
	'{"layer": "type/Category", "freshness_status": "type/Category"}', '{}'),

('reporting_settings', 'general', 90, $query$
SELECT s.setting, s.value AS setting_value, s.meaning
FROM (SELECT d.zone, d.week_start, d.fiscal_year_start::text AS fiscal_year_start, d.currency, to_char(d.deployed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS deployed_at,
		(SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname = 'nudge_metrics') AS version FROM nudge.deployment d) o,
	LATERAL (VALUES ('zone', o.zone, 'Time zone of days, weeks and months'), ('week_start', o.week_start, 'First day of a week'), ('fiscal_year_start', o.fiscal_year_start, 'First month of a fiscal year'),
		('currency', o.currency, 'Currency of amounts that stand for all, where there are several'), ('deployed_at', o.deployed_at, 'When deploy() was called last'), ('version', o.version, 'Version of nudge_metrics')) s(setting, value, meaning)$query$,
	'Settings', 'One row per setting. By what days, weeks, fiscal years and amounts are reported.', NULL,
	'{"setting": "Name of the setting", "setting_value": "Its value; NULL: not set", "meaning": "What it is for"}', '{}', '{}'),

('_metabase_metadata', 'general', 100, $query$
SELECT k.keypath, k.value
FROM nudge.shipped_views v, LATERAL (
	SELECT v.name || '.display_name' AS keypath, v.display_name AS value WHERE v.name <> '_metabase_metadata'
	UNION ALL SELECT v.name || '.caveats', v.caveats WHERE v.caveats IS NOT NULL
	UNION ALL SELECT format('%s.%s.semantic_type', v.name, t.key), t.value FROM jsonb_each_text(v.semantic_types) t
	UNION ALL SELECT format('%s.%s.display_name', v.name, d.key), d.value FROM jsonb_each_text(v.display_names) d
) k
WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relname::text = v.name AND c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'nudge_reporting'))$query$,
	'Metadata for Metabase', 'One row per property of a view or column. Metabase takes display names, semantic types and caveats from it.', NULL,
	'{"keypath": "View or view.column, then the property: display_name, semantic_type or caveats", "value": "Value of the property"}', '{}', '{}');

-- src/reporting/views_revenue.sql

/*
 * views_revenue.sql
 *		Shipped views about revenue.
 *
 * Rules: doc/reporting.md; definitions: doc/revenue.md, doc/revenue_rates.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('mrr_monthly', 'revenue', 1000, '{mrr_summary}', $query$
SELECT s.period AS period_start, s.currency, s.opening_mrr::numeric(24,6) AS opening_mrr, s.new_mrr::numeric(24,6) AS new_mrr, s.reactivation_mrr::numeric(24,6) AS reactivation_mrr, s.expansion_mrr::numeric(24,6) AS expansion_mrr,
	s.contraction_mrr::numeric(24,6) AS contraction_mrr, s.churn_mrr::numeric(24,6) AS churn_mrr, s.fx_mrr::numeric(24,6) AS fx_mrr, s.net_new_mrr::numeric(24,6) AS net_new_mrr, s.closing_mrr::numeric(24,6) AS closing_mrr,
	s.opening_customers, s.new_customers, s.reactivated_customers, s.expanded_customers, s.contracted_customers, s.churned_customers, s.closing_customers, s.complete,
	(s.net_new_mrr / nullif(s.opening_mrr, 0))::numeric(24,6) AS mrr_growth_rate, (-s.churn_mrr / nullif(s.opening_mrr, 0))::numeric(24,6) AS churned_mrr_rate,
	(-(s.churn_mrr + s.contraction_mrr) / nullif(s.opening_mrr, 0))::numeric(24,6) AS gross_mrr_churn_rate, (s.churned_customers::numeric / nullif(s.opening_customers, 0))::numeric(24,6) AS logo_churn_rate,
	((s.opening_mrr + s.expansion_mrr + s.contraction_mrr + s.churn_mrr) / nullif(s.opening_mrr, 0))::numeric(24,6) AS monthly_net_revenue_retention_rate, (s.closing_mrr / nullif(s.closing_customers, 0))::numeric(24,6) AS arpa
FROM nudge_analytics.mrr_summary s$query$,
	'MRR by month', 'One row per month and currency. The MRR waterfall: opening MRR, its movements and closing MRR; months are those of the zone of deploy().',
	'opening_, closing_ and all rates are not to be added over months; currencies are not to be added. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened",
	"expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, 0 or negative", "churn_mrr": "MRR of customers that have none any more, 0 or negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements",
	"closing_mrr": "MRR as the month closed, or so far", "opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr", "expanded_customers": "Customers behind expansion_mrr",
	"contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr", "closing_customers": "Customers as the month closed, or so far", "complete": "Whether the month is over",
	"mrr_growth_rate": "net_new_mrr over opening_mrr, as a fraction of 1", "churned_mrr_rate": "Churned MRR over opening_mrr, as a fraction of 1", "gross_mrr_churn_rate": "Churned and contracted MRR over opening_mrr, as a fraction of 1",
	"logo_churn_rate": "churned_customers over opening_customers, as a fraction of 1", "monthly_net_revenue_retention_rate": "Opening MRR with expansion, contraction and churn, over opening_mrr, as a fraction of 1; revenue_retention_monthly has that of 12 months", "arpa": "closing_mrr over closing_customers"}',
	'{"currency": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "fx_mrr": "type/Currency",
	"net_new_mrr": "type/Currency", "closing_mrr": "type/Currency", "arpa": "type/Currency", "mrr_growth_rate": "type/Percentage", "churned_mrr_rate": "type/Percentage", "gross_mrr_churn_rate": "type/Percentage", "logo_churn_rate": "type/Percentage",
	"monthly_net_revenue_retention_rate": "type/Percentage"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "new_mrr": "New MRR", "reactivation_mrr": "Reactivation MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR", "churn_mrr": "Churned MRR", "fx_mrr": "FX MRR", "net_new_mrr": "Net new MRR",
	"closing_mrr": "Closing MRR", "mrr_growth_rate": "MRR growth", "churned_mrr_rate": "Churned MRR rate", "gross_mrr_churn_rate": "Gross MRR churn rate", "arpa": "ARPA"}'),

('customer_mrr_periods', 'revenue', 1010, '{customer_mrr_timeline}', $query$
SELECT t.started_at, t.ended_at, t.customer, t.currency, t.mrr::numeric(24,6) AS mrr, nudge.civil_date(t.started_at, {zone}) AS first_day, nudge.civil_date(t.ended_at, {zone}) AS end_day
FROM nudge_analytics.customer_mrr_timeline t$query$,
	'MRR of customers over time', 'One row per customer, currency and period of time in which no price starts or ends. The rows behind every MRR: that of an instant is the sum of the rows that began before it and have not ended before it.',
	'Rows of different times are not to be added: choose an instant.',
	'{"started_at": "Instant from which the MRR counts", "ended_at": "Instant until which it counts; NULL: it has no end yet", "customer": "Customer", "currency": "Currency of the prices", "mrr": "Sum of the prices in force",
	"first_day": "Day of started_at, in the zone of deploy()", "end_day": "Day of ended_at, in the zone of deploy(); NULL: it has no end yet"}',
	'{"currency": "type/Category", "mrr": "type/Currency"}', '{"mrr": "MRR"}'),

('customer_mrr_now', 'revenue', 1020, '{customer_mrr_timeline,mrr_summary}', $query$
SELECT t.customer, t.currency, t.mrr::numeric(24,6) AS mrr, t.customer_since, t.last_end_day AS end_day,
	(SELECT nudge.civil_date(m.clock_at, {zone}) FROM nudge.materialisations m WHERE m.name = 'mrr_summary') AS as_of_day
FROM nudge_analytics.customer_mrr_timeline t
-- sub-selects and no join: a scan that needs no other table
WHERE (t.ended_at IS NULL OR t.ended_at >= (SELECT m.clock_at FROM nudge.materialisations m WHERE m.name = 'mrr_summary')) AND t.started_at < (SELECT m.clock_at FROM nudge.materialisations m WHERE m.name = 'mrr_summary') AND t.mrr > 0$query$,
	'Customers with MRR now', 'One row per customer and currency with MRR now. The customers behind closing_mrr and closing_customers of the open month of mrr_monthly.', 'Amounts of different currencies are not to be added.',
	'{"customer": "Customer", "currency": "Currency of the MRR", "mrr": "MRR at the instant that mrr_monthly was computed for", "customer_since": "Day of the first price ever, in the zone of deploy()", "end_day": "Day of the last end if all prices have one, in the zone of deploy(); NULL: it goes on",
	"as_of_day": "Day of this instant, in the zone of deploy()"}',
	'{"currency": "type/Category", "mrr": "type/Currency"}', '{"mrr": "MRR"}'),

('metric_revisions', 'revenue', 1030, '{mrr_summary}', $query$
SELECT c.period AS period_start, coalesce(nullif(c.currency, ''), s.currency) AS currency, c.version AS report_version, c.closing_mrr::numeric(24,6) AS reported_mrr, s.closing_mrr::numeric(24,6) AS mrr_now, (s.closing_mrr - c.closing_mrr)::numeric(24,6) AS mrr_difference,
	c.customers AS reported_customers, s.closing_customers AS customers_now, c.closed_at AS reported_at, c.reopened_at, c.reason AS reopening_reason
FROM nudge.closed_periods c LEFT JOIN nudge_analytics.mrr_summary s ON s.period = c.period
	-- a state without currency is of the only one
	AND (s.currency = c.currency OR c.currency = '' AND NOT EXISTS (SELECT FROM nudge_analytics.mrr_summary o WHERE o.currency <> s.currency))
WHERE c.grain = 'month' AND lower(c.zone) = lower({zone})$query$,
	'MRR as it was reported', 'One row per month that was closed, currency and version. What was reported as closing MRR, what it would be now, and why it was opened again.', 'Months closed in another zone than that of deploy() are left out; one closed without a currency is compared only if there is one currency.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "report_version": "1, and one more each time that the month was closed again", "reported_mrr": "Closing MRR as it was reported", "mrr_now": "Closing MRR as it is computed now; NULL: there is none",
	"mrr_difference": "mrr_now less reported_mrr", "reported_customers": "Customers as they were reported", "customers_now": "Customers as they are counted now", "reported_at": "When the month was closed", "reopened_at": "When it was opened again; NULL: this is the version in force",
	"reopening_reason": "Why it was opened again"}',
	'{"currency": "type/Category", "reported_mrr": "type/Currency", "mrr_now": "type/Currency", "mrr_difference": "type/Currency"}', '{"reported_mrr": "Reported MRR", "mrr_now": "MRR now", "mrr_difference": "Difference of MRR"}');

-- Retention, slices, cohorts, and the customers behind each movement.
INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('revenue_retention_monthly', 'revenue', 1100, '{revenue_retention}', $query$
SELECT r.period AS period_start, r.currency, r.opening_mrr::numeric(24,6) AS opening_mrr, r.expansion_mrr::numeric(24,6) AS expansion_mrr, r.contraction_mrr::numeric(24,6) AS contraction_mrr,
	r.churn_mrr::numeric(24,6) AS churn_mrr, (r.opening_mrr + r.expansion_mrr + r.contraction_mrr + r.churn_mrr)::numeric(24,6) AS retained_mrr,
	(r.opening_mrr + r.contraction_mrr + r.churn_mrr)::numeric(24,6) AS gross_retained_mrr, r.opening_customers, r.churned_customers,
	r.opening_customers - r.churned_customers AS retained_customers, r.net_revenue_retention_rate::numeric(24,6) AS net_revenue_retention_rate,
	r.gross_revenue_retention_rate::numeric(24,6) AS gross_revenue_retention_rate, r.logo_retention_rate::numeric(24,6) AS logo_retention_rate, r.complete
FROM nudge_analytics.revenue_retention r$query$,
	'Revenue retention by month', 'One row per month that is over and currency. What became in 12 months of the MRR of the customers of 12 months before: net and gross revenue retention; months are those of the zone of deploy().',
	'Rates are not to be added over months or currencies. The 12 months of two rows overlap.',
	'{"period_start": "First day of the month that ends the 12", "currency": "Currency of the amounts", "opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more",
	"contraction_mrr": "MRR that they have less, negative", "churn_mrr": "MRR of those that have none any more, negative",
	"retained_mrr": "MRR of these customers as the 12 months close: numerator of net retention", "gross_retained_mrr": "The same without what they have more: numerator of gross retention",
	"opening_customers": "Customers as the 12 months opened", "churned_customers": "Those of them without MRR as they close", "retained_customers": "Customers that are left: numerator of customer retention",
	"net_revenue_retention_rate": "retained_mrr over opening_mrr, as a fraction of 1", "gross_revenue_retention_rate": "gross_retained_mrr over opening_mrr, as a fraction of 1",
	"logo_retention_rate": "retained_customers over opening_customers, as a fraction of 1", "complete": "True: the month is over"}',
	'{"currency": "type/Category", "opening_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "retained_mrr": "type/Currency",
	"gross_retained_mrr": "type/Currency", "net_revenue_retention_rate": "type/Percentage", "gross_revenue_retention_rate": "type/Percentage", "logo_retention_rate": "type/Percentage"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR", "churn_mrr": "Churned MRR", "retained_mrr": "Retained MRR",
	"gross_retained_mrr": "Gross retained MRR"}'),

('revenue_retention_monthly_by_dimension', 'revenue', 1110, '{revenue_retention_by_dimension}', $query$
SELECT r.period AS period_start, r.currency, r.dimension, r.value AS dimension_value, r.opening_mrr::numeric(24,6) AS opening_mrr, r.expansion_mrr::numeric(24,6) AS expansion_mrr,
	r.contraction_mrr::numeric(24,6) AS contraction_mrr, r.churn_mrr::numeric(24,6) AS churn_mrr,
	(r.opening_mrr + r.expansion_mrr + r.contraction_mrr + r.churn_mrr)::numeric(24,6) AS retained_mrr, (r.opening_mrr + r.contraction_mrr + r.churn_mrr)::numeric(24,6) AS gross_retained_mrr,
	r.opening_customers, r.churned_customers, r.opening_customers - r.churned_customers AS retained_customers, r.net_revenue_retention_rate::numeric(24,6) AS net_revenue_retention_rate,
	r.gross_revenue_retention_rate::numeric(24,6) AS gross_revenue_retention_rate, r.logo_retention_rate::numeric(24,6) AS logo_retention_rate, r.complete
FROM nudge_analytics.revenue_retention_by_dimension r$query$,
	'Revenue retention by dimension', 'One row per month that is over, currency and value of a dimension. As revenue_retention_monthly, by what is known of the customers now; months are those of the zone of deploy().',
	'Each dimension has all customers: do not add dimensions. The 12 months of two rows overlap.',
	'{"period_start": "First day of the month that ends the 12", "currency": "Currency of the amounts",
	"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them", "dimension_value": "Value of the customers now; (none) for those without",
	"opening_mrr": "MRR as the 12 months opened", "expansion_mrr": "MRR that these customers have more", "contraction_mrr": "MRR that they have less, negative",
	"churn_mrr": "MRR of those that have none any more, negative", "retained_mrr": "MRR of these customers as the 12 months close: numerator of net retention",
	"gross_retained_mrr": "The same without what they have more: numerator of gross retention", "opening_customers": "Customers as the 12 months opened",
	"churned_customers": "Those of them without MRR as they close", "retained_customers": "Customers that are left: numerator of customer retention",
	"net_revenue_retention_rate": "retained_mrr over opening_mrr, as a fraction of 1", "gross_revenue_retention_rate": "gross_retained_mrr over opening_mrr, as a fraction of 1",
	"logo_retention_rate": "retained_customers over opening_customers, as a fraction of 1", "complete": "True: the month is over"}',
	'{"currency": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "opening_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency",
	"churn_mrr": "type/Currency", "retained_mrr": "type/Currency", "gross_retained_mrr": "type/Currency", "net_revenue_retention_rate": "type/Percentage", "gross_revenue_retention_rate": "type/Percentage",
	"logo_retention_rate": "type/Percentage"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR", "churn_mrr": "Churned MRR", "retained_mrr": "Retained MRR",
	"gross_retained_mrr": "Gross retained MRR"}'),

('mrr_monthly_by_dimension', 'revenue', 1120, '{mrr_by_dimension,mrr_by_segment}', $query$
SELECT r.period AS period_start, r.currency, r.dimension, r.value AS dimension_value, r.opening_mrr::numeric(24,6) AS opening_mrr, r.new_mrr::numeric(24,6) AS new_mrr,
	r.reactivation_mrr::numeric(24,6) AS reactivation_mrr, r.expansion_mrr::numeric(24,6) AS expansion_mrr, r.contraction_mrr::numeric(24,6) AS contraction_mrr,
	r.churn_mrr::numeric(24,6) AS churn_mrr, r.fx_mrr::numeric(24,6) AS fx_mrr, r.net_new_mrr::numeric(24,6) AS net_new_mrr, r.closing_mrr::numeric(24,6) AS closing_mrr, r.opening_customers,
	r.new_customers, r.reactivated_customers, r.expanded_customers, r.contracted_customers, r.churned_customers, r.closing_customers,
	(-r.churn_mrr / nullif(r.opening_mrr, 0))::numeric(24,6) AS churned_mrr_rate, (r.churned_customers::numeric / nullif(r.opening_customers, 0))::numeric(24,6) AS logo_churn_rate,
	(r.closing_mrr / nullif(r.closing_customers, 0))::numeric(24,6) AS arpa, r.complete
FROM (SELECT 'segment'::text AS dimension, s.segment AS value, s.currency, s.period, s.opening_mrr, s.new_mrr, s.reactivation_mrr, s.expansion_mrr, s.contraction_mrr, s.churn_mrr, s.fx_mrr, s.net_new_mrr, s.closing_mrr, s.opening_customers, s.new_customers, s.reactivated_customers, s.expanded_customers, s.contracted_customers, s.churned_customers, s.closing_customers, s.complete
	FROM nudge_analytics.mrr_by_segment s WHERE s.segment <> 'all'
	UNION ALL SELECT d.dimension, d.value, d.currency, d.period, d.opening_mrr, d.new_mrr, d.reactivation_mrr, d.expansion_mrr, d.contraction_mrr, d.churn_mrr, d.fx_mrr, d.net_new_mrr, d.closing_mrr, d.opening_customers, d.new_customers, d.reactivated_customers, d.expanded_customers, d.contracted_customers, d.churned_customers, d.closing_customers, d.complete
	FROM nudge_analytics.mrr_by_dimension d) r$query$,
	'MRR by month and dimension', 'One row per month, currency and value of a dimension. As mrr_monthly, by what is known of the customers now: segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure, initial_contract_size; months are those of the zone of deploy().',
	'Amounts are in the currency that is paid, and not converted as those of metric_values. Each dimension has all customers: do not add dimensions. opening_, closing_ and rates are not to be added over months. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size: each has all customers, do not add them",
	"dimension_value": "Value of the customers now; (none) for those without", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before",
	"reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, negative",
	"churn_mrr": "MRR of customers that have none any more, negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr",
	"expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"closing_customers": "Customers as the month closed", "churned_mrr_rate": "Churned MRR over opening_mrr, as a fraction of 1", "logo_churn_rate": "churned_customers over opening_customers, as a fraction of 1",
	"arpa": "closing_mrr over closing_customers", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency",
	"expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "fx_mrr": "type/Currency", "net_new_mrr": "type/Currency", "closing_mrr": "type/Currency",
	"churned_mrr_rate": "type/Percentage", "logo_churn_rate": "type/Percentage", "arpa": "type/Currency"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "new_mrr": "New MRR", "reactivation_mrr": "Reactivation MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR",
	"churn_mrr": "Churned MRR", "fx_mrr": "FX MRR", "net_new_mrr": "Net new MRR", "closing_mrr": "Closing MRR", "churned_mrr_rate": "Churned MRR rate", "arpa": "ARPA"}'),

('revenue_cohort_months', 'revenue', 1130, '{revenue_cohorts}', $query$
SELECT r.cohort AS cohort_start, r.age AS age_months, r.period AS period_start, r.currency, r.cohort_customers, r.cohort_mrr::numeric(24,6) AS cohort_mrr, r.customers, r.mrr::numeric(24,6) AS mrr,
	r.expansion_mrr::numeric(24,6) AS expansion_mrr, r.contraction_mrr::numeric(24,6) AS contraction_mrr, r.churn_mrr::numeric(24,6) AS churn_mrr,
	r.reactivation_mrr::numeric(24,6) AS reactivation_mrr, r.logo_retention_rate::numeric(24,6) AS logo_retention_rate,
	r.net_revenue_retention_rate::numeric(24,6) AS net_revenue_retention_rate, r.gross_revenue_retention_rate::numeric(24,6) AS gross_revenue_retention_rate, r.complete
FROM nudge_analytics.revenue_cohorts r$query$,
	'Revenue cohorts', 'One row per currency, cohort and age in months. What became of the customers whose first revenue was in a month; months are those of the zone of deploy().',
	'Add customers and mrr of cohorts of the same age, and divide: rates are not to be added. An open month is not over: complete is false.',
	'{"cohort_start": "First day of the month of the first revenue", "age_months": "Months since", "period_start": "First day of the month that the row is about", "currency": "Currency of the amounts",
	"cohort_customers": "Customers in the cohort", "cohort_mrr": "Their MRR as the month of the cohort closed", "customers": "Those with MRR as the month closed", "mrr": "Their MRR as the month closed",
	"expansion_mrr": "MRR more in the month", "contraction_mrr": "MRR less in the month, negative", "churn_mrr": "MRR of those who have none any more, negative",
	"reactivation_mrr": "MRR of those who had none as the month opened", "logo_retention_rate": "customers over cohort_customers, as a fraction of 1",
	"net_revenue_retention_rate": "mrr over cohort_mrr, as a fraction of 1", "gross_revenue_retention_rate": "Of each customer at most its MRR at age 0, over cohort_mrr, as a fraction of 1",
	"complete": "Whether the month is over"}',
	'{"currency": "type/Category", "cohort_mrr": "type/Currency", "mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency",
	"reactivation_mrr": "type/Currency", "logo_retention_rate": "type/Percentage", "net_revenue_retention_rate": "type/Percentage", "gross_revenue_retention_rate": "type/Percentage"}',
	'{"cohort_start": "Cohort", "period_start": "Month", "age_months": "Age in months", "cohort_mrr": "Cohort MRR", "mrr": "MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR",
	"churn_mrr": "Churned MRR", "reactivation_mrr": "Reactivation MRR"}'),

('revenue_cohort_months_by_dimension', 'revenue', 2320, '{revenue_cohorts_by_dimension}', $query$
SELECT r.cohort AS cohort_start, r.age AS age_months, r.period AS period_start, r.dimension, r.value AS dimension_value, r.currency, r.cohort_customers, r.cohort_mrr::numeric(24,6) AS cohort_mrr, r.customers, r.mrr::numeric(24,6) AS mrr,
	r.expansion_mrr::numeric(24,6) AS expansion_mrr, r.contraction_mrr::numeric(24,6) AS contraction_mrr, r.churn_mrr::numeric(24,6) AS churn_mrr,
	r.reactivation_mrr::numeric(24,6) AS reactivation_mrr, r.logo_retention_rate::numeric(24,6) AS logo_retention_rate,
	r.net_revenue_retention_rate::numeric(24,6) AS net_revenue_retention_rate, r.gross_revenue_retention_rate::numeric(24,6) AS gross_revenue_retention_rate, r.complete
FROM nudge_analytics.revenue_cohorts_by_dimension r$query$,
	'Revenue cohorts by dimension', 'One row per value of a dimension, currency, cohort and age in months. What became of the customers whose first revenue was in a month, by what they are now; months are those of the zone of deploy().',
	'Each dimension has all customers: do not add dimensions. Add customers and mrr of cohorts of the same age, and divide: rates are not to be added. An open month is not over: complete is false.',
	'{"cohort_start": "First day of the month of the first revenue", "age_months": "Months since", "period_start": "First day of the month that the row is about", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size", "dimension_value": "Value of the customers now; (none): not known", "currency": "Currency of the amounts",
	"cohort_customers": "Customers in the cohort", "cohort_mrr": "Their MRR as the month of the cohort closed", "customers": "Those with MRR as the month closed", "mrr": "Their MRR as the month closed",
	"expansion_mrr": "MRR more in the month", "contraction_mrr": "MRR less in the month, negative", "churn_mrr": "MRR of those who have none any more, negative",
	"reactivation_mrr": "MRR of those who had none as the month opened", "logo_retention_rate": "customers over cohort_customers, as a fraction of 1",
	"net_revenue_retention_rate": "mrr over cohort_mrr, as a fraction of 1", "gross_revenue_retention_rate": "Of each customer at most its MRR at age 0, over cohort_mrr, as a fraction of 1",
	"complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category", "cohort_mrr": "type/Currency", "mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency",
	"reactivation_mrr": "type/Currency", "logo_retention_rate": "type/Percentage", "net_revenue_retention_rate": "type/Percentage", "gross_revenue_retention_rate": "type/Percentage"}',
	'{"cohort_start": "Cohort", "period_start": "Month", "age_months": "Age in months", "cohort_mrr": "Cohort MRR", "mrr": "MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR",
	"churn_mrr": "Churned MRR", "reactivation_mrr": "Reactivation MRR"}'),

('customer_revenue_monthly', 'revenue', 1140, '{fact_revenue}', $query$
SELECT r.period AS period_start, r.customer, r.currency, r.movement, r.opening_mrr::numeric(24,6) AS opening_mrr, r.new_mrr::numeric(24,6) AS new_mrr,
	r.reactivation_mrr::numeric(24,6) AS reactivation_mrr, r.expansion_mrr::numeric(24,6) AS expansion_mrr, r.contraction_mrr::numeric(24,6) AS contraction_mrr,
	r.churn_mrr::numeric(24,6) AS churn_mrr, r.net_new_mrr::numeric(24,6) AS net_new_mrr, r.closing_mrr::numeric(24,6) AS closing_mrr, r.complete
FROM nudge_analytics.fact_revenue r$query$,
	'Revenue of customers by month', 'One row per customer, currency and month that opens or closes with MRR, movements in columns of their own. For sums of opening, closing or movements over customers, and for months in which nothing moved; who moved is found faster in customer_mrr_movements. Months are those of the zone of deploy().',
	'opening_ and closing_ are not to be added over months; currencies are not to be added.',
	'{"period_start": "First day of the month", "customer": "Customer", "currency": "Currency of the amounts", "movement": "new, reactivation, expansion, contraction, churn or none",
	"opening_mrr": "MRR of the customer as the month opened", "new_mrr": "MRR if it had none before", "reactivation_mrr": "MRR if it had had some, and none as the month opened",
	"expansion_mrr": "MRR that it has more", "contraction_mrr": "MRR that it has less, negative", "churn_mrr": "MRR if it has none any more, negative", "net_new_mrr": "Sum of the movements",
	"closing_mrr": "MRR of the customer as the month closed", "complete": "Whether the month is over"}',
	'{"customer": "type/FK", "currency": "type/Category", "movement": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency",
	"expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "net_new_mrr": "type/Currency", "closing_mrr": "type/Currency"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "new_mrr": "New MRR", "reactivation_mrr": "Reactivation MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR",
	"churn_mrr": "Churned MRR", "net_new_mrr": "Net new MRR", "closing_mrr": "Closing MRR"}');

-- src/reporting/views_consolidated.sql

/*
 * views_consolidated.sql
 *		Shipped views about revenue of all currencies in one, and why it moved.
 *
 * Rules: doc/reporting.md; definitions: doc/conversion.md, doc/revenue_items.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('mrr_monthly_consolidated', 'revenue', 1002, '{mrr_consolidated}', $query$
SELECT s.period AS period_start, s.currency, s.opening_mrr::numeric(24,6) AS opening_mrr, s.new_mrr::numeric(24,6) AS new_mrr, s.reactivation_mrr::numeric(24,6) AS reactivation_mrr, s.expansion_mrr::numeric(24,6) AS expansion_mrr,
	s.contraction_mrr::numeric(24,6) AS contraction_mrr, s.churn_mrr::numeric(24,6) AS churn_mrr, s.fx_mrr::numeric(24,6) AS fx_mrr, s.net_new_mrr::numeric(24,6) AS net_new_mrr, s.closing_mrr::numeric(24,6) AS closing_mrr,
	s.opening_customers, s.new_customers, s.reactivated_customers, s.expanded_customers, s.contracted_customers, s.churned_customers, s.closing_customers, s.complete
FROM nudge_analytics.mrr_consolidated s$query$,
	'MRR by month, all currencies', 'One row per month and currency converted to. The MRR waterfall of customers of all currencies in the one of deploy(), at the exchange rate of the last day of each month; without rates each currency is one of its own.',
	'opening_ and closing_ are not to be added over months. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "currency": "Currency that all amounts are in", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened",
	"expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, 0 or negative", "churn_mrr": "MRR of customers that have none any more, 0 or negative", "fx_mrr": "What exchange rates alone have moved", "net_new_mrr": "Sum of the movements",
	"closing_mrr": "MRR as the month closed, or so far", "opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr", "expanded_customers": "Customers behind expansion_mrr",
	"contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr", "closing_customers": "Customers as the month closed, or so far", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "fx_mrr": "type/Currency",
	"net_new_mrr": "type/Currency", "closing_mrr": "type/Currency"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "new_mrr": "New MRR", "reactivation_mrr": "Reactivation MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR", "churn_mrr": "Churned MRR", "fx_mrr": "FX MRR", "net_new_mrr": "Net new MRR", "closing_mrr": "Closing MRR"}'),

('mrr_causes_monthly', 'revenue', 1004, '{mrr_causes}', $query$
SELECT k.period AS period_start, k.currency, k.movement, k.cause, k.amount::numeric(24,6) AS mrr, k.customers, k.complete
FROM nudge_analytics.mrr_causes k$query$,
	'Why MRR moved', 'One row per month, currency, movement and cause. Quantity, price, plan, discount, add-on, kind of churn or exchange rate behind each movement of MRR: the causes of a movement add up to it.',
	'customers are not to be added over causes: one customer may have several.',
	'{"period_start": "First day of the month", "currency": "Currency that all amounts are in", "movement": "new, reactivation, expansion, contraction, churn or fx", "cause": "What moved it: quantity, price, plan, discount, discount_end, addon, currency, churn_voluntary, churn_involuntary and others",
	"mrr": "MRR that it moved, negative if it is less", "customers": "Customers that it moved", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "movement": "type/Category", "cause": "type/Category", "mrr": "type/Currency"}', '{"period_start": "Month", "mrr": "MRR"}');

-- src/reporting/views_facts.sql

/*
 * views_facts.sql
 *		Shipped views that people drill down to: what is behind a number, by day,
 *		by customer or one by one.
 *
 * Rules: doc/reporting.md.
 */

-- What is dated in the days to come is not shown before its day.
INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('campaign_sends_daily', 'acquisition', 1900, '{fact_sends}', $query$
SELECT f.day, f.campaign, f.sent, f.delivery_known, f.delivered, f.delivery_rate::numeric(24,6) AS delivery_rate, f.open_known, f.opened, f.open_rate::numeric(24,6) AS open_rate, f.click_known, f.clicked, f.click_rate::numeric(24,6) AS click_rate
FROM nudge_analytics.fact_sends f WHERE f.day <= nudge.civil_date(now(), {zone})$query$,
	'Messages by campaign and day', 'One row per campaign and day on which it sent messages. Messages sent, delivered, opened and clicked; days are those of the zone of deploy().', 'Rates are added by their numerators and denominators.',
	'{"day": "Day on which they were sent", "campaign": "Campaign", "sent": "Messages sent", "delivery_known": "Those of which it is known how many arrived", "delivered": "How many of these arrived; NULL: not known", "delivery_rate": "delivered over delivery_known, as a fraction of 1",
	"open_known": "Messages delivered, or sent where that is not known, of which it is known how many were opened", "opened": "How many were opened; NULL: not known", "open_rate": "opened over open_known, as a fraction of 1",
	"click_known": "Messages delivered, or sent where that is not known, of which it is known how many were clicked", "clicked": "How many were clicked; NULL: not known", "click_rate": "clicked over click_known, as a fraction of 1"}',
	'{"campaign": "type/Category", "delivery_rate": "type/Percentage", "open_rate": "type/Percentage", "click_rate": "type/Percentage"}', '{}'),
('campaign_results', 'acquisition', 1905, '{dim_campaigns,fact_sends}', $query$
SELECT coalesce(d.campaign, s.campaign) AS campaign, d.channel, d.kind AS campaign_kind, CASE WHEN isfinite(d.first_day) THEN d.first_day END AS first_day, CASE WHEN isfinite(d.last_day) THEN d.last_day END AS last_day, s.first_send_day, s.last_send_day, coalesce(s.sent, 0) AS sent, coalesce(s.delivery_known, 0) AS delivery_known, s.delivered,
	(s.delivered::numeric / nullif(s.delivery_known, 0))::numeric(24,6) AS delivery_rate, coalesce(s.open_known, 0) AS open_known, s.opened, (s.opened::numeric / nullif(s.open_known, 0))::numeric(24,6) AS open_rate,
	coalesce(s.click_known, 0) AS click_known, s.clicked, (s.clicked::numeric / nullif(s.click_known, 0))::numeric(24,6) AS click_rate
FROM nudge_analytics.dim_campaigns d
FULL JOIN (
	SELECT f.campaign, min(f.day) AS first_send_day, max(f.day) AS last_send_day, sum(f.sent)::bigint AS sent, sum(f.delivery_known)::bigint AS delivery_known, sum(f.delivered)::bigint AS delivered, sum(f.open_known)::bigint AS open_known,
		sum(f.opened)::bigint AS opened, sum(f.click_known)::bigint AS click_known, sum(f.clicked)::bigint AS clicked
	FROM nudge_analytics.fact_sends f WHERE f.day <= nudge.civil_date(now(), {zone}) GROUP BY f.campaign
) s ON s.campaign = d.campaign$query$,
	'Campaigns', 'One row per campaign that is known or has sent messages. What it is, and what became of its messages so far.', 'Rates are added by their numerators and denominators.',
	'{"campaign": "Campaign", "channel": "Channel on which it runs; NULL: not known", "campaign_kind": "brand, competitor, generic, content or event; NULL: not known", "first_day": "Day on which it began", "last_day": "Last day on which it ran; NULL: it has no end yet", "first_send_day": "Day of its first message", "last_send_day": "Day of its last message",
	"sent": "Messages sent", "delivery_known": "Those of which it is known how many arrived", "delivered": "How many of these arrived; NULL: not known", "delivery_rate": "delivered over delivery_known, as a fraction of 1", "open_known": "Messages delivered, or sent where that is not known, of which it is known how many were opened",
	"opened": "How many were opened; NULL: not known", "open_rate": "opened over open_known, as a fraction of 1", "click_known": "Messages delivered, or sent where that is not known, of which it is known how many were clicked", "clicked": "How many were clicked; NULL: not known", "click_rate": "clicked over click_known, as a fraction of 1"}',
	'{"channel": "type/Category", "campaign_kind": "type/Category", "delivery_rate": "type/Percentage", "open_rate": "type/Percentage", "click_rate": "type/Percentage"}', '{}'),
('channel_overview', 'acquisition', 1908, '{dim_channels}', $query$
SELECT c.channel, c.is_paid, c.campaigns, CASE WHEN isfinite(c.first_touch_day) THEN c.first_touch_day END AS first_touch_day, CASE WHEN isfinite(c.last_touch_day) THEN c.last_touch_day END AS last_touch_day, CASE WHEN isfinite(c.first_spend_day) THEN c.first_spend_day END AS first_spend_day, CASE WHEN isfinite(c.last_spend_day) THEN c.last_spend_day END AS last_spend_day FROM nudge_analytics.dim_channels c$query$,
	'Channels', 'One row per channel. Channels that contacts of marketing, costs or campaigns name.', NULL,
	'{"channel": "Channel", "is_paid": "Whether anything was spent on it", "campaigns": "Campaigns that run on it", "first_touch_day": "Day of the first contact; NULL: none", "last_touch_day": "Day of the last contact; NULL: none", "first_spend_day": "First day with costs; NULL: none", "last_spend_day": "Last day with costs; NULL: none"}',
	'{"channel": "type/Category"}', '{}'),
('channel_spend_daily', 'acquisition', 1910, '{fact_spend}', $query$
SELECT f.day, f.channel, f.campaign, f.partner, f.currency, f.amount::numeric(24,6) AS amount, f.impressions, f.clicks, (f.clicks::numeric / nullif(f.impressions, 0))::numeric(24,6) AS click_through_rate, (f.amount / nullif(f.clicks, 0))::numeric(24,6) AS cost_per_click
FROM nudge_analytics.fact_spend f WHERE f.day <= nudge.civil_date(now(), {zone})$query$,
	'Spend by day', 'One row per day, channel, campaign, partner and currency with costs. What was spent on acquisition, and the clicks that it brought.', 'Amounts of different currencies are not to be added; rates are added by their numerators and denominators.',
	'{"day": "Day it was spent", "channel": "Channel it was spent on", "campaign": "Campaign; NULL: none", "partner": "Partner it was paid to; NULL: none", "currency": "Currency of the amount", "amount": "Amount spent", "impressions": "Times it was shown; NULL: not known", "clicks": "Clicks it brought; NULL: not known",
	"click_through_rate": "clicks over impressions, as a fraction of 1", "cost_per_click": "amount over clicks"}',
	'{"channel": "type/Category", "campaign": "type/Category", "partner": "type/Category", "currency": "type/Category", "amount": "type/Currency", "cost_per_click": "type/Currency", "click_through_rate": "type/Percentage"}', '{}'),
('customer_touches_daily', 'acquisition', 1915, '{fact_touches}', $query$
SELECT f.day, f.customer, f.channel, f.campaign, f.partner, f.touches FROM nudge_analytics.fact_touches f WHERE f.day <= nudge.civil_date(now(), {zone})$query$,
	'Contacts of customers by day', 'One row per customer, day, channel, campaign and partner with contacts. The contacts of marketing behind attribution.', 'Contacts of visitors that are no customers are not in it.',
	'{"day": "Day", "customer": "Customer", "channel": "Channel of the contact", "campaign": "Campaign; NULL: none", "partner": "Partner; NULL: none", "touches": "Contacts"}', '{"channel": "type/Category", "campaign": "type/Category", "partner": "type/Category"}', '{}'),
('customer_conversions_daily', 'acquisition', 1920, '{fact_conversions}', $query$
SELECT f.day, f.customer, f.kind AS conversion_kind, f.currency, f.conversions, f.revenue::numeric(24,6) AS revenue FROM nudge_analytics.fact_conversions f WHERE f.day <= nudge.civil_date(now(), {zone})$query$,
	'Conversions of customers by day', 'One row per customer, day, kind and currency with conversions. The conversions behind attribution.', 'Revenue of different currencies is not to be added.',
	'{"day": "Day", "customer": "Customer", "conversion_kind": "Kind, such as signup or purchase; NULL: not known", "currency": "Currency of the revenue", "conversions": "Conversions", "revenue": "What they are worth"}',
	'{"conversion_kind": "type/Category", "currency": "type/Category", "revenue": "type/Currency"}', '{}'),

('product_events_daily', 'usage', 1930, '{fact_events}', $query$
SELECT f.day, f.name AS event_name, f.feature, f.events AS event_count, f.users AS user_count, f.succeeded, f.failed, f.success_rate::numeric(24,6) AS success_rate, f.value::numeric(24,6) AS event_value
FROM nudge_analytics.fact_events f WHERE f.day <= nudge.civil_date(now(), {zone})$query$,
	'Events by day', 'One row per day, event and feature. How often it was done, and by how many users; days are those of the zone of deploy().', 'user_count is not to be added over days, events or features: a user counts in each. Today still changes.',
	'{"day": "Day", "event_name": "Name of the event", "feature": "Feature; NULL: none", "event_count": "Events of users", "user_count": "Distinct users", "succeeded": "Events that worked", "failed": "Events that did not", "success_rate": "succeeded over succeeded and failed, as a fraction of 1", "event_value": "What they were worth; NULL: not known"}',
	'{"event_name": "type/Category", "feature": "type/Category", "success_rate": "type/Percentage"}', '{}'),
('user_events_daily', 'usage', 1935, '{user_event_days,dim_users}', $query$
SELECT f.day, f."user" AS user_key, u.customer, f.name AS event_name, f.feature, f.events AS event_count, f.succeeded, f.failed, f.value::numeric(24,6) AS event_value
FROM nudge_analytics.user_event_days f LEFT JOIN nudge_analytics.dim_users u ON u."user" = f."user" WHERE f.day <= nudge.civil_date(now(), {zone})$query$,
	'Events of users by day', 'One row per user, day, event and feature. Who is behind the events of a day.', 'It is as large as usage is: filter by day, user or customer.',
	'{"day": "Day", "user_key": "User", "customer": "Account of the user; NULL: not known", "event_name": "Name of the event", "feature": "Feature; NULL: none", "event_count": "Events", "succeeded": "Those that worked", "failed": "Those that did not", "event_value": "What they were worth; NULL: not known"}',
	'{"event_name": "type/Category", "feature": "type/Category"}', '{"user_key": "User"}'),

('support_tickets', 'support', 1940, '{fact_tickets}', $query$
SELECT f.ticket, f.customer, f.opened_day, f.status AS ticket_status, f.priority, f.complexity, f.category, f.agent, f.opened_at, f.first_response_at, f.resolved_at, f.reopened_at, f.first_response_minutes::numeric(24,6) AS first_response_minutes, f.resolution_minutes::numeric(24,6) AS resolution_minutes,
	f.csat::numeric(24,6) AS csat, f.escalated AS is_escalated, f.contacts FROM nudge_analytics.fact_tickets f$query$,
	'Support tickets', 'One row per ticket. The tickets behind the numbers of support, with the times to answer and to resolve them.', 'Tickets of internal customers are here too: numbers of support leave them out, as is_internal of customer_details tells. Minutes are all minutes, not those of working hours.',
	'{"ticket": "Ticket", "customer": "Whose it is", "opened_day": "Day on which it was opened, in the zone of deploy()", "ticket_status": "open or resolved", "priority": "Priority", "complexity": "Class of complexity; NULL: not known", "category": "What it is about; NULL: not known", "agent": "Who worked on it; NULL: not known",
	"opened_at": "When it was opened", "first_response_at": "When it was first answered; NULL: not yet", "resolved_at": "When it was resolved; NULL: not yet", "reopened_at": "When it was opened again; NULL: never", "first_response_minutes": "Minutes from the opening to the first response",
	"resolution_minutes": "Minutes from the opening to the resolution, of what is resolved", "csat": "Score the customer gave; NULL: none", "is_escalated": "Whether it was escalated; NULL: not known", "contacts": "Times the customer wrote; NULL: not known"}',
	'{"ticket_status": "type/Category", "priority": "type/Category", "complexity": "type/Category", "category": "type/Category", "agent": "type/Category", "csat": "type/Score"}', '{"csat": "CSAT"}'),
('platform_incidents', 'platform', 1945, '{fact_incidents}', $query$
SELECT f.incident, f.started_day, f.service, f.severity, f.is_outage, f.is_open, f.started_at, f.detected_at, f.ended_at, f.detection_minutes::numeric(24,6) AS detection_minutes, f.duration_minutes::numeric(24,6) AS duration_minutes FROM nudge_analytics.fact_incidents f$query$,
	'Incidents', 'One row per incident. The incidents behind uptime and repair times.', 'Incidents overlap: downtime is not the sum of durations.',
	'{"incident": "Incident", "started_day": "Day on which it began, in the zone of deploy()", "service": "What was hit; NULL: everything", "severity": "Severity", "is_outage": "Whether the service was down", "is_open": "Whether it goes on", "started_at": "When it began", "detected_at": "When it was noticed; NULL: not yet",
	"ended_at": "When it was over; NULL: not yet", "detection_minutes": "Minutes from the beginning until it was noticed", "duration_minutes": "Minutes from the beginning to the end; NULL: it goes on"}',
	'{"service": "type/Category", "severity": "type/Category"}', '{}'),

('customer_subscriptions', 'revenue', 1950, '{fact_subscriptions}', $query$
SELECT f.valid_from AS started_at, f.valid_to AS ended_at, f.first_day, f.last_day, f.customer, f.subscription, f.item, f.sequence_no, f.plan AS plan_key, f.status AS subscription_status, f.currency, f.amount::numeric(24,6) AS amount, f.interval_unit, f.interval_count, f.quantity::numeric(24,6) AS quantity,
	f.discount::numeric(24,6) AS discount_share, f.discount_kind, f.usage AS is_usage_based, f.mrr::numeric(24,6) AS mrr FROM nudge_analytics.fact_subscriptions f$query$,
	'Subscriptions of customers', 'One row per customer, subscription, item and beginning of a price. What customers pay for, from when to when, and what it is a month.', 'Rows of different times, and amounts of different currencies or intervals, are not to be added: choose an instant, and add mrr.',
	'{"started_at": "Instant from which the price counts", "ended_at": "Instant until which it counts; NULL: it has no end yet", "first_day": "Day of started_at, in the zone of deploy()", "last_day": "Last day on which it counts; NULL: it has no end yet", "customer": "Customer", "subscription": "Subscription of which it is an item; NULL: not known", "item": "Item",
	"sequence_no": "1; further rows of an item that begin at the same instant are counted on", "plan_key": "Plan or add-on", "subscription_status": "Status", "currency": "Currency of the amounts", "amount": "Price a unit and interval", "interval_unit": "day, week, month, quarter, year or none", "interval_count": "Units between two bills", "quantity": "Units bought",
	"discount_share": "Share taken off, as a fraction of 1", "discount_kind": "once, repeating or forever; NULL: none", "is_usage_based": "Whether it is billed by use and not fixed", "mrr": "MRR while it counts; NULL: it is no recurring revenue"}',
	'{"plan_key": "type/Category", "subscription_status": "type/Category", "currency": "type/Category", "interval_unit": "type/Category", "discount_kind": "type/Category", "amount": "type/Currency", "mrr": "type/Currency", "discount_share": "type/Percentage"}', '{"plan_key": "Plan", "mrr": "MRR"}'),
('customer_mrr_movements', 'revenue', 1960, '{fact_revenue}', $query$
SELECT f.period AS period_start, f.customer, f.currency, f.movement, f.opening_mrr::numeric(24,6) AS opening_mrr, f.net_new_mrr::numeric(24,6) AS movement_mrr, f.closing_mrr::numeric(24,6) AS closing_mrr, f.complete
FROM nudge_analytics.fact_revenue f WHERE f.movement <> 'none'$query$,
	'MRR movements of customers', 'One row per customer, currency and month in which its MRR moved. Who is behind new, reactivation, expansion, contraction and churn of mrr_monthly, by how much in one column: for lists of a movement. All months, those in which nothing moved too, are in customer_revenue_monthly.', 'Amounts of different currencies are not to be added.',
	'{"period_start": "First day of the month, in the zone of deploy()", "customer": "Customer", "currency": "Currency of the amounts", "movement": "new, reactivation, expansion, contraction or churn", "opening_mrr": "MRR of the customer as the month opened", "movement_mrr": "By how much it moved: negative for contraction and churn",
	"closing_mrr": "MRR of the customer as the month closed, or so far", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "movement": "type/Category", "opening_mrr": "type/Currency", "movement_mrr": "type/Currency", "closing_mrr": "type/Currency"}', '{"opening_mrr": "Opening MRR", "movement_mrr": "Movement of MRR", "closing_mrr": "Closing MRR"}'),
('mrr_monthly_then', 'revenue', 1970, '{mrr_by_dimension_then}', $query$
SELECT s.period AS period_start, s.dimension, s.value AS dimension_value, s.currency, s.opening_mrr::numeric(24,6) AS opening_mrr, s.new_mrr::numeric(24,6) AS new_mrr, s.reactivation_mrr::numeric(24,6) AS reactivation_mrr, s.expansion_mrr::numeric(24,6) AS expansion_mrr, s.contraction_mrr::numeric(24,6) AS contraction_mrr,
	s.churn_mrr::numeric(24,6) AS churn_mrr, s.transfer_in_mrr::numeric(24,6) AS transfer_in_mrr, s.transfer_out_mrr::numeric(24,6) AS transfer_out_mrr, s.net_new_mrr::numeric(24,6) AS net_new_mrr, s.closing_mrr::numeric(24,6) AS closing_mrr,
	s.opening_customers, s.new_customers, s.reactivated_customers, s.expanded_customers, s.contracted_customers, s.churned_customers, s.transferred_in_customers, s.transferred_out_customers, s.closing_customers, s.complete,
	(s.churned_customers::numeric / nullif(s.opening_customers, 0))::numeric(24,6) AS logo_churn_rate, (-s.churn_mrr / nullif(s.opening_mrr, 0))::numeric(24,6) AS churned_mrr_rate
FROM nudge_analytics.mrr_by_dimension_then s$query$,
	'MRR by month and attribute then', 'One row per month, dimension, value and currency. The MRR waterfall by what customers were and had in the month, with what came from and went to other values.',
	'Each dimension has all customers: do not add dimensions. opening_, closing_ and rates are not to be added over months; currencies are not to be added. The last month is open: complete is false.',
	'{"period_start": "First day of the month, in the zone of deploy()", "dimension": "plan, product_mix, tenure and initial_contract_size; if dimension_history is mapped, segment, industry, company_size, region, growth_tier and sales_channel too", "dimension_value": "Value in the month: what opens is of the value as the month opened, what closes of that as it closed; (none): not known", "currency": "Currency of the amounts",
	"opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more", "contraction_mrr": "MRR that customers have less, 0 or negative", "churn_mrr": "MRR of customers that have none any more, 0 or negative",
	"transfer_in_mrr": "Opening MRR of customers that came from another value", "transfer_out_mrr": "Opening MRR of customers that went to another value, 0 or negative", "net_new_mrr": "Sum of the movements, transfers included", "closing_mrr": "MRR as the month closed, or so far",
	"opening_customers": "Customers as the month opened", "new_customers": "Customers behind new_mrr", "reactivated_customers": "Customers behind reactivation_mrr", "expanded_customers": "Customers behind expansion_mrr", "contracted_customers": "Customers behind contraction_mrr", "churned_customers": "Customers behind churn_mrr",
	"transferred_in_customers": "Customers behind transfer_in_mrr", "transferred_out_customers": "Customers behind transfer_out_mrr", "closing_customers": "Customers as the month closed, or so far", "complete": "Whether the month is over",
	"logo_churn_rate": "churned_customers over opening_customers, as a fraction of 1", "churned_mrr_rate": "Churned MRR over opening_mrr, as a fraction of 1"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category", "opening_mrr": "type/Currency", "new_mrr": "type/Currency", "reactivation_mrr": "type/Currency", "expansion_mrr": "type/Currency", "contraction_mrr": "type/Currency", "churn_mrr": "type/Currency", "transfer_in_mrr": "type/Currency",
	"transfer_out_mrr": "type/Currency", "net_new_mrr": "type/Currency", "closing_mrr": "type/Currency", "logo_churn_rate": "type/Percentage", "churned_mrr_rate": "type/Percentage"}',
	'{"period_start": "Month", "opening_mrr": "Opening MRR", "new_mrr": "New MRR", "reactivation_mrr": "Reactivation MRR", "expansion_mrr": "Expansion MRR", "contraction_mrr": "Contraction MRR", "churn_mrr": "Churned MRR", "transfer_in_mrr": "MRR from other values", "transfer_out_mrr": "MRR to other values", "net_new_mrr": "Net new MRR",
	"closing_mrr": "Closing MRR", "churned_mrr_rate": "Churned MRR rate"}'),
('customer_transfers', 'revenue', 1980, '{customer_mrr_then,customer_products_then,fact_revenue}', $query$
SELECT c.period AS period_start, c.customer, c.dimension, c.opening_value AS from_value, c.closing_value AS to_value, c.currency, c.opening_mrr::numeric(24,6) AS opening_mrr, c.closing_mrr::numeric(24,6) AS closing_mrr, c.complete
FROM nudge_analytics.customer_mrr_then c WHERE c.opening_value <> c.closing_value
UNION ALL
-- few of those that changed, with a price in force before and after, which an index finds: their months are looked up one by one
SELECT p.from_period, p.customer, 'plan', nudge.attribute_label('plan', p.opening_plan), nudge.attribute_label('plan', p.plan), f.currency, f.opening_mrr::numeric(24,6), f.closing_mrr::numeric(24,6), f.complete
FROM nudge_analytics.customer_products_then p, LATERAL (SELECT r.* FROM nudge_analytics.fact_revenue r WHERE r.customer = p.customer AND r.period = p.from_period AND r.opening_mrr <> 0 AND r.closing_mrr <> 0 OFFSET 0) f WHERE p.plan_moves
UNION ALL
SELECT p.from_period, p.customer, 'product_mix', nudge.attribute_label('product_mix', p.opening_product_mix), nudge.attribute_label('product_mix', p.product_mix), f.currency, f.opening_mrr::numeric(24,6), f.closing_mrr::numeric(24,6), f.complete
FROM nudge_analytics.customer_products_then p, LATERAL (SELECT r.* FROM nudge_analytics.fact_revenue r WHERE r.customer = p.customer AND r.period = p.from_period AND r.opening_mrr <> 0 AND r.closing_mrr <> 0 OFFSET 0) f WHERE p.product_mix_moves$query$,
	'Customers that moved', 'One row per customer, dimension, currency and month in which it closed with another value than it opened. Who is behind the transfers of mrr_monthly_then, but for those of tenure, which time alone makes.', 'Each dimension has all customers: do not add dimensions; currencies are not to be added.',
	'{"period_start": "First day of the month, in the zone of deploy()", "customer": "Customer", "dimension": "plan or product_mix; if dimension_history is mapped, segment, industry, company_size, region, growth_tier or sales_channel too", "from_value": "Value as the month opened", "to_value": "Value as the month closed, or so far", "currency": "Currency of the amounts",
	"opening_mrr": "MRR of the customer as the month opened: what is transferred", "closing_mrr": "MRR of the customer as the month closed, or so far", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "from_value": "type/Category", "to_value": "type/Category", "currency": "type/Category", "opening_mrr": "type/Currency", "closing_mrr": "type/Currency"}', '{"opening_mrr": "Opening MRR", "closing_mrr": "Closing MRR"}');

-- src/reporting/views_customers.sql

/*
 * views_customers.sql
 *		Shipped views about who there is: customers, users, plans.
 *
 * Rules: doc/reporting.md; definitions: doc/marts.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('customer_details', 'customers', 1200, '{dim_customers}', $query$
SELECT r.customer, r.name AS customer_name, CASE WHEN isfinite(r.created_at) THEN r.created_at END AS created_at, r.segment, r.industry, r.company_size, r.region, r.growth_tier, r.sales_channel,
	r.owner AS account_owner, nudge.finite(r.initial_amount)::numeric(24,6) AS initial_amount, r.internal AS is_internal, r.status AS customer_status, r.first_revenue_day, r.last_revenue_day,
	r.currency, r.current_mrr::numeric(24,6) AS current_mrr, k.data_as_of AS as_of
FROM nudge_analytics.dim_customers r CROSS JOIN (SELECT m.data_as_of FROM nudge.materialisations m WHERE m.name = 'dim_customers') k$query$,
	'Customers', 'One row per customer. Who they are, and what they pay now; days are those of the zone of deploy().',
	'Amounts of different currencies are not to be added.',
	'{"customer": "Customer: column customer of other views", "customer_name": "What it is called", "created_at": "When it came to be", "segment": "Segment now", "industry": "Industry",
	"company_size": "Class of size", "region": "Region", "growth_tier": "Class of growth", "sales_channel": "How it is sold to", "account_owner": "Who looks after it",
	"initial_amount": "First recurring amount agreed", "is_internal": "Own staff or a test account", "customer_status": "active with MRR now, churned without but with some before, never_paid",
	"first_revenue_day": "First day with MRR; NULL if never", "last_revenue_day": "Last day with MRR; NULL if it has some now, or never had", "currency": "Currency of current_mrr; NULL with several",
	"current_mrr": "MRR now; NULL in several currencies: fact_revenue has each", "as_of": "All that was committed before this instant is in it"}',
	'{"customer": "type/PK", "segment": "type/Category", "industry": "type/Category", "company_size": "type/Category", "region": "type/Category", "growth_tier": "type/Category", "sales_channel": "type/Category",
	"account_owner": "type/Category", "initial_amount": "type/Currency", "customer_status": "type/Category", "currency": "type/Category", "current_mrr": "type/Currency"}',
	'{"current_mrr": "Current MRR"}'),

('user_details', 'customers', 1210, '{dim_users}', $query$
SELECT r."user" AS user_id, r.customer, CASE WHEN isfinite(r.signed_up_at) THEN r.signed_up_at END AS signed_up_at, CASE WHEN isfinite(r.signed_up_day) THEN r.signed_up_day END AS signed_up_day,
	r.plan, r.role AS user_role, r.internal AS is_internal, k.data_as_of AS as_of
FROM nudge_analytics.dim_users r CROSS JOIN (SELECT m.data_as_of FROM nudge.materialisations m WHERE m.name = 'dim_users') k$query$,
	'Users', 'One row per user. Who they are, and to whose account they belong; days are those of the zone of deploy().',
	NULL,
	'{"user_id": "User: as in the sources", "customer": "Account to which the user belongs: column customer of customer_details", "signed_up_at": "When the user signed up", "signed_up_day": "Day of it",
	"plan": "Plan of the user", "user_role": "Role in the account", "is_internal": "Own staff or a test user", "as_of": "All that was committed before this instant is in it"}',
	'{"user_id": "type/PK", "customer": "type/FK", "plan": "type/Category", "user_role": "type/Category"}',
	'{}'),

('plan_details', 'customers', 1220, '{dim_plans}', $query$
SELECT r.plan, r.family AS plan_family, r.tier AS plan_tier, r.kind AS plan_kind, nudge.finite(r.list_price)::numeric(24,6) AS list_price, r.interval_unit, k.data_as_of AS as_of
FROM nudge_analytics.dim_plans r CROSS JOIN (SELECT m.data_as_of FROM nudge.materialisations m WHERE m.name = 'dim_plans') k$query$,
	'Plans', 'One row per plan or add-on. What can be bought, and its list price.',
	'List prices are not what customers pay.',
	'{"plan": "Plan or add-on", "plan_family": "Plans of which it is one", "plan_tier": "Its rank among them", "plan_kind": "plan or addon", "list_price": "Price without any discount; NULL if agreed one by one",
	"interval_unit": "What the price is for: day, week, month, quarter or year", "as_of": "All that was committed before this instant is in it"}',
	'{"plan": "type/PK", "plan_family": "type/Category", "plan_tier": "type/Category", "plan_kind": "type/Category", "list_price": "type/Currency", "interval_unit": "type/Category"}',
	'{}');

-- src/reporting/views_usage.sql

/*
 * views_usage.sql
 *		Shipped views about what users do.
 *
 * Rules: doc/reporting.md; definitions: doc/active_users.md, doc/retention.md, doc/features.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('active_users_daily', 'usage', 1300, '{active_users}', $query$
SELECT r.day, r.dau, r.wau, r.mau, r.new_users, r.total_users, r.dau_mau_rate::numeric(24,6) AS stickiness_rate, r.dau_wau_rate::numeric(24,6) AS dau_wau_rate,
	(r.dau::numeric / nullif(r.total_users, 0))::numeric(24,6) AS daily_active_rate, (r.wau::numeric / nullif(r.total_users, 0))::numeric(24,6) AS weekly_active_rate, r.complete AS has_30_days
FROM nudge_analytics.active_users r$query$,
	'Active users by day', 'One row per day. Users active on the day, on the 7 and on the 30 that end with it; days are those of the zone of deploy(), from the first with any activity to yesterday.',
	'Users are not to be added over days: who comes on two of them is one user.',
	'{"day": "Day", "dau": "Users active on the day", "wau": "Users active on the 7 days that end with it", "mau": "Users active on the 30 days that end with it", "new_users": "Users whose first active day it is",
	"total_users": "Users first active on it or before", "stickiness_rate": "dau over mau, as a fraction of 1", "dau_wau_rate": "dau over wau, as a fraction of 1",
	"daily_active_rate": "dau over total_users, as a fraction of 1", "weekly_active_rate": "wau over total_users, as a fraction of 1", "has_30_days": "Whether the data go back the 30 days"}',
	'{"stickiness_rate": "type/Percentage", "dau_wau_rate": "type/Percentage", "daily_active_rate": "type/Percentage", "weekly_active_rate": "type/Percentage"}',
	'{"has_30_days": "Has 30 days", "dau": "DAU", "wau": "WAU", "mau": "MAU", "dau_wau_rate": "DAU WAU rate"}'),

('user_lifecycle', 'usage', 1310, '{lifecycle}', $query$
SELECT r.period AS period_start, r.grain, r.active_users, r.new_users, r.returning_users, r.resurrecting_users AS resurrected_users, r.dormant_users,
	r.returning_users + r.dormant_users AS previous_users, (r.returning_users::numeric / nullif(r.returning_users + r.dormant_users, 0))::numeric(24,6) AS user_retention_rate,
	((r.new_users + r.resurrecting_users)::numeric / nullif(r.dormant_users, 0))::numeric(24,6) AS user_quick_ratio, r.complete
FROM nudge_analytics.lifecycle r$query$,
	'User lifecycle', 'One row per week or month. Where active users come from and go: new, returning, resurrected, dormant; periods are those of the zone of deploy().',
	'Weeks and months are not to be added: choose a grain. The last period is open: complete is false.',
	'{"period_start": "First day of the period", "grain": "week or month: do not add both", "active_users": "Users active in it", "new_users": "Those that never were before",
	"returning_users": "Those that were in the period before", "resurrected_users": "Those that were earlier, but not in the period before", "dormant_users": "Users of the period before that were not",
	"previous_users": "Active users of the period before", "user_retention_rate": "returning_users over previous_users, as a fraction of 1",
	"user_quick_ratio": "new_users and resurrected_users over dormant_users", "complete": "Whether the period is over"}',
	'{"grain": "type/Category", "user_retention_rate": "type/Percentage"}',
	'{"period_start": "Period"}'),

('user_retention_cohorts', 'usage', 1320, '{cohort_retention}', $query$
SELECT r.cohort AS cohort_start, r.grain, r.age, r.period AS period_start, r.cohort_users, r.eligible_users, r.retained_users, r.retention_rate::numeric(24,6) AS retention_rate
FROM nudge_analytics.cohort_retention r
WHERE r.eligible_users > 0$query$,
	'User retention cohorts', 'One row per grain, cohort and age whose period is over. How many users of a cohort, by the week or month of their first active day, come back 1 to 12 periods later; periods are those of the zone of deploy().',
	'Choose a grain. Add retained_users and eligible_users of cohorts of the same age, and divide: rates are not to be added.',
	'{"cohort_start": "First day of the period of the first active day", "grain": "week or month: do not add both", "age": "Periods since", "period_start": "First day of the period that the row is about",
	"cohort_users": "Users in the cohort", "eligible_users": "Those for whom the period is over: the denominator", "retained_users": "Those active in the period; NULL if it is not over",
	"retention_rate": "retained_users over eligible_users, as a fraction of 1"}',
	'{"grain": "type/Category", "retention_rate": "type/Percentage"}',
	'{"cohort_start": "Cohort", "period_start": "Period"}'),

('user_retention_by_day', 'usage', 1330, '{user_retention}', $query$
SELECT r.period AS period_start, r.age AS age_days, r.cohort_users, r.eligible_users, r.retained_users, r.retention_rate::numeric(24,6) AS retention_rate, r.complete
FROM nudge_analytics.user_retention r$query$,
	'Day-1, day-7, day-30 and day-90 retention', 'One row per month of first activity and age in days. How many users are active 1, 7, 30 and 90 days after their first active day; months are those of the zone of deploy().',
	'Choose an age. Add retained_users and eligible_users of months, and divide: rates are not to be added.',
	'{"period_start": "First day of the month of the first active day", "age_days": "Days since the first active day: 1, 7, 30 or 90; do not add them", "cohort_users": "Users whose first active day is in the month",
	"eligible_users": "Those for whom the day is over: the denominator", "retained_users": "Those active on the day", "retention_rate": "retained_users over eligible_users, as a fraction of 1",
	"complete": "Whether the day is over for all of them"}',
	'{"retention_rate": "type/Percentage"}',
	'{"period_start": "Month"}'),

('user_classes_weekly', 'usage', 1340, '{user_classes}', $query$
SELECT r.period AS period_start, r.power_users, r.regular_users, r.low_users, r.dormant_users, r.active_users, r.qualified_users AS engaged_users, r.total_users,
	r.qualified_rate::numeric(24,6) AS engaged_user_rate, r.complete
FROM nudge_analytics.user_classes r$query$,
	'Users by intensity of use', 'One row per week. Users by their actions in it: power, regular, low and dormant; weeks are those of the zone and the week_start of deploy().',
	'Users are not to be added over weeks. The last week is open: complete is false.',
	'{"period_start": "First day of the week", "power_users": "Users with more than 10 actions", "regular_users": "Users with 3 to 10 actions", "low_users": "Users with 1 or 2 actions",
	"dormant_users": "Users that were active before, and not in the week", "active_users": "Users with an action", "engaged_users": "Users with 3 actions or more",
	"total_users": "Users first active in the week or before", "engaged_user_rate": "engaged_users over total_users, as a fraction of 1", "complete": "Whether the week is over"}',
	'{"engaged_user_rate": "type/Percentage"}',
	'{"period_start": "Week"}'),

('feature_adoption_monthly', 'usage', 1350, '{feature_adoption_by_month}', $query$
SELECT r.period AS period_start, r.feature, r.users, r.discovered_users, r.tried_users, r.adopted_users, r.habitual_users, r.uses,
	(r.discovered_users::numeric / nullif(r.users, 0))::numeric(24,6) AS feature_discovery_rate, r.adoption_rate::numeric(24,6) AS feature_adoption_rate,
	(r.adopted_users::numeric / nullif(r.users, 0))::numeric(24,6) AS feature_adopted_rate, (r.habitual_users::numeric / nullif(r.users, 0))::numeric(24,6) AS feature_habit_rate, r.complete
FROM nudge_analytics.feature_adoption_by_month r$query$,
	'Feature adoption by month', 'One row per feature and month. How far users had come with each feature by the end of the month; months are those of the zone of deploy().',
	'Users are not to be added over features or months. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "feature": "Feature", "users": "Users that had signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it",
	"tried_users": "Users that had used it", "adopted_users": "Users that had used it 3 times or more", "habitual_users": "Users that used it in each of the last 4 whole weeks", "uses": "Uses so far",
	"feature_discovery_rate": "discovered_users over users, as a fraction of 1", "feature_adoption_rate": "tried_users over users, as a fraction of 1",
	"feature_adopted_rate": "adopted_users over users, as a fraction of 1", "feature_habit_rate": "habitual_users over users, as a fraction of 1", "complete": "Whether the month is over"}',
	'{"feature": "type/Category", "feature_discovery_rate": "type/Percentage", "feature_adoption_rate": "type/Percentage", "feature_adopted_rate": "type/Percentage", "feature_habit_rate": "type/Percentage"}',
	'{"period_start": "Month"}'),

('feature_adoption_now', 'usage', 1360, '{feature_adoption}', $query$
SELECT r.feature, r.users, r.discovered_users, r.tried_users, r.adopted_users, r.habitual_users, r.adoption_rate::numeric(24,6) AS feature_adoption_rate, r.uses,
	r.usage_frequency::numeric(24,6) AS usage_frequency, r.success_rate::numeric(24,6) AS success_rate, r.completions, r.completion_rate::numeric(24,6) AS completion_rate,
	r.median_duration_seconds::numeric(24,6) AS median_duration_seconds, r.median_seconds_to_first_use::numeric(24,6) AS median_seconds_to_first_use,
	r.median_seconds_to_adopt::numeric(24,6) AS median_seconds_to_adopt, r.value_created::numeric(24,6) AS value_created, k.data_as_of AS as_of
FROM nudge_analytics.feature_adoption r CROSS JOIN (SELECT m.data_as_of FROM nudge.materialisations m WHERE m.name = 'feature_adoption') k$query$,
	'Feature adoption now', 'One row per feature. How far users have come with each feature, how often, how well and how soon they use it.',
	'Users are not to be added over features; medians and rates not at all.',
	'{"feature": "Feature", "users": "Users that have signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it", "tried_users": "Users that used it",
	"adopted_users": "Users that used it 3 times or more", "habitual_users": "Users that used it in each of the last 4 whole weeks", "feature_adoption_rate": "tried_users over users, as a fraction of 1",
	"uses": "Uses", "usage_frequency": "uses over tried_users", "success_rate": "Successful uses over those whose outcome is known, as a fraction of 1", "completions": "Completions",
	"completion_rate": "completions over uses, as a fraction of 1", "median_duration_seconds": "Median duration of a use", "median_seconds_to_first_use": "Median time from signing up to the first use",
	"median_seconds_to_adopt": "Median time from signing up to the third use", "value_created": "Sum of the values of events", "as_of": "All that was committed before this instant is in it"}',
	'{"feature": "type/Category", "feature_adoption_rate": "type/Percentage", "success_rate": "type/Percentage", "completion_rate": "type/Percentage"}',
	'{}');

-- The same by what users and their accounts are now.
INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('active_users_daily_by_dimension', 'usage', 2200, '{active_users_by_dimension}', $query$
SELECT r.day, r.dimension, r.value AS dimension_value, r.dau, r.wau, r.mau, r.new_users, r.total_users, r.dau_mau_rate::numeric(24,6) AS stickiness_rate, r.dau_wau_rate::numeric(24,6) AS dau_wau_rate,
	(r.dau::numeric / nullif(r.total_users, 0))::numeric(24,6) AS daily_active_rate, (r.wau::numeric / nullif(r.total_users, 0))::numeric(24,6) AS weekly_active_rate, r.complete AS has_30_days, r.every_day AS has_every_day
FROM nudge_analytics.active_users_by_dimension r$query$,
	'Active users by day and dimension', 'One row per day, dimension and value, from the first day on which any of the users was active. As active_users_daily, by what users and their accounts are now: each day of the present month and the 12 before it, before them the last of each week and month.',
	'Choose one dimension: each has all users. Users are not to be added over days. For a line of days take those with has_every_day.',
	'{"day": "Day", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none) for those without", "dau": "Users active on the day", "wau": "Users active on the 7 days that end with it", "mau": "Users active on the 30 days that end with it", "new_users": "Users whose first active day it is",
	"total_users": "Users first active on it or before", "stickiness_rate": "dau over mau, as a fraction of 1", "dau_wau_rate": "dau over wau, as a fraction of 1", "daily_active_rate": "dau over total_users, as a fraction of 1",
	"weekly_active_rate": "wau over total_users, as a fraction of 1", "has_30_days": "Whether the data, of all users, go back the 30 days", "has_every_day": "Whether the days beside it are there too: of the present month and the 12 before it"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "stickiness_rate": "type/Percentage", "dau_wau_rate": "type/Percentage", "daily_active_rate": "type/Percentage", "weekly_active_rate": "type/Percentage"}',
	'{"has_30_days": "Has 30 days", "dau": "DAU", "wau": "WAU", "mau": "MAU", "dau_wau_rate": "DAU WAU rate"}'),

('user_lifecycle_by_dimension', 'usage', 2201, '{lifecycle_by_dimension}', $query$
SELECT r.period AS period_start, r.grain, r.dimension, r.value AS dimension_value, r.active_users, r.new_users, r.returning_users, r.resurrecting_users AS resurrected_users, r.dormant_users,
	r.returning_users + r.dormant_users AS previous_users, (r.returning_users::numeric / nullif(r.returning_users + r.dormant_users, 0))::numeric(24,6) AS user_retention_rate,
	((r.new_users + r.resurrecting_users)::numeric / nullif(r.dormant_users, 0))::numeric(24,6) AS user_quick_ratio, r.complete
FROM nudge_analytics.lifecycle_by_dimension r$query$,
	'User lifecycle by dimension', 'One row per week or month, dimension and value. As user_lifecycle, by what users and their accounts are now.',
	'Choose a grain and one dimension: each has all users. The last period is open: complete is false.',
	'{"period_start": "First day of the period, in the zone of deploy()", "grain": "week or month: do not add both", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none) for those without", "active_users": "Users active in it", "new_users": "Those that never were before",
	"returning_users": "Those that were in the period before", "resurrected_users": "Those that were earlier, but not in the period before", "dormant_users": "Users of the period before that were not",
	"previous_users": "Active users of the period before", "user_retention_rate": "returning_users over previous_users, as a fraction of 1",
	"user_quick_ratio": "new_users and resurrected_users over dormant_users", "complete": "Whether the period is over"}',
	'{"grain": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "user_retention_rate": "type/Percentage"}',
	'{"period_start": "Period"}'),

('user_retention_cohorts_by_dimension', 'usage', 2202, '{cohort_retention_by_dimension}', $query$
SELECT r.cohort AS cohort_start, r.dimension, r.value AS dimension_value, r.age AS age_months, r.period AS period_start, r.cohort_users, r.eligible_users, r.retained_users, r.retention_rate::numeric(24,6) AS retention_rate
FROM nudge_analytics.cohort_retention_by_dimension r
WHERE r.eligible_users > 0$query$,
	'User retention cohorts by dimension', 'One row per cohort, age whose month is over, dimension and value. How many users of a cohort, by the month of their first active day and what they and their accounts are now, come back 1 to 12 months later.',
	'Choose one dimension: each has all users. Add retained_users and eligible_users of cohorts of the same age, and divide: rates are not to be added.',
	'{"cohort_start": "First day of the month of the first active day, in the zone of deploy()", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none) for those without", "age_months": "Months since", "period_start": "First day of the month that the row is about", "cohort_users": "Users in the cohort",
	"eligible_users": "Those for whom the month is over: the denominator", "retained_users": "Those active in the month", "retention_rate": "retained_users over eligible_users, as a fraction of 1"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "retention_rate": "type/Percentage"}',
	'{"cohort_start": "Cohort", "period_start": "Period"}'),

('user_retention_days_by_dimension', 'usage', 2203, '{user_retention_by_dimension}', $query$
SELECT r.period AS period_start, r.dimension, r.value AS dimension_value, r.age AS age_days, r.cohort_users, r.eligible_users, r.retained_users, r.retention_rate::numeric(24,6) AS retention_rate, r.complete
FROM nudge_analytics.user_retention_by_dimension r$query$,
	'Day-1, day-7, day-30 and day-90 retention by dimension', 'One row per month of first activity, dimension, value and age in days. As user_retention_by_day, by what users and their accounts are now.',
	'Choose an age and one dimension: each has all users. Add retained_users and eligible_users of months, and divide: rates are not to be added.',
	'{"period_start": "First day of the month of the first active day, in the zone of deploy()", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none) for those without", "age_days": "Days since the first active day: 1, 7, 30 or 90; do not add them", "cohort_users": "Users whose first active day is in the month",
	"eligible_users": "Those for whom the day is over: the denominator", "retained_users": "Those active on the day", "retention_rate": "retained_users over eligible_users, as a fraction of 1",
	"complete": "Whether the day is over for all of them"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "retention_rate": "type/Percentage"}',
	'{"period_start": "Month"}'),

('user_classes_weekly_by_dimension', 'usage', 2204, '{user_classes_by_dimension}', $query$
SELECT r.period AS period_start, r.dimension, r.value AS dimension_value, r.power_users, r.regular_users, r.low_users, r.dormant_users, r.active_users, r.qualified_users AS engaged_users, r.total_users,
	r.qualified_rate::numeric(24,6) AS engaged_user_rate, r.complete
FROM nudge_analytics.user_classes_by_dimension r$query$,
	'Users by intensity of use and dimension', 'One row per week, dimension and value. As user_classes_weekly, by what users and their accounts are now.',
	'Choose one dimension: each has all users. Users are not to be added over weeks. The last week is open: complete is false.',
	'{"period_start": "First day of the week, in the zone of deploy()", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none) for those without", "power_users": "Users with more than 10 actions", "regular_users": "Users with 3 to 10 actions", "low_users": "Users with 1 or 2 actions",
	"dormant_users": "Users that were active before, and not in the week", "active_users": "Users with an action", "engaged_users": "Users with 3 actions or more",
	"total_users": "Users first active in the week or before", "engaged_user_rate": "engaged_users over total_users, as a fraction of 1", "complete": "Whether the week is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "engaged_user_rate": "type/Percentage"}',
	'{"period_start": "Week"}'),

('feature_adoption_now_by_dimension', 'usage', 2205, '{feature_adoption_by_dimension}', $query$
SELECT r.feature, r.dimension, r.value AS dimension_value, r.users, r.discovered_users, r.tried_users, r.adopted_users, r.habitual_users, r.uses, (r.discovered_users::numeric / nullif(r.users, 0))::numeric(24,6) AS feature_discovery_rate,
	r.adoption_rate::numeric(24,6) AS feature_adoption_rate, (r.adopted_users::numeric / nullif(r.users, 0))::numeric(24,6) AS feature_adopted_rate, (r.habitual_users::numeric / nullif(r.users, 0))::numeric(24,6) AS feature_habit_rate,
	r.usage_frequency::numeric(24,6) AS usage_frequency, k.data_as_of AS as_of
FROM nudge_analytics.feature_adoption_by_dimension r CROSS JOIN (SELECT m.data_as_of FROM nudge.materialisations m WHERE m.name = 'feature_adoption_by_dimension') k$query$,
	'Feature adoption now by dimension', 'One row per feature, dimension and value that any user has. How far users have come with each feature, by what they and their accounts are now.',
	'Choose one dimension: each has all users. Users are not to be added over features.',
	'{"feature": "Feature", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none) for those without", "users": "Users of the value that have signed up, but internal ones: the denominator", "discovered_users": "Users with any event of it", "tried_users": "Users that used it", "adopted_users": "Users that used it 3 times or more",
	"habitual_users": "Users that used it in each of the last 4 whole weeks", "uses": "Uses", "feature_discovery_rate": "discovered_users over users, as a fraction of 1", "feature_adoption_rate": "tried_users over users, as a fraction of 1",
	"feature_adopted_rate": "adopted_users over users, as a fraction of 1", "feature_habit_rate": "habitual_users over users, as a fraction of 1", "usage_frequency": "uses over tried_users", "as_of": "All that was committed before this instant is in it"}',
	'{"feature": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "feature_discovery_rate": "type/Percentage", "feature_adoption_rate": "type/Percentage", "feature_adopted_rate": "type/Percentage", "feature_habit_rate": "type/Percentage"}',
	'{}'),

('activation_by_period', 'usage', 2206, '{activation}', $query$
SELECT r.period AS period_start, r.grain, r.dimension, r.value AS dimension_value, r.sign_ups, r.eligible_users, r.activated_users, r.activation_rate::numeric(24,6) AS activation_rate, r.week_eligible_users, r.week_activated_users,
	r.week_activation_rate::numeric(24,6) AS week_activation_rate, (r.median_seconds_to_activate / 3600)::numeric(24,6) AS median_hours_to_activate, r.period_complete, r.complete, r.week_complete, r.null_reason
FROM nudge_analytics.activation r$query$,
	'Activation', 'One row per week or month with sign-ups, dimension and value; all is the total. How many of the users that signed up did something of the action set activation of nudge.action_sets within 24 hours, or 7 days, in all and by what they and their accounts are now.',
	'Choose a grain and one dimension: each has all users. To add rates, add their numerators and denominators, and divide. Of days that are over.',
	'{"period_start": "First day of the period of signing up, in the zone of deploy()", "grain": "week or month: do not add both", "dimension": "all, or segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none) for those without, all for all", "sign_ups": "Users that signed up, but internal ones",
	"eligible_users": "Those whose first 24 hours are over: the denominator of activation_rate", "activated_users": "Those of them that did an action within these; NULL without the action set", "activation_rate": "activated_users over eligible_users, as a fraction of 1",
	"week_eligible_users": "Users whose first 7 days are over: the denominator of week_activation_rate", "week_activated_users": "Those of them that did an action within these", "week_activation_rate": "week_activated_users over week_eligible_users, as a fraction of 1",
	"median_hours_to_activate": "Median hours from signing up to the first action, of week_activated_users", "period_complete": "Whether the period is over", "complete": "Whether the first 24 hours are over for all of them", "week_complete": "Whether the first 7 days are over for all of them",
	"null_reason": "no action set activation: nothing says what activates a user; NULL otherwise"}',
	'{"grain": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "activation_rate": "type/Percentage", "week_activation_rate": "type/Percentage", "null_reason": "type/Category"}',
	'{"period_start": "Period"}'),

('activation_users', 'usage', 2207, '{user_activation,user_dimensions}', $query$
SELECT u."user" AS user_id, u.customer, u.signed_up_at, u.signed_up_month, u.signed_up_week, u.activated_at, (extract(epoch FROM u.activated_at - u.signed_up_at) / 3600)::numeric(24,6) AS hours_to_activate, (u.activated_at <= u.signed_up_at + interval '24 hours') IS TRUE AS is_activated_in_a_day,
	(u.activated_at <= u.signed_up_at + interval '168 hours') IS TRUE AS is_activated_in_a_week, d.segment, d.industry, d.company_size, d.region, d.growth_tier, d.sales_channel, d.plan, d.product_mix, d.tenure, d.initial_contract_size, d.user_plan, d.role AS user_role
FROM nudge_analytics.user_activation u JOIN nudge_analytics.user_dimensions d ON d."user" = u."user"$query$,
	'Users and their activation', 'One row per user that is not internal. The users behind activation_by_period: when each signed up and was activated, and what it and its account are now.',
	'Users that signed up today are in it, and in no total yet.',
	'{"user_id": "User", "customer": "Account to which the user belongs", "signed_up_at": "When the user signed up", "signed_up_month": "First day of the month of it, in the zone of deploy()", "signed_up_week": "First day of the week of it, in the zone of deploy()", "activated_at": "First event of the action set activation, from signing up on; NULL if there is none",
	"hours_to_activate": "Hours from signing up to it", "is_activated_in_a_day": "Whether it was within 24 hours", "is_activated_in_a_week": "Whether it was within 7 days", "segment": "Segment of the account now; (none) for those without, here as below", "industry": "Industry of the account", "company_size": "Class of size of the account",
	"region": "Region of the account", "growth_tier": "Class of growth of the account", "sales_channel": "How the account is sold to", "plan": "Plan of the account by its prices", "product_mix": "Plans and add-ons of the account", "tenure": "How long the account has been a customer",
	"initial_contract_size": "Class of the first MRR of the account", "user_plan": "Plan of the user", "user_role": "Role of the user"}',
	'{"segment": "type/Category", "industry": "type/Category", "company_size": "type/Category", "region": "type/Category", "growth_tier": "type/Category", "sales_channel": "type/Category", "plan": "type/Category", "product_mix": "type/Category", "tenure": "type/Category", "initial_contract_size": "type/Category", "user_plan": "type/Category", "user_role": "type/Category"}',
	'{"user_id": "User"}');

-- src/reporting/views_operations.sql

/*
 * views_operations.sql
 *		Shipped views about support, surveys, sales, platform and engineering.
 *
 * Rules: doc/reporting.md; definitions: doc/marts_operations.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('support_monthly', 'support', 1400, '{support_performance}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.tickets_total, r.ticket_share::numeric(24,6) AS ticket_share, r.customers_total,
	r.tickets_per_customer::numeric(24,6) AS tickets_per_customer, r.tickets_resolved, r.resolution_rate::numeric(24,6) AS ticket_resolution_rate, r.tickets_once_resolved, r.tickets_reopened,
	r.reopen_rate::numeric(24,6) AS ticket_reopen_rate, r.escalation_known, r.tickets_escalated, r.escalation_rate::numeric(24,6) AS ticket_escalation_rate, r.contacts_known,
	r.tickets_one_touch, r.one_touch_rate::numeric(24,6) AS one_touch_resolution_rate, r.csat_answers, r.mean_csat::numeric(24,6) AS mean_csat, r.tickets_answered,
	r.mean_first_response_minutes::numeric(24,6) AS mean_first_response_minutes, r.median_first_response_minutes::numeric(24,6) AS median_first_response_minutes,
	r.p90_first_response_minutes::numeric(24,6) AS p90_first_response_minutes, r.first_response_sla_met, r.first_response_sla_breached, r.first_response_sla_pending,
	r.first_response_attainment_rate::numeric(24,6) AS first_response_sla_rate, r.mean_resolution_minutes::numeric(24,6) AS mean_resolution_minutes,
	r.median_resolution_minutes::numeric(24,6) AS median_resolution_minutes, r.p90_resolution_minutes::numeric(24,6) AS p90_resolution_minutes, r.resolution_sla_met, r.resolution_sla_breached,
	r.resolution_sla_pending, r.resolution_attainment_rate::numeric(24,6) AS resolution_sla_rate, r.tickets_with_problem, r.complete
FROM nudge_analytics.support_performance r$query$,
	'Support by month', 'One row per month, dimension and value. Tickets by the month in which they were opened, in all and by priority, complexity, category, agent and segment; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; all is the total. Rates are added by their numerators and denominators. The last month is open: complete is false.',
	'{"period_start": "First day of the month in which the tickets were opened", "dimension": "all, or what value is of: priority, complexity, category, agent, segment",
	"dimension_value": "Value of the dimension; all for dimension all, (none) if it is not known", "tickets_total": "Tickets", "ticket_share": "Share of the tickets of the month, as a fraction of 1",
	"customers_total": "Customers at the end of the month, in the segment if that is the dimension", "tickets_per_customer": "Tickets over customers_total", "tickets_resolved": "Tickets that are resolved",
	"ticket_resolution_rate": "tickets_resolved over tickets_total, as a fraction of 1", "tickets_once_resolved": "Tickets that were resolved, be it for a while",
	"tickets_reopened": "Tickets that were opened again", "ticket_reopen_rate": "tickets_reopened over tickets_once_resolved, as a fraction of 1",
	"escalation_known": "Tickets of which it is known whether they were escalated", "tickets_escalated": "Tickets that were escalated",
	"ticket_escalation_rate": "tickets_escalated over escalation_known, as a fraction of 1", "contacts_known": "Resolved tickets with a number of contacts",
	"tickets_one_touch": "Resolved tickets with one contact that stayed closed", "one_touch_resolution_rate": "tickets_one_touch over contacts_known, as a fraction of 1", "csat_answers": "Tickets with a score",
	"mean_csat": "Mean score, on its own scale", "tickets_answered": "Tickets with a first response", "mean_first_response_minutes": "Mean minutes to the first response",
	"median_first_response_minutes": "Median of these", "p90_first_response_minutes": "Ninetieth percentile of these", "first_response_sla_met": "First responses within their target",
	"first_response_sla_breached": "First responses, or waits, beyond their target", "first_response_sla_pending": "Tickets that wait within their target",
	"first_response_sla_rate": "first_response_sla_met over met and breached, as a fraction of 1", "mean_resolution_minutes": "Mean minutes to the resolution", "median_resolution_minutes": "Median of these",
	"p90_resolution_minutes": "Ninetieth percentile of these", "resolution_sla_met": "Resolutions within their target", "resolution_sla_breached": "Resolutions, or waits, beyond their target",
	"resolution_sla_pending": "Tickets that are open within their target", "resolution_sla_rate": "resolution_sla_met over met and breached, as a fraction of 1",
	"tickets_with_problem": "Tickets whose times contradict each other", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "ticket_share": "type/Percentage", "ticket_resolution_rate": "type/Percentage", "ticket_reopen_rate": "type/Percentage",
	"ticket_escalation_rate": "type/Percentage", "one_touch_resolution_rate": "type/Percentage", "first_response_sla_rate": "type/Percentage", "resolution_sla_rate": "type/Percentage"}',
	'{"period_start": "Month", "csat_answers": "CSAT answers", "mean_csat": "Mean CSAT", "p90_first_response_minutes": "p90 first response minutes", "first_response_sla_met": "First response SLA met",
	"first_response_sla_breached": "First response SLA breached", "first_response_sla_pending": "First response SLA pending", "first_response_sla_rate": "First response SLA rate",
	"p90_resolution_minutes": "p90 resolution minutes", "resolution_sla_met": "Resolution SLA met", "resolution_sla_breached": "Resolution SLA breached", "resolution_sla_pending": "Resolution SLA pending",
	"resolution_sla_rate": "Resolution SLA rate"}'),

('support_backlog_monthly', 'support', 1410, '{support_backlog}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.opening_tickets, r.tickets_opened, r.tickets_reopened, r.tickets_resolved, r.closing_tickets,
	r.mean_age_days::numeric(24,6) AS mean_age_days, r.oldest_age_days::numeric(24,6) AS oldest_age_days, r.complete
FROM nudge_analytics.support_backlog r$query$,
	'Ticket backlog by month', 'One row per month, dimension and value. Open tickets: opening, opened, reopened, resolved, closing, and how old they are, in all and by priority, complexity, category and agent; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; all is the total. Opening and closing are not to be added over months.',
	'{"period_start": "First day of the month", "dimension": "all, or what value is of: priority, complexity, category, agent",
	"dimension_value": "Value of the dimension; all for dimension all, (none) if it is not known", "opening_tickets": "Open as the month began", "tickets_opened": "Opened in the month",
	"tickets_reopened": "Opened again in the month", "tickets_resolved": "Resolved in the month", "closing_tickets": "Open as the month ended, or now", "mean_age_days": "Mean age of these, in days, to a tenth",
	"oldest_age_days": "Age of the oldest, in days, to a tenth", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category"}',
	'{"period_start": "Month"}'),

('nps_monthly', 'customers', 1420, '{nps}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.asked AS surveys_asked, r.answered AS surveys_answered,
	r.response_rate::numeric(24,6) AS nps_response_rate, r.open_surveys, r.respondents, r.customers_answered, r.promoters, r.passives, r.detractors, r.score::numeric(24,6) AS nps,
	r.score_low::numeric(24,6) AS nps_low, r.score_high::numeric(24,6) AS nps_high, r.band AS nps_band, r.score_change::numeric(24,6) AS nps_change, r.p_value::numeric(24,6) AS p_value,
	r.complete
FROM nudge_analytics.nps r$query$,
	'NPS by month', 'One row per month, dimension and value. Net promoter score by the month in which was asked, in all and by segment, industry, company_size and region of the customers now; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; all is the total. A score is not to be added: 100 * (promoters - detractors) / answered is. The last month is open: complete is false.',
	'{"period_start": "First day of the month in which was asked", "dimension": "all, or what value is of: segment, industry, company_size, region",
	"dimension_value": "Value of the dimension now; all for dimension all, (none) if it is not known", "surveys_asked": "Surveys sent", "surveys_answered": "Surveys that were answered",
	"nps_response_rate": "surveys_answered over surveys_asked, as a fraction of 1", "open_surveys": "Surveys sent within 14 days and not answered yet", "respondents": "Persons who answered",
	"customers_answered": "Customers who answered", "promoters": "Answers of 9 and 10", "passives": "Answers of 7 and 8", "detractors": "Answers of 0 to 6", "nps": "Net promoter score, -100 to 100",
	"nps_low": "Lower end of its 95% interval", "nps_high": "Upper end of its 95% interval", "nps_band": "Band of the score", "nps_change": "Change against the month before",
	"p_value": "Probability of such a change by chance", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "nps_response_rate": "type/Percentage", "nps_band": "type/Category"}',
	'{"period_start": "Month", "nps_response_rate": "NPS response rate", "nps": "NPS", "nps_low": "NPS low", "nps_high": "NPS high", "nps_band": "NPS band", "nps_change": "NPS change"}'),

('sales_monthly', 'sales', 1430, '{sales_performance}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.currency, r.opening_deals, r.opening_amount::numeric(24,6) AS opening_amount, r.deals_created,
	r.created_amount::numeric(24,6) AS created_amount, r.deals_closed, r.won AS deals_won, r.lost AS deals_lost, r.no_decision AS deals_without_decision,
	r.not_recorded AS deals_without_outcome, r.won_amount::numeric(24,6) AS closed_won_amount, r.lost_amount::numeric(24,6) AS lost_amount,
	r.not_recorded_amount::numeric(24,6) AS not_recorded_amount, r.open_deals, r.open_amount::numeric(24,6) AS pipeline_value, r.weighted_amount::numeric(24,6) AS weighted_pipeline_value,
	r.average_deal_size::numeric(24,6) AS average_deal_size, r.won + r.lost + r.no_decision AS decided_deals, r.win_rate::numeric(24,6) AS win_rate,
	r.win_rate_by_amount::numeric(24,6) AS win_rate_by_amount, r.cycle_deals, r.mean_cycle_days::numeric(24,6) AS mean_cycle_days, r.median_cycle_days::numeric(24,6) AS median_cycle_days,
	r.qualified_deals, r.sales_velocity::numeric(24,6) AS sales_velocity, r.quota::numeric(24,6) AS quota, r.quota_attainment::numeric(24,6) AS quota_attainment_rate,
	r.quota_remaining::numeric(24,6) AS quota_remaining, r.complete
FROM nudge_analytics.sales_performance r$query$,
	'Sales by month', 'One row per month, dimension and value. Deals created, won, lost and open, win rate, cycle, velocity and quota, in all and by owner, team and segment; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; all is the total. Rates are added by their numerators and denominators. Open and opening deals are not to be added over months.',
	'{"period_start": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "dimension_value": "Value of the dimension; all for dimension all, (none) if it is not known",
	"currency": "Currency of all amounts", "opening_deals": "Open as the month began", "opening_amount": "Their amount", "deals_created": "Deals created", "created_amount": "Their amount",
	"deals_closed": "Deals closed", "deals_won": "Deals won", "deals_lost": "Deals lost", "deals_without_decision": "Deals closed without a decision", "deals_without_outcome": "Deals closed without an outcome",
	"closed_won_amount": "Amount won", "lost_amount": "Amount lost", "not_recorded_amount": "Amount closed without an outcome", "open_deals": "Open as the month ended, or now", "pipeline_value": "Their amount",
	"weighted_pipeline_value": "Amount times probability of its stage", "average_deal_size": "closed_won_amount over deals_won", "decided_deals": "Deals closed with an outcome: denominator of win_rate",
	"win_rate": "deals_won over decided_deals, as a fraction of 1", "win_rate_by_amount": "closed_won_amount over closed_won_amount and lost_amount, as a fraction of 1",
	"cycle_deals": "Won deals behind the cycle", "mean_cycle_days": "Mean days from creation to close", "median_cycle_days": "Median of these", "qualified_deals": "Open deals of qualified stages",
	"sales_velocity": "Amount a day that the qualified deals promise", "quota": "Sales target", "quota_attainment_rate": "closed_won_amount over quota, as a fraction of 1", "quota_remaining": "Quota that is left",
	"complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category", "opening_amount": "type/Currency", "created_amount": "type/Currency", "closed_won_amount": "type/Currency",
	"lost_amount": "type/Currency", "not_recorded_amount": "type/Currency", "pipeline_value": "type/Currency", "weighted_pipeline_value": "type/Currency", "average_deal_size": "type/Currency",
	"win_rate": "type/Percentage", "win_rate_by_amount": "type/Percentage", "sales_velocity": "type/Currency", "quota": "type/Currency", "quota_attainment_rate": "type/Percentage",
	"quota_remaining": "type/Currency"}',
	'{"period_start": "Month"}'),

('sales_pipeline_now', 'sales', 1440, '{sales_pipeline}', $query$
SELECT r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.currency, r.open_deals, r.open_amount::numeric(24,6) AS pipeline_value, r.unweighted_deals,
	r.weighted_amount::numeric(24,6) AS weighted_pipeline_value, r.qualified_deals, r.overdue_deals, r.overdue_amount::numeric(24,6) AS overdue_amount,
	r.mean_age_days::numeric(24,6) AS mean_age_days, r.mean_stage_days::numeric(24,6) AS mean_stage_days, r.activity_count,
	r.activities_per_open_deal::numeric(24,6) AS activities_per_open_deal, r.stale_deals, r.stale_amount::numeric(24,6) AS stale_amount, k.data_as_of AS as_of
FROM nudge_analytics.sales_pipeline r CROSS JOIN (SELECT m.data_as_of FROM nudge.materialisations m WHERE m.name = 'sales_pipeline') k$query$,
	'Sales pipeline now', 'One row per dimension and value. Open deals now, in all and by stage, owner, team and segment: amount, weighted amount, age, activity.',
	'Rows of different dimensions are not to be added; all is the total.',
	'{"dimension": "all, or what value is of: stage, owner, team, segment", "dimension_value": "Value of the dimension; all for dimension all, (none) if it is not known", "currency": "Currency of all amounts",
	"open_deals": "Open deals", "pipeline_value": "Their amount", "unweighted_deals": "Open deals of stages without a probability", "weighted_pipeline_value": "Amount times probability of its stage",
	"qualified_deals": "Open deals of qualified stages", "overdue_deals": "Open deals that should have closed before today", "overdue_amount": "Their amount", "mean_age_days": "Mean age in days, to a tenth",
	"mean_stage_days": "Mean days in the present stage, to a tenth", "activity_count": "Activities for these deals", "activities_per_open_deal": "activity_count over open_deals",
	"stale_deals": "Open deals with no activity for 30 days", "stale_amount": "Their amount", "as_of": "All that was committed before this instant is in it"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category", "pipeline_value": "type/Currency", "weighted_pipeline_value": "type/Currency", "overdue_amount": "type/Currency",
	"stale_amount": "type/Currency"}',
	'{}'),

('uptime_monthly', 'platform', 1450, '{platform_uptime}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.total_minutes::numeric(24,6) AS total_minutes,
	r.maintenance_minutes::numeric(24,6) AS maintenance_minutes, r.considered_minutes::numeric(24,6) AS considered_minutes, r.downtime_minutes::numeric(24,6) AS downtime_minutes,
	(r.considered_minutes - r.downtime_minutes)::numeric(24,6) AS uptime_minutes, r.uptime_share::numeric(24,6) AS uptime_rate, r.outages,
	r.longest_outage_minutes::numeric(24,6) AS longest_outage_minutes, r.complete
FROM nudge_analytics.platform_uptime r$query$,
	'Uptime by month', 'One row per month, dimension and value. Minutes up and down, in all and by service, up to the last full hour; months are those of the zone of deploy().',
	'Services are not to be added to all: one that is down may be down with another.',
	'{"period_start": "First day of the month", "dimension": "all or service", "dimension_value": "Service; all for dimension all, (none) if it is not known", "total_minutes": "Minutes of the month so far",
	"maintenance_minutes": "Minutes of planned maintenance", "considered_minutes": "total_minutes less maintenance_minutes", "downtime_minutes": "Minutes down, outside maintenance",
	"uptime_minutes": "considered_minutes less downtime_minutes: numerator of uptime_rate", "uptime_rate": "uptime_minutes over considered_minutes, as a fraction of 1", "outages": "Stretches of downtime",
	"longest_outage_minutes": "The longest of them", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "uptime_rate": "type/Percentage"}',
	'{"period_start": "Month"}'),

('incidents_monthly', 'platform', 1460, '{incident_summary}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.incidents_started, r.incident_share::numeric(24,6) AS incident_share, r.open_incidents,
	r.mttr_minutes::numeric(24,6) AS mttr_minutes, r.median_ttr_minutes::numeric(24,6) AS median_ttr_minutes, r.detected_incidents, r.mttd_minutes::numeric(24,6) AS mttd_minutes,
	r.detection_to_end_minutes::numeric(24,6) AS detection_to_end_minutes, r.longest_minutes::numeric(24,6) AS longest_minutes, r.total_minutes::numeric(24,6) AS total_minutes,
	r.incident_minutes::numeric(24,6) AS incident_minutes, r.failures, r.mtbf_minutes::numeric(24,6) AS mtbf_minutes, r.complete
FROM nudge_analytics.incident_summary r$query$,
	'Incidents by month', 'One row per month, dimension and value. Incidents, in all and by severity, with the mean times to detect, to resolve and between failures, up to the last full hour; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; means are not to be added.',
	'{"period_start": "First day of the month", "dimension": "all or severity", "dimension_value": "Severity; all for dimension all, (none) if it is not known", "incidents_started": "Incidents that began",
	"incident_share": "Share of the incidents of the month, as a fraction of 1", "open_incidents": "Those of them that are not over", "mttr_minutes": "Mean minutes from beginning to end",
	"median_ttr_minutes": "Median of these", "detected_incidents": "Incidents with a time of detection", "mttd_minutes": "Mean minutes from beginning to detection",
	"detection_to_end_minutes": "Mean minutes from detection to end", "longest_minutes": "The longest, or longest so far", "total_minutes": "Minutes of the month so far",
	"incident_minutes": "Minutes with an incident", "failures": "Stretches of incidents that began", "mtbf_minutes": "Mean minutes between failures", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "incident_share": "type/Percentage"}',
	'{"median_ttr_minutes": "Median TTR minutes", "period_start": "Month", "mttr_minutes": "MTTR minutes", "mttd_minutes": "MTTD minutes", "mtbf_minutes": "MTBF minutes"}'),

('latency_monthly', 'platform', 1470, '{platform_performance}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.request_count, r.mean_ms::numeric(24,6) AS mean_ms, r.p50_ms::numeric(24,6) AS p50_ms,
	r.p95_ms::numeric(24,6) AS p95_ms, r.p99_ms::numeric(24,6) AS p99_ms, r.highest_ms::numeric(24,6) AS highest_ms, r.requests_with_outcome, r.errors,
	r.error_rate::numeric(24,6) AS error_rate, r.requests_per_second::numeric(24,6) AS requests_per_second, r.peak_requests_per_second::numeric(24,6) AS peak_requests_per_second, r.complete
FROM nudge_analytics.platform_performance r$query$,
	'Latency and errors by month', 'One row per month, dimension and value. Latency, throughput and errors of requests, in all and by endpoint, up to the last full hour; months are those of the zone of deploy().',
	'Percentiles are not to be added or averaged. Rows of different dimensions are not to be added.',
	'{"period_start": "First day of the month", "dimension": "all or endpoint", "dimension_value": "Endpoint; all for dimension all, (none) if it is not known", "request_count": "Requests",
	"mean_ms": "Mean duration in milliseconds", "p50_ms": "Median, to within 1%", "p95_ms": "95th percentile, to within 1%", "p99_ms": "99th percentile, to within 1%", "highest_ms": "The longest",
	"requests_with_outcome": "Requests of which it is known whether they failed", "errors": "Those that failed", "error_rate": "errors over requests_with_outcome, as a fraction of 1",
	"requests_per_second": "request_count over the seconds of the month so far", "peak_requests_per_second": "Requests a second in the busiest minute", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "error_rate": "type/Percentage"}',
	'{"period_start": "Month", "p50_ms": "p50 ms", "p95_ms": "p95 ms", "p99_ms": "p99 ms"}'),

('delivery_monthly', 'engineering', 1480, '{engineering_delivery}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.deployment_count, r.elapsed_days, r.deployment_days,
	r.deployments_per_day::numeric(24,6) AS deployments_per_day, r.deployments_per_week::numeric(24,6) AS deployments_per_week, r.lead_time_count,
	r.median_lead_time_hours::numeric(24,6) AS median_lead_time_hours, r.mean_lead_time_hours::numeric(24,6) AS mean_lead_time_hours,
	r.p90_lead_time_hours::numeric(24,6) AS p90_lead_time_hours, r.outcome_count, r.failed_deployments, r.change_failure_rate::numeric(24,6) AS change_failure_rate, r.restored_deployments,
	r.unrestored_deployments, r.median_recovery_hours::numeric(24,6) AS median_recovery_hours, r.mean_recovery_hours::numeric(24,6) AS mean_recovery_hours, r.bugs_opened, r.bugs_closed,
	r.open_bugs, r.median_days_to_close_bugs::numeric(24,6) AS median_days_to_close_bugs, r.bug_escape_known, r.bugs_escaped, r.bug_escape_rate::numeric(24,6) AS bug_escape_rate,
	r.coverage_share::numeric(24,6) AS code_coverage_rate, r.complete
FROM nudge_analytics.engineering_delivery r$query$,
	'Delivery by month', 'One row per month, dimension and value. Deployments, lead time, change failures and recovery, in all and by service, and bugs and coverage of code in all; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; all is the total. Rates are added by their numerators and denominators. Bugs and coverage are of dimension all.',
	'{"period_start": "First day of the month", "dimension": "all or service", "dimension_value": "Service; all for dimension all, (none) if it is not known", "deployment_count": "Deployments",
	"elapsed_days": "Days of the month so far", "deployment_days": "Days with a deployment", "deployments_per_day": "deployment_count over elapsed_days", "deployments_per_week": "Seven times that",
	"lead_time_count": "Deployments with a lead time", "median_lead_time_hours": "Median hours from change to deployment", "mean_lead_time_hours": "Mean of these",
	"p90_lead_time_hours": "Ninetieth percentile of these", "outcome_count": "Deployments of which it is known whether they did harm", "failed_deployments": "Those that did",
	"change_failure_rate": "failed_deployments over outcome_count, as a fraction of 1", "restored_deployments": "Failed ones that are restored", "unrestored_deployments": "Failed ones that are not",
	"median_recovery_hours": "Median hours until restored", "mean_recovery_hours": "Mean of these", "bugs_opened": "Bugs reported; bugs are of dimension all, if they are mapped", "bugs_closed": "Bugs closed",
	"open_bugs": "Bugs open as the month ended, or now", "median_days_to_close_bugs": "Median days from report to close", "bug_escape_known": "Bugs reported of which it is known whether they reached customers",
	"bugs_escaped": "Those that did", "bug_escape_rate": "bugs_escaped over bug_escape_known, as a fraction of 1", "code_coverage_rate": "Share of code that tests cover, as a fraction of 1; of dimension all",
	"complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "change_failure_rate": "type/Percentage", "bug_escape_rate": "type/Percentage", "code_coverage_rate": "type/Percentage"}',
	'{"period_start": "Month", "p90_lead_time_hours": "p90 lead time hours"}');

-- src/reporting/views_acquisition.sql

/*
 * views_acquisition.sql
 *		Shipped views about channels, costs, cash and the market.
 *
 * Rules: doc/reporting.md; definitions: doc/marts_acquisition.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('channels_monthly', 'acquisition', 1500, '{channel_performance}', $query$
SELECT r.period AS period_start, coalesce(r.channel, '(none)') AS channel, r.currency, r.cost::numeric(24,6) AS cost, r.impressions, r.clicks, r.visitors, r.new_leads,
	r.new_customers::numeric(24,6) AS acquired_customers, r.revenue::numeric(24,6) AS attributed_revenue, r.click_through_rate::numeric(24,6) AS click_through_rate,
	r.cost_per_click::numeric(24,6) AS cost_per_click, r.cost_per_lead::numeric(24,6) AS cost_per_lead, r.visitor_to_lead_rate::numeric(24,6) AS visitor_to_lead_rate,
	r.lead_to_customer_rate::numeric(24,6) AS lead_to_customer_rate, r.click_to_customer_rate::numeric(24,6) AS click_to_customer_rate, r.cac::numeric(24,6) AS cac,
	r.roas::numeric(24,6) AS roas, r.roi::numeric(24,6) AS marketing_roi, r.cost_share::numeric(24,6) AS cost_share, r.planned_cost::numeric(24,6) AS planned_cost,
	r.planned_share::numeric(24,6) AS planned_share, r.complete
FROM nudge_analytics.channel_performance r$query$,
	'Channels by month', 'One row per month and channel. What each channel cost, brought and earned, under the linear model of attribution; months are those of the zone of deploy().',
	'Visitors of several channels are not to be added: one may come by two. Rates are added by their numerators and denominators. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "channel": "Channel; (none): what no channel has earned", "currency": "Currency of all amounts", "cost": "What was spent on it", "impressions": "Times it was shown",
	"clicks": "Clicks it brought", "visitors": "Distinct visitors among its touches", "new_leads": "Leads that came from it", "acquired_customers": "First conversions credited to it",
	"attributed_revenue": "Revenue credited to it", "click_through_rate": "clicks over impressions, as a fraction of 1", "cost_per_click": "cost over clicks", "cost_per_lead": "cost over new_leads",
	"visitor_to_lead_rate": "new_leads over visitors, as a fraction of 1", "lead_to_customer_rate": "acquired_customers over new_leads, as a fraction of 1",
	"click_to_customer_rate": "acquired_customers over clicks, as a fraction of 1", "cac": "cost over acquired_customers", "roas": "attributed_revenue over cost",
	"marketing_roi": "attributed_revenue less cost, over cost", "cost_share": "cost over that of all channels, as a fraction of 1", "planned_cost": "Cost planned",
	"planned_share": "cost over that planned, as a fraction of 1", "complete": "Whether the month is over"}',
	'{"channel": "type/Category", "currency": "type/Category", "cost": "type/Currency", "attributed_revenue": "type/Currency", "click_through_rate": "type/Percentage", "cost_per_click": "type/Currency",
	"cost_per_lead": "type/Currency", "visitor_to_lead_rate": "type/Percentage", "lead_to_customer_rate": "type/Percentage", "click_to_customer_rate": "type/Percentage", "cac": "type/Currency",
	"cost_share": "type/Percentage", "planned_cost": "type/Currency", "planned_share": "type/Percentage"}',
	'{"period_start": "Month", "cac": "CAC", "roas": "ROAS", "marketing_roi": "Marketing ROI"}'),

('channel_attribution_monthly', 'acquisition', 1510, '{channel_attribution}', $query$
SELECT r.period AS period_start, coalesce(r.channel, '(none)') AS channel, r.model AS attribution_model, r.currency, r.conversions::numeric(24,6) AS attributed_conversions,
	r.revenue::numeric(24,6) AS attributed_revenue, r.total_revenue::numeric(24,6) AS total_revenue, r.revenue_share::numeric(24,6) AS revenue_share, r.assisted_conversions,
	r.assisted_revenue::numeric(24,6) AS assisted_revenue, r.complete
FROM nudge_analytics.channel_attribution r$query$,
	'Attribution by month and model', 'One row per month, currency, model and channel. Conversions and revenue credited to channels under each model of attribution, by the month of the conversion; months are those of the zone of deploy().',
	'Choose a model: each credits the same revenue. Under participation credits add up to more than there was.',
	'{"period_start": "First day of the month of the conversion", "channel": "Channel; (none): conversions without a touch", "attribution_model": "Model: that of a rule, such as linear, or markov or shapley",
	"currency": "Currency of the revenue", "attributed_conversions": "Conversions credited; under participation those that the channel took part in", "attributed_revenue": "Revenue credited",
	"total_revenue": "Revenue credited to all channels under the model", "revenue_share": "attributed_revenue over total_revenue, as a fraction of 1",
	"assisted_conversions": "Conversions on whose path the channel stands before the last touch; NULL of markov and shapley", "assisted_revenue": "Their whole revenue", "complete": "Whether the month is over"}',
	'{"channel": "type/Category", "attribution_model": "type/Category", "currency": "type/Category", "attributed_revenue": "type/Currency", "total_revenue": "type/Currency", "revenue_share": "type/Percentage",
	"assisted_revenue": "type/Currency"}',
	'{"period_start": "Month"}'),

('channel_attribution_monthly_by_dimension', 'acquisition', 2321, '{channel_attribution_by_dimension}', $query$
SELECT r.period AS period_start, r.dimension, r.value AS dimension_value, coalesce(r.channel, '(none)') AS channel, r.model AS attribution_model, r.currency, r.conversions::numeric(24,6) AS attributed_conversions,
	r.revenue::numeric(24,6) AS attributed_revenue, r.total_revenue::numeric(24,6) AS total_revenue, r.revenue_share::numeric(24,6) AS revenue_share, r.assisted_conversions,
	r.assisted_revenue::numeric(24,6) AS assisted_revenue, r.complete
FROM nudge_analytics.channel_attribution_by_dimension r$query$,
	'Attribution by month, model and dimension', 'One row per month, value of a dimension, currency, model and channel. Conversions and revenue credited to channels under each model of attribution that follows rules, by the month of the conversion and what the customers are now; months are those of the zone of deploy().',
	'Each dimension has all customers: do not add dimensions. Choose a model: each credits the same revenue. Under participation credits add up to more than there was.',
	'{"period_start": "First day of the month of the conversion", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size", "dimension_value": "Value of the customers now; (none): not known", "channel": "Channel; (none): conversions without a touch", "attribution_model": "Model that follows rules, such as linear; those fitted to all paths, markov and shapley, have no parts",
	"currency": "Currency of the revenue", "attributed_conversions": "Conversions credited; under participation those that the channel took part in", "attributed_revenue": "Revenue credited",
	"total_revenue": "Revenue credited to all channels under the model", "revenue_share": "attributed_revenue over total_revenue, as a fraction of 1",
	"assisted_conversions": "Conversions on whose path the channel stands before the last touch", "assisted_revenue": "Their whole revenue", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "channel": "type/Category", "attribution_model": "type/Category", "currency": "type/Category", "attributed_revenue": "type/Currency", "total_revenue": "type/Currency", "revenue_share": "type/Percentage",
	"assisted_revenue": "type/Currency"}',
	'{"period_start": "Month"}'),

('customer_attribution_monthly', 'acquisition', 2322, '{customer_attribution}', $query$
SELECT r.period AS period_start, r.customer, coalesce(r.channel, '(none)') AS channel, r.currency,
	r.first_touch_conversions::numeric(24,6) AS first_touch_conversions, r.first_touch_revenue::numeric(24,6) AS first_touch_revenue, r.last_touch_conversions::numeric(24,6) AS last_touch_conversions, r.last_touch_revenue::numeric(24,6) AS last_touch_revenue,
	r.last_non_direct_conversions::numeric(24,6) AS last_non_direct_conversions, r.last_non_direct_revenue::numeric(24,6) AS last_non_direct_revenue, r.linear_conversions::numeric(24,6) AS linear_conversions,
	r.linear_revenue::numeric(24,6) AS linear_revenue, r.time_decay_conversions::numeric(24,6) AS time_decay_conversions, r.time_decay_revenue::numeric(24,6) AS time_decay_revenue, r.position_based_conversions::numeric(24,6) AS position_based_conversions,
	r.position_based_revenue::numeric(24,6) AS position_based_revenue, r.j_shaped_conversions::numeric(24,6) AS j_shaped_conversions, r.j_shaped_revenue::numeric(24,6) AS j_shaped_revenue, r.inverse_j_conversions::numeric(24,6) AS inverse_j_conversions,
	r.inverse_j_revenue::numeric(24,6) AS inverse_j_revenue, r.w_shaped_conversions::numeric(24,6) AS w_shaped_conversions, r.w_shaped_revenue::numeric(24,6) AS w_shaped_revenue, r.blended_conversions::numeric(24,6) AS blended_conversions,
	r.blended_revenue::numeric(24,6) AS blended_revenue, r.participation_conversions::numeric(24,6) AS participation_conversions, r.participation_revenue::numeric(24,6) AS participation_revenue, r.assisted_conversions,
	r.assisted_revenue::numeric(24,6) AS assisted_revenue
FROM nudge_analytics.customer_attribution r$query$,
	'Attribution of customers', 'One row per month, customer, currency and channel. Who is behind the credits of channel_attribution_monthly, under each model of attribution that follows rules; months are those of the conversion, in the zone of deploy().',
	'Choose a model: each credits the same revenue. Under participation credits add up to more than there was.',
	'{"period_start": "First day of the month of the conversion", "customer": "Customer", "channel": "Channel; (none): conversions without a touch", "currency": "Currency of the revenue",
	"first_touch_conversions": "Conversions credited by first_touch", "first_touch_revenue": "Revenue credited by first_touch", "last_touch_conversions": "Conversions credited by last_touch", "last_touch_revenue": "Revenue credited by last_touch",
	"last_non_direct_conversions": "Conversions credited by last_non_direct", "last_non_direct_revenue": "Revenue credited by last_non_direct", "linear_conversions": "Conversions credited by linear", "linear_revenue": "Revenue credited by linear",
	"time_decay_conversions": "Conversions credited by time_decay", "time_decay_revenue": "Revenue credited by time_decay", "position_based_conversions": "Conversions credited by position_based", "position_based_revenue": "Revenue credited by position_based",
	"j_shaped_conversions": "Conversions credited by j_shaped", "j_shaped_revenue": "Revenue credited by j_shaped", "inverse_j_conversions": "Conversions credited by inverse_j", "inverse_j_revenue": "Revenue credited by inverse_j",
	"w_shaped_conversions": "Conversions credited by w_shaped", "w_shaped_revenue": "Revenue credited by w_shaped", "blended_conversions": "Conversions credited by blended", "blended_revenue": "Revenue credited by blended",
	"participation_conversions": "Conversions that the channel took part in", "participation_revenue": "Their whole revenue", "assisted_conversions": "Conversions on whose path the channel stands before the last touch",
	"assisted_revenue": "Their whole revenue"}',
	'{"channel": "type/Category", "currency": "type/Category", "first_touch_revenue": "type/Currency", "last_touch_revenue": "type/Currency", "last_non_direct_revenue": "type/Currency", "linear_revenue": "type/Currency", "time_decay_revenue": "type/Currency", "position_based_revenue": "type/Currency", "j_shaped_revenue": "type/Currency", "inverse_j_revenue": "type/Currency", "w_shaped_revenue": "type/Currency", "blended_revenue": "type/Currency", "participation_revenue": "type/Currency", "assisted_revenue": "type/Currency"}',
	'{"period_start": "Month"}'),

('costs_monthly', 'finance', 1600, '{cost_structure}', $query$
SELECT r.period AS period_start, CASE WHEN r.depth = 0 THEN 'all' ELSE r.category END AS category, r.depth AS category_depth, r.currency, r.actual::numeric(24,6) AS costs,
	r.fixed_actual::numeric(24,6) AS fixed_costs, r.variable_actual::numeric(24,6) AS variable_costs, r.own_actual::numeric(24,6) AS own_costs, r.cost_share::numeric(24,6) AS cost_share,
	r.budget::numeric(24,6) AS budget, r.own_budget::numeric(24,6) AS own_budget, r.variance::numeric(24,6) AS budget_variance, r.variance_rate::numeric(24,6) AS budget_variance_rate,
	r.outcome AS budget_outcome, r.over_threshold AS is_over_threshold, r.complete
FROM nudge_analytics.cost_structure r$query$,
	'Costs by month', 'One row per month and category. Costs of a category with all below it: fixed, variable, and against the budget; months are those of the zone of deploy().',
	'A category holds those below it: add rows of one category_depth only, or own_costs of all. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "category": "Path of the category; all: all costs", "category_depth": "How deep the category is; 0 is all costs", "currency": "Currency of all amounts",
	"costs": "Costs of the category and those below it", "fixed_costs": "Those that are fixed", "variable_costs": "Those that grow with volume", "own_costs": "Costs of the category itself",
	"cost_share": "costs over all costs of the month, as a fraction of 1", "budget": "Budget of the category and those below it", "own_budget": "Budget of the category itself",
	"budget_variance": "costs less budget", "budget_variance_rate": "budget_variance over budget, as a fraction of 1", "budget_outcome": "Whether costs are over, under or at the budget",
	"is_over_threshold": "Whether they are away from it by more than 10%", "complete": "Whether the month is over"}',
	'{"category": "type/Category", "currency": "type/Category", "costs": "type/Currency", "fixed_costs": "type/Currency", "variable_costs": "type/Currency", "own_costs": "type/Currency",
	"cost_share": "type/Percentage", "budget": "type/Currency", "own_budget": "type/Currency", "budget_variance": "type/Currency", "budget_variance_rate": "type/Percentage", "budget_outcome": "type/Category"}',
	'{"period_start": "Month"}'),

('burn_monthly', 'finance', 1610, '{burn_and_runway}', $query$
SELECT r.period AS period_start, r.currency, r.receipts::numeric(24,6) AS cash_receipts, r.gross_burn::numeric(24,6) AS gross_burn, r.net_burn::numeric(24,6) AS net_burn,
	r.mean_net_burn::numeric(24,6) AS mean_net_burn, r.cash_day, r.cash_balance::numeric(24,6) AS cash_balance, r.runway_months::numeric(24,6) AS runway_months, r.profitable AS is_profitable,
	r.net_new_arr::numeric(24,6) AS net_new_arr, r.burn_multiple::numeric(24,6) AS burn_multiple, r.complete
FROM nudge_analytics.burn_and_runway r$query$,
	'Burn and runway by month', 'One row per month. Cash received and burnt, what is left, and for how many months it lasts; months are those of the zone of deploy().',
	'Cash, runway and multiples are not to be added over months. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "currency": "Currency of all amounts", "cash_receipts": "Cash received: payments if they are mapped, else revenue", "gross_burn": "Costs",
	"net_burn": "Costs less receipts", "mean_net_burn": "Mean of the last three months that are over", "cash_day": "Last day with a balance", "cash_balance": "Cash on that day",
	"runway_months": "cash_balance over mean_net_burn; NULL if nothing is burnt", "is_profitable": "Whether nothing is burnt", "net_new_arr": "Growth of ARR in the month",
	"burn_multiple": "net_burn over net_new_arr; NULL if that is not above 0", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "cash_receipts": "type/Currency", "gross_burn": "type/Currency", "net_burn": "type/Currency", "mean_net_burn": "type/Currency", "cash_balance": "type/Currency",
	"net_new_arr": "type/Currency"}',
	'{"period_start": "Month", "net_new_arr": "Net new ARR"}'),

('share_of_voice_monthly', 'market', 1620, '{competitive}', $query$
SELECT r.period AS period_start, CASE WHEN r.all_channels THEN 'all' ELSE coalesce(r.channel, '(none)') END AS channel, r.competitor, r.mentions::numeric(24,6) AS mentions,
	r.total_mentions::numeric(24,6) AS total_mentions, r.mention_share::numeric(24,6) AS mention_share, r.mention_share_change::numeric(24,6) AS mention_share_change,
	r.recorded_share::numeric(24,6) AS recorded_share, r.recorded_share_change::numeric(24,6) AS recorded_share_change, r.complete
FROM nudge_analytics.competitive r$query$,
	'Share of voice by month', 'One row per month, channel and competitor. Mentions of each competitor, and of oneself, over those of all, on each channel and on all; months are those of the zone of deploy().',
	'Choose channel all, or one channel: all holds the others.',
	'{"period_start": "First day of the month", "channel": "Channel; all: all channels together, (none): not known", "competitor": "Competitor, or oneself: us", "mentions": "Mentions",
	"total_mentions": "Mentions of all", "mention_share": "mentions over total_mentions, as a fraction of 1", "mention_share_change": "Change of mention_share against the month before",
	"recorded_share": "Share of voice as a tool recorded it, as a fraction of 1", "recorded_share_change": "Change of recorded_share against the month before", "complete": "Whether the month is over"}',
	'{"channel": "type/Category", "competitor": "type/Category", "mention_share": "type/Percentage", "mention_share_change": "type/Percentage", "recorded_share": "type/Percentage",
	"recorded_share_change": "type/Percentage"}',
	'{"period_start": "Month"}'),

('competitive_wins_monthly', 'market', 1630, '{competitive_wins}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, r.deals_closed, r.won AS deals_won, r.lost AS deals_lost, r.no_decision AS deals_without_decision,
	r.not_recorded AS deals_without_outcome, r.won + r.lost + r.no_decision AS decided_deals, r.win_rate::numeric(24,6) AS win_rate, r.rate_low::numeric(24,6) AS win_rate_low,
	r.rate_high::numeric(24,6) AS win_rate_high, r.win_rate_change::numeric(24,6) AS win_rate_change, r.p_value::numeric(24,6) AS p_value, r.complete
FROM nudge_analytics.competitive_wins r$query$,
	'Wins and losses by competitor', 'One row per month, dimension and value. Deals won and lost by the month of their close, in all and by competitor; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; rates are added by their numerators and denominators.',
	'{"period_start": "First day of the month of the close", "dimension": "all or competitor", "dimension_value": "Competitor; all for dimension all, (none) if there was none", "deals_closed": "Deals closed",
	"deals_won": "Deals won", "deals_lost": "Deals lost", "deals_without_decision": "Deals closed without a decision", "deals_without_outcome": "Deals closed without an outcome",
	"decided_deals": "Deals closed with an outcome: denominator of win_rate", "win_rate": "deals_won over decided_deals, as a fraction of 1", "win_rate_low": "Lower end of its 95% interval",
	"win_rate_high": "Upper end of its 95% interval", "win_rate_change": "Change against the month before", "p_value": "Probability of such a change by chance", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "win_rate": "type/Percentage", "win_rate_low": "type/Percentage", "win_rate_high": "type/Percentage", "win_rate_change": "type/Percentage"}',
	'{"period_start": "Month"}'),

('campaigns_monthly', 'acquisition', 1520, '{campaign_performance}', $query$
SELECT r.period AS period_start, coalesce(r.campaign, '(none)') AS campaign, r.channel, r.campaign_kind, r.currency, r.cost::numeric(24,6) AS cost, r.impressions, r.clicks, r.visitors,
	r.new_leads, r.new_customers::numeric(24,6) AS acquired_customers, r.revenue::numeric(24,6) AS attributed_revenue, r.cac::numeric(24,6) AS cac, r.roas::numeric(24,6) AS roas,
	r.roi::numeric(24,6) AS campaign_roi, r.complete
FROM nudge_analytics.campaign_performance r$query$,
	'Campaigns by month', 'One row per month and campaign. What each campaign cost, brought and earned, under the linear model over touches of campaigns; months are those of the zone of deploy().',
	'Visitors of several campaigns are not to be added. Rates are added by their numerators and denominators. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "campaign": "Campaign; (none): what no campaign has earned", "channel": "Channel of the campaign", "campaign_kind": "Kind of the campaign",
	"currency": "Currency of all amounts", "cost": "What was spent on it", "impressions": "Times it was shown", "clicks": "Clicks it brought", "visitors": "Distinct visitors among its touches",
	"new_leads": "Leads that came from it", "acquired_customers": "First conversions credited to it", "attributed_revenue": "Revenue credited to it", "cac": "cost over acquired_customers",
	"roas": "attributed_revenue over cost", "campaign_roi": "attributed_revenue less cost, over cost", "complete": "Whether the month is over"}',
	'{"campaign": "type/Category", "channel": "type/Category", "campaign_kind": "type/Category", "currency": "type/Category", "cost": "type/Currency", "attributed_revenue": "type/Currency", "cac": "type/Currency"}',
	'{"period_start": "Month", "cac": "CAC", "roas": "ROAS", "campaign_roi": "Campaign ROI"}'),

('content_monthly', 'acquisition', 1530, '{content_performance}', $query$
SELECT r.period AS period_start, r.type AS content_type, r.published, r.visitors, r.new_leads, r.customers AS new_customers, r.content_to_lead_rate::numeric(24,6) AS content_to_lead_rate,
	r.lead_to_customer_rate::numeric(24,6) AS lead_to_customer_rate, r.complete
FROM nudge_analytics.content_performance r$query$,
	'Content by month', 'One row per month and type of content. What was published, and the visitors, leads and customers that it brought; months are those of the zone of deploy().',
	'Visitors of several types are not to be added: one may come to two.',
	'{"period_start": "First day of the month", "content_type": "Type of content", "published": "Pieces published in the month", "visitors": "Distinct visitors of its touches; NULL if they are not mapped",
	"new_leads": "Leads that came from it", "new_customers": "Those of them that became customers", "content_to_lead_rate": "new_leads over visitors, as a fraction of 1",
	"lead_to_customer_rate": "new_customers over new_leads, as a fraction of 1", "complete": "Whether the month is over"}',
	'{"content_type": "type/Category", "content_to_lead_rate": "type/Percentage", "lead_to_customer_rate": "type/Percentage"}',
	'{"period_start": "Month"}'),

('partners_monthly', 'acquisition', 1540, '{partner_results}', $query$
SELECT r.period AS period_start, r.partner, r.measure AS partner_measure, r.currency, r.sourced_value::numeric(24,6) AS sourced_value, r.influenced_value::numeric(24,6) AS influenced_value,
	r.total_value::numeric(24,6) AS total_value, r.sourced_rate::numeric(24,6) AS sourced_rate, r.influenced_rate::numeric(24,6) AS influenced_rate, r.active_partners, r.complete
FROM nudge_analytics.partner_results r$query$,
	'Partners by month', 'One row per month, partner and measure. What partners have sourced and influenced: revenue, deals won and their amount, open deals and pipeline, new customers; months are those of the zone of deploy().',
	'Choose a measure, and all or one partner: several may have influenced the same.',
	'{"period_start": "First day of the month", "partner": "Partner; all for all of them: do not add it to the others", "partner_measure": "revenue, won_deals, won_amount, open_deals, pipeline or new_customers",
	"currency": "Currency of amounts; NULL for counts", "sourced_value": "What partners brought", "influenced_value": "What they took part in, what they brought with it",
	"total_value": "All there was, with partners or without", "sourced_rate": "sourced_value over total_value, as a fraction of 1", "influenced_rate": "influenced_value over total_value, as a fraction of 1",
	"active_partners": "Partners as the month closes, or now; of partner all", "complete": "Whether the month is over"}',
	'{"partner": "type/Category", "partner_measure": "type/Category", "currency": "type/Category", "sourced_rate": "type/Percentage", "influenced_rate": "type/Percentage"}',
	'{"period_start": "Month"}'),

('sales_activities_monthly', 'sales', 1550, '{sales_activity}', $query$
SELECT r.period AS period_start, r.dimension, coalesce(r.value, '(none)') AS dimension_value, coalesce(r.kind, '(none)') AS activity_kind, r.activities_done, r.deals_won,
	r.activities_per_deal_won::numeric(24,6) AS activities_per_deal_won, r.complete
FROM nudge_analytics.sales_activity r$query$,
	'Sales activities by month', 'One row per month, dimension, value and kind. Activities of sales, in all and by owner, team and segment, beside the deals won; months are those of the zone of deploy().',
	'Choose a kind: all holds the others. Rows of different dimensions are not to be added.',
	'{"period_start": "First day of the month", "dimension": "all, or what value is of: owner, team, segment", "dimension_value": "Value of the dimension; all for dimension all, (none) if it is not known",
	"activity_kind": "Kind of activity; all: all kinds, (none): not known", "activities_done": "Activities", "deals_won": "Deals won in the month", "activities_per_deal_won": "activities_done over deals_won",
	"complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "activity_kind": "type/Category"}',
	'{"period_start": "Month"}'),

('revenue_streams_monthly', 'finance', 1640, '{revenue_by_stream}', $query$
SELECT r.period AS period_start, r.stream AS revenue_stream, r.currency, r.amount::numeric(24,6) AS revenue, r.complete
FROM nudge_analytics.revenue_by_stream r$query$,
	'Revenue by stream', 'One row per month and stream. Revenue of subscriptions, usage and services; months are those of the zone of deploy().',
	'Recurring revenue counts by the days of its prices: it is not MRR. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "revenue_stream": "Stream of revenue", "currency": "Currency of all amounts", "revenue": "Revenue of the month", "complete": "Whether the month is over"}',
	'{"revenue_stream": "type/Category", "currency": "type/Category", "revenue": "type/Currency"}',
	'{"period_start": "Month"}'),

('customer_costs_monthly', 'finance', 1650, '{costs_per_customer}', $query$
SELECT r.period AS period_start, r.currency, r.customers, r.revenue::numeric(24,6) AS revenue, r.total_cost::numeric(24,6) AS total_cost,
	r.delivery_cost_per_customer::numeric(24,6) AS delivery_cost_per_customer, r.total_cost_per_customer::numeric(24,6) AS total_cost_per_customer,
	r.delivery_cost_rate::numeric(24,6) AS delivery_cost_rate, r.support_cost_rate::numeric(24,6) AS support_cost_rate, r.sales_and_marketing_rate::numeric(24,6) AS sales_and_marketing_rate,
	r.research_and_development_rate::numeric(24,6) AS research_and_development_rate, r.general_and_administrative_rate::numeric(24,6) AS general_and_administrative_rate,
	r.sales_efficiency::numeric(24,6) AS sales_efficiency, r.marketing_efficiency::numeric(24,6) AS marketing_efficiency, r.complete
FROM nudge_analytics.costs_per_customer r$query$,
	'Costs per customer by month', 'One row per month. Costs per customer and as shares of revenue, and revenue over what is spent on sales and marketing; months are those of the zone of deploy().',
	'Only months that are over have customers and rates. Rates are not to be added.',
	'{"period_start": "First day of the month", "currency": "Currency of all amounts", "customers": "Customers as the month closes; NULL if it is not over, as all below", "revenue": "Revenue", "total_cost": "Costs",
	"delivery_cost_per_customer": "Cost of revenue over customers", "total_cost_per_customer": "total_cost over customers", "delivery_cost_rate": "Cost of revenue over revenue, a fraction",
	"support_cost_rate": "Cost of support over revenue, a fraction", "sales_and_marketing_rate": "Cost of sales and marketing over revenue, a fraction",
	"research_and_development_rate": "Cost of research and development over revenue, a fraction", "general_and_administrative_rate": "Cost of administration over revenue, a fraction",
	"sales_efficiency": "Revenue over the cost of sales", "marketing_efficiency": "Revenue over the cost of marketing", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "revenue": "type/Currency", "total_cost": "type/Currency", "delivery_cost_per_customer": "type/Currency", "total_cost_per_customer": "type/Currency",
	"delivery_cost_rate": "type/Percentage", "support_cost_rate": "type/Percentage", "sales_and_marketing_rate": "type/Percentage", "research_and_development_rate": "type/Percentage",
	"general_and_administrative_rate": "type/Percentage"}',
	'{"period_start": "Month"}'),

('growth_efficiency_quarterly', 'finance', 1660, '{growth_efficiency}', $query$
SELECT r.period AS period_start, r.currency, r.revenue::numeric(24,6) AS revenue, r.previous_revenue::numeric(24,6) AS previous_revenue,
	r.sales_and_marketing::numeric(24,6) AS sales_and_marketing_cost, r.previous_sales_and_marketing::numeric(24,6) AS previous_sales_and_marketing_cost,
	r.magic_number::numeric(24,6) AS magic_number, r.complete
FROM nudge_analytics.growth_efficiency r$query$,
	'Magic number by quarter', 'One row per fiscal quarter. Growth of revenue against what was spent on sales and marketing in the quarter before.',
	'The last quarter is open: complete is false, and it has no magic number.',
	'{"period_start": "First day of the quarter", "currency": "Currency of all amounts", "revenue": "Revenue", "previous_revenue": "Revenue of the quarter before",
	"sales_and_marketing_cost": "Cost of sales and marketing", "previous_sales_and_marketing_cost": "That of the quarter before",
	"magic_number": "Four times the growth of revenue over previous_sales_and_marketing_cost; NULL if the quarter is not over", "complete": "Whether the quarter is over"}',
	'{"currency": "type/Category", "revenue": "type/Currency", "previous_revenue": "type/Currency", "sales_and_marketing_cost": "type/Currency", "previous_sales_and_marketing_cost": "type/Currency"}',
	'{"period_start": "Quarter"}');

-- src/reporting/views_success.sql

/*
 * views_success.sql
 *		Shipped views about what becomes of customers.
 *
 * Rules: doc/reporting.md; definitions: doc/marts_success.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('account_success_monthly', 'customers', 1700, '{account_success}', $query$
SELECT r.period AS period_start, r.dimension, r.value AS dimension_value, r.metric AS success_measure, r.numerator::numeric(24,6) AS numerator, r.denominator::numeric(24,6) AS denominator,
	r.result::numeric(24,6) AS measure_value, r.complete
FROM nudge_analytics.account_success r$query$,
	'Account success by month', 'One row per month, dimension, value and measure. What is known of accounts as each month closes, of the present one and the 12 before: business reviews, success plans, sponsors, returns, opportunities, contracts, implementations; months are those of the zone of deploy().',
	'Measures have different units: choose one; metric_catalog says what each is. Rates are added by their numerators and denominators.',
	'{"period_start": "First day of the month", "dimension": "all or segment", "dimension_value": "Segment of the customers now; all for dimension all",
	"success_measure": "Which one: the metric of this name in metric_catalog", "numerator": "What is divided; 0 if nothing is recorded", "denominator": "By what it is divided",
	"measure_value": "numerator over denominator; NULL if nothing is recorded", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "success_measure": "type/Category"}',
	'{"period_start": "Month"}'),

('value_realization_monthly', 'customers', 1710, '{value_realization}', $query$
SELECT r.period AS period_start, r.dimension, r.value AS dimension_value, r.all_customers, r.scored_customers, r.realized_customers, r.realization_rate::numeric(24,6) AS value_realization_rate,
	r.mean_score::numeric(24,6) AS value_realization_score, r.mean_index::numeric(24,6) AS value_realization_index, r.complete
FROM nudge_analytics.value_realization r$query$,
	'Value realization by month', 'One row per month, dimension and value. How many of the criteria agreed with customers are met as each month closes, of the present one and the 12 before; months are those of the zone of deploy().',
	'Rows of different dimensions are not to be added; all is the total.',
	'{"period_start": "First day of the month", "dimension": "all or segment", "dimension_value": "Segment of the customers now; all for dimension all", "all_customers": "Customers",
	"scored_customers": "Those with agreed criteria", "realized_customers": "Those of them with more than 80% of their criteria met",
	"value_realization_rate": "realized_customers over scored_customers, as a fraction of 1", "value_realization_score": "Mean share of criteria met, of those with criteria",
	"value_realization_index": "Mean of the score joined with usage; NULL without usage", "complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "value_realization_rate": "type/Percentage", "value_realization_score": "type/Percentage"}',
	'{"period_start": "Month"}'),

('risk_adjusted_retention_monthly', 'customers', 1720, '{risk_adjusted_retention}', $query$
SELECT r.period AS period_start, r.band AS health_band, r.currency, r.customers, r.mrr::numeric(24,6) AS mrr, r.known_mrr::numeric(24,6) AS known_mrr,
	r.retained_mrr::numeric(24,6) AS retained_mrr, r.risk_adjusted_retention_rate::numeric(24,6) AS risk_adjusted_retention_rate, r.coverage_rate::numeric(24,6) AS coverage_rate,
	r.basis AS retention_basis, r.complete
FROM nudge_analytics.risk_adjusted_retention r$query$,
	'Risk-adjusted retention by month', 'One row per month and band of health. How much of the MRR is to be expected in 12 months, as each month closes, of the present one and the 12 before; months are those of the zone of deploy().',
	'Choose all, or add the other bands. MRR is not to be added over months.',
	'{"period_start": "First day of the month", "health_band": "red, yellow or green, (none) without a score, all for all customers: do not add it to the others", "currency": "Currency of the amounts",
	"customers": "Customers with MRR", "mrr": "Their MRR", "known_mrr": "MRR of those for whom a retention is known: the denominator", "retained_mrr": "MRR times the retention to expect",
	"risk_adjusted_retention_rate": "retained_mrr over known_mrr, as a fraction of 1", "coverage_rate": "known_mrr over mrr, as a fraction of 1", "retention_basis": "What the retention to expect comes from",
	"complete": "Whether the month is over"}',
	'{"health_band": "type/Category", "currency": "type/Category", "mrr": "type/Currency", "known_mrr": "type/Currency", "retained_mrr": "type/Currency", "risk_adjusted_retention_rate": "type/Percentage",
	"coverage_rate": "type/Percentage", "retention_basis": "type/Category"}',
	'{"period_start": "Month", "mrr": "MRR", "known_mrr": "Known MRR", "retained_mrr": "Retained MRR"}'),

('interventions_monthly', 'customers', 1730, '{intervention_results}', $query$
SELECT r.period AS period_start, r.interventions_made, r.not_at_risk, r.not_scored, r.not_due, r.counted AS counted_interventions, r.succeeded AS succeeded_interventions,
	r.success_rate::numeric(24,6) AS intervention_success_rate, r.month_over AS is_month_over, r.complete
FROM nudge_analytics.intervention_results r$query$,
	'Interventions by month', 'One row per month. Interventions at customers at risk, and how many were healthy again within 90 days; months are those of the zone of deploy().',
	'The last months still change: complete is false until the 90 days of all are over.',
	'{"period_start": "First day of the month", "interventions_made": "Interventions", "not_at_risk": "Those at customers that were not at risk", "not_scored": "Those at customers without a score",
	"not_due": "Those whose 90 days are not over and that have not succeeded yet", "counted_interventions": "Those that are counted: the denominator",
	"succeeded_interventions": "Those of them after which the customer was healthy again", "intervention_success_rate": "succeeded_interventions over counted_interventions, as a fraction of 1",
	"is_month_over": "Whether the month is over", "complete": "Whether the month is over, and the 90 days of all"}',
	'{"intervention_success_rate": "type/Percentage"}',
	'{"period_start": "Month"}');

-- src/reporting/views_product.sql

/*
 * views_product.sql
 *		Shipped views about funnels, sessions, unit economics and health.
 *
 * Rules: doc/reporting.md; definitions: doc/marts_product.md.
 */

INSERT INTO nudge.shipped_views (name, subject, place, marts, query, display_name, description, caveats, columns, semantic_types, display_names) VALUES
('funnel_steps_monthly', 'usage', 1800, '{conversion_funnel}', $query$
SELECT f.period AS period_start, f.funnel, f.step AS step_number, f.event AS step_event, f.people, f.previous_people, f.entered_people, f.step_rate::numeric(24,6) AS step_rate, f.overall_rate::numeric(24,6) AS overall_rate, f.dropped_people, f.open_people,
	(f.median_seconds / 3600)::numeric(24,6) AS median_hours, f.target_volume, f.target_rate::numeric(24,6) AS target_rate, f.target_rate_gap::numeric(24,6) AS target_rate_gap, f.step = f.last_step AS is_last_step, f.complete
FROM nudge_analytics.conversion_funnel f$query$,
	'Funnels by month', 'One row per funnel, month of entry and step. How many of the people that first entered in the month came to each step; months are those of the zone of deploy().',
	'People of different steps are not to be added. Where open_people is not 0, more may still come to the next step.',
	'{"period_start": "First day of the month in which people first entered", "funnel": "Name of the funnel, as nudge.funnel_definitions has it", "step_number": "Place of the step, from 1", "step_event": "Event that is the step", "people": "People that came to the step or further; each counts in one month",
	"previous_people": "People that came to the step before; of the first step those who entered", "entered_people": "People that entered", "step_rate": "people over previous_people, as a fraction of 1", "overall_rate": "people over entered_people, as a fraction of 1", "dropped_people": "previous_people less people",
	"open_people": "People that came to this step and no further, and still may", "median_hours": "Median hours from the step before, of those who came here", "target_volume": "How many people should come to the step", "target_rate": "What step_rate should be, as a fraction of 1", "target_rate_gap": "step_rate less target_rate",
	"is_last_step": "Whether it is the last step of the funnel", "complete": "Whether the month is over"}',
	'{"funnel": "type/Category", "step_number": "type/Category", "step_event": "type/Category", "step_rate": "type/Percentage", "overall_rate": "type/Percentage", "target_rate": "type/Percentage", "target_rate_gap": "type/Percentage"}',
	'{"period_start": "Month of entry", "step_number": "Step", "step_event": "Event"}'),

('funnel_steps_by_dimension', 'usage', 1801, '{conversion_funnel_by_dimension}', $query$
SELECT f.period AS period_start, f.funnel, f.dimension, f.value AS dimension_value, f.step AS step_number, f.event AS step_event, f.people, f.previous_people, f.entered_people, f.step_rate::numeric(24,6) AS step_rate, f.overall_rate::numeric(24,6) AS overall_rate,
	f.dropped_people, f.open_people, (f.median_seconds / 3600)::numeric(24,6) AS median_hours, f.step = f.last_step AS is_last_step, f.complete
FROM nudge_analytics.conversion_funnel_by_dimension f$query$,
	'Funnels by month and dimension', 'One row per funnel, dimension, value, month of entry and step. As funnel_steps_monthly, by what users and their accounts are now.',
	'Choose one dimension: each has all people. People of different steps are not to be added.',
	'{"period_start": "First day of the month in which people first entered, in the zone of deploy()", "funnel": "Name of the funnel", "dimension": "plan or role of the user; segment, industry, company_size, region, growth_tier or sales_channel of its account", "dimension_value": "Value now; (none) for those without",
	"step_number": "Place of the step, from 1", "step_event": "Event that is the step", "people": "People that came to the step or further; each counts in one month", "previous_people": "People that came to the step before; of the first step those who entered", "entered_people": "People that entered",
	"step_rate": "people over previous_people, as a fraction of 1", "overall_rate": "people over entered_people, as a fraction of 1", "dropped_people": "previous_people less people", "open_people": "People that came to this step and no further, and still may", "median_hours": "Median hours from the step before, of those who came here",
	"is_last_step": "Whether it is the last step of the funnel", "complete": "Whether the month is over"}',
	'{"funnel": "type/Category", "dimension": "type/Category", "dimension_value": "type/Category", "step_number": "type/Category", "step_event": "type/Category", "step_rate": "type/Percentage", "overall_rate": "type/Percentage"}',
	'{"period_start": "Month of entry", "step_number": "Step", "step_event": "Event"}'),

('funnel_people', 'usage', 1802, '{funnel_user_states,conversion_funnel}', $query$
SELECT nudge.period_start(nudge.civil_date(e.step_times[1], {zone}), 'month') AS period_start, s.funnel, s."user" AS user_id, u.step AS step_number, u.event AS step_event, u.completed AS is_completed, u.open_window AND NOT u.completed AS is_open,
	e.step_times[1] AS entered_at, u.step_times[u.step] AS step_at
FROM (SELECT m.clock_at FROM nudge.materialisations m WHERE m.name = 'conversion_funnel') k, nudge_analytics.funnel_user_states s
	JOIN (SELECT f.funnel, array_agg(f.event ORDER BY f.step_no) AS events, array_agg(f.max_gap ORDER BY f.step_no) AS gaps, array_agg(f.min_count ORDER BY f.step_no) AS counts FROM nudge.funnel_definitions f
		-- one that cannot be computed would be an error of all
		WHERE NOT EXISTS (SELECT FROM nudge.quarantine q WHERE q.materialisation = 'conversion_funnel' AND q.key = f.funnel) GROUP BY f.funnel) d ON d.funnel = s.funnel,
	LATERAL nudge.funnel_users(s.state, steps => d.events, max_gaps => d.gaps, min_counts => d.counts, as_of => k.clock_at) u,
	LATERAL nudge.funnel_users(s.state, steps => d.events[1:1], as_of => k.clock_at) e$query$,
	'People in funnels', 'One row per funnel and user that entered. The people behind funnel_steps_monthly: those of a step are the rows with this step_number or a higher one.',
	'It reads a state of each user: filter by user_id where you can.',
	'{"period_start": "First day of the month in which the user first entered, in the zone of deploy()", "funnel": "Name of the funnel", "user_id": "User", "step_number": "The furthest step that the user came to, from 1", "step_event": "Event that is this step", "is_completed": "Whether it is the last one",
	"is_open": "Whether the user may still come further", "entered_at": "When the user first entered", "step_at": "When the user came to the furthest step"}',
	'{"funnel": "type/Category", "step_number": "type/Category", "step_event": "type/Category"}', '{"period_start": "Month of entry", "step_number": "Furthest step", "step_event": "Event"}'),

('sessions_daily', 'usage', 1810, '{session_metrics}', $query$
SELECT s.period AS period_start, s.sessions, s.users, s.events, s.bounces, s.returning_users, s.duration_seconds::numeric(24,6) AS duration_seconds, s.sessions_per_user::numeric(24,6) AS sessions_per_user, s.bounce_rate::numeric(24,6) AS bounce_rate,
	s.events_per_session::numeric(24,6) AS events_per_session, s.return_rate::numeric(24,6) AS return_rate, s.mean_duration_seconds::numeric(24,6) AS mean_duration_seconds, s.median_duration_seconds::numeric(24,6) AS median_duration_seconds
FROM nudge_analytics.session_metrics s WHERE s.grain = 'day'$query$,
	'Sessions by day', 'One row per day of a month with sessions. Sessions that began on the day, of days that are over; days are those of the zone of deploy().',
	'users and returning_users are not to be added over days, medians not at all; rates are added by their numerators and denominators.',
	'{"period_start": "Day", "sessions": "Sessions that began on the day", "users": "Users with a session", "events": "Events of the sessions", "bounces": "Sessions of one event", "returning_users": "Users with two sessions or more", "duration_seconds": "Time of all sessions, from first to last event", "sessions_per_user": "sessions over users",
	"bounce_rate": "bounces over sessions, as a fraction of 1", "events_per_session": "events over sessions", "return_rate": "returning_users over users, as a fraction of 1", "mean_duration_seconds": "duration_seconds over sessions", "median_duration_seconds": "Median duration of a session"}',
	'{"bounce_rate": "type/Percentage", "return_rate": "type/Percentage", "duration_seconds": "type/Duration", "mean_duration_seconds": "type/Duration", "median_duration_seconds": "type/Duration"}', '{"period_start": "Day"}'),

('sessions_monthly', 'usage', 1811, '{session_metrics}', $query$
SELECT s.period AS period_start, s.sessions, s.users, s.events, s.bounces, s.returning_users, s.duration_seconds::numeric(24,6) AS duration_seconds, s.sessions_per_user::numeric(24,6) AS sessions_per_user, s.bounce_rate::numeric(24,6) AS bounce_rate,
	s.events_per_session::numeric(24,6) AS events_per_session, s.return_rate::numeric(24,6) AS return_rate, s.mean_duration_seconds::numeric(24,6) AS mean_duration_seconds, s.median_duration_seconds::numeric(24,6) AS median_duration_seconds, s.complete
FROM nudge_analytics.session_metrics s WHERE s.grain = 'month'$query$,
	'Sessions by month', 'One row per month with sessions. Sessions that began in the month, up to yesterday; months are those of the zone of deploy().',
	'users and returning_users are not to be added over months, medians not at all; rates are added by their numerators and denominators. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "sessions": "Sessions that began in the month", "users": "Users with a session", "events": "Events of the sessions", "bounces": "Sessions of one event", "returning_users": "Users with two sessions or more", "duration_seconds": "Time of all sessions, from first to last event", "sessions_per_user": "sessions over users",
	"bounce_rate": "bounces over sessions, as a fraction of 1", "events_per_session": "events over sessions", "return_rate": "returning_users over users, as a fraction of 1", "mean_duration_seconds": "duration_seconds over sessions", "median_duration_seconds": "Median duration of a session", "complete": "Whether the month is over"}',
	'{"bounce_rate": "type/Percentage", "return_rate": "type/Percentage", "duration_seconds": "type/Duration", "mean_duration_seconds": "type/Duration", "median_duration_seconds": "type/Duration"}', '{"period_start": "Month"}'),

('sessions_monthly_by_dimension', 'usage', 2323, '{session_metrics_by_dimension}', $query$
SELECT s.month AS period_start, s.dimension, s.value AS dimension_value, s.sessions, s.users, s.events, s.bounces, s.returning_users, s.duration_seconds::numeric(24,6) AS duration_seconds, s.sessions_per_user::numeric(24,6) AS sessions_per_user, s.bounce_rate::numeric(24,6) AS bounce_rate,
	s.events_per_session::numeric(24,6) AS events_per_session, s.return_rate::numeric(24,6) AS return_rate, s.mean_duration_seconds::numeric(24,6) AS mean_duration_seconds, s.complete
FROM nudge_analytics.session_metrics_by_dimension s$query$,
	'Sessions by month and dimension', 'One row per month with sessions and value of a dimension. Sessions that began in the month, up to yesterday, by what their users and accounts are now; months are those of the zone of deploy().',
	'Each dimension has all sessions: do not add dimensions. users and returning_users are not to be added over months; rates are added by their numerators and denominators. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size of the account, user_plan or role of the user", "dimension_value": "Value now; (none): not known", "sessions": "Sessions that began in the month", "users": "Users with a session", "events": "Events of the sessions", "bounces": "Sessions of one event", "returning_users": "Users with two sessions or more",
	"duration_seconds": "Time of all sessions, from first to last event", "sessions_per_user": "sessions over users", "bounce_rate": "bounces over sessions, as a fraction of 1", "events_per_session": "events over sessions", "return_rate": "returning_users over users, as a fraction of 1", "mean_duration_seconds": "duration_seconds over sessions",
	"complete": "Whether the month is over"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "bounce_rate": "type/Percentage", "return_rate": "type/Percentage", "duration_seconds": "type/Duration", "mean_duration_seconds": "type/Duration"}', '{"period_start": "Month"}'),

('user_sessions', 'usage', 1812, '{fact_sessions}', $query$
SELECT s.day AS session_day, s.started_at, s.ended_at, s."user" AS user_id, s.events, s.duration_seconds::numeric(24,6) AS duration_seconds, s.entry_event, s.exit_event, s.bounced AS is_bounce
FROM nudge_analytics.fact_sessions s$query$,
	'Sessions of users', 'One row per session. The sessions behind sessions_daily and sessions_monthly, those of today included.', 'What is dated in the days to come is in it too.',
	'{"session_day": "Day on which it began, in the zone of deploy()", "started_at": "First event", "ended_at": "Last event", "user_id": "User", "events": "Events", "duration_seconds": "Time from the first event to the last", "entry_event": "Name of the first event", "exit_event": "Name of the last event", "is_bounce": "Whether it has one event only"}',
	'{"entry_event": "type/Category", "exit_event": "type/Category", "duration_seconds": "type/Duration"}', '{}'),

('unit_economics_monthly', 'finance', 1820, '{unit_economics}', $query$
SELECT u.period AS period_start, u.currency, u.mrr::numeric(24,6) AS mrr, u.customers, u.arpa::numeric(24,6) AS arpa, u.revenue::numeric(24,6) AS revenue, u.cost_of_revenue::numeric(24,6) AS cost_of_revenue, u.gross_profit::numeric(24,6) AS gross_profit, u.gross_margin_rate::numeric(24,6) AS gross_margin_rate,
	u.contribution_margin::numeric(24,6) AS contribution_margin, u.contribution_margin_rate::numeric(24,6) AS contribution_margin_rate, u.marketing_cost::numeric(24,6) AS marketing_cost, u.sales_cost::numeric(24,6) AS sales_cost, u.tools_cost::numeric(24,6) AS tools_cost,
	u.other_cost::numeric(24,6) AS other_cost, u.overhead_cost::numeric(24,6) AS overhead_cost, u.acquisition_cost::numeric(24,6) AS acquisition_cost, u.new_customers, u.cac::numeric(24,6) AS cac, u.churn_months, u.customer_months, u.churned_customers, u.churn_rate::numeric(24,6) AS churn_rate,
	u.lifetime_revenue::numeric(24,6) AS lifetime_revenue, u.ltv::numeric(24,6) AS ltv, u.ltv_to_cac_ratio::numeric(24,6) AS ltv_to_cac_ratio, u.cac_payback_months::numeric(24,6) AS cac_payback_months, u.revenue_payback_months::numeric(24,6) AS revenue_payback_months,
	u.acquisition_cost_per_active_customer::numeric(24,6) AS acquisition_cost_per_active_customer, u.cac_null_reason, u.ltv_null_reason, u.complete
FROM nudge_analytics.unit_economics u$query$,
	'Unit economics by month', 'One row per month and currency. What a customer earns, costs to win and is worth; months are those of the zone of deploy().',
	'Ratios are not to be added. The last month is open: complete is false, and what needs whole months is NULL.',
	'{"period_start": "First day of the month", "currency": "Currency of all amounts", "mrr": "MRR as the month closed", "customers": "Customers with MRR as the month closed", "arpa": "mrr over customers", "revenue": "Revenue of the month, of all streams", "cost_of_revenue": "Cost of delivering the product", "gross_profit": "revenue less cost_of_revenue",
	"gross_margin_rate": "gross_profit over revenue, as a fraction of 1", "contribution_margin": "gross_profit less variable costs of acquisition", "contribution_margin_rate": "contribution_margin over revenue, as a fraction of 1", "marketing_cost": "Acquisition: spend, and costs of marketing", "sales_cost": "Acquisition: costs of sales",
	"tools_cost": "Acquisition: costs of tools", "other_cost": "Acquisition: other costs", "overhead_cost": "Acquisition: 20% added on", "acquisition_cost": "Sum of these five", "new_customers": "Customers whose first MRR ever began in the month", "cac": "acquisition_cost over new_customers; NULL: cac_null_reason says why",
	"churn_months": "Months over which churn is counted: this and the 11 before, or as many as there are", "customer_months": "Customers as each of them opened, added up", "churned_customers": "Customers that left in them", "churn_rate": "churned_customers over customer_months, as a fraction of 1: churn of one month",
	"lifetime_revenue": "arpa over churn_rate", "ltv": "arpa times gross_margin_rate over churn_rate; NULL: ltv_null_reason says why", "ltv_to_cac_ratio": "ltv over cac", "cac_payback_months": "cac over gross profit of a customer and month", "revenue_payback_months": "cac over arpa",
	"acquisition_cost_per_active_customer": "acquisition_cost over customers, old and new: not CAC", "cac_null_reason": "Why there is no CAC", "ltv_null_reason": "Why there is no LTV", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "mrr": "type/Currency", "arpa": "type/Currency", "revenue": "type/Currency", "cost_of_revenue": "type/Currency", "gross_profit": "type/Currency", "gross_margin_rate": "type/Percentage", "contribution_margin": "type/Currency", "contribution_margin_rate": "type/Percentage", "marketing_cost": "type/Currency",
	"sales_cost": "type/Currency", "tools_cost": "type/Currency", "other_cost": "type/Currency", "overhead_cost": "type/Currency", "acquisition_cost": "type/Currency", "cac": "type/Currency", "churn_rate": "type/Percentage", "lifetime_revenue": "type/Currency", "ltv": "type/Currency", "acquisition_cost_per_active_customer": "type/Currency",
	"cac_null_reason": "type/Category", "ltv_null_reason": "type/Category"}',
	'{"period_start": "Month", "mrr": "MRR", "arpa": "ARPA", "cac": "CAC", "ltv": "LTV", "ltv_to_cac_ratio": "LTV to CAC", "cac_payback_months": "CAC payback, months", "cac_null_reason": "Why no CAC", "ltv_null_reason": "Why no LTV"}'),

('unit_economics_segments', 'finance', 1821, '{unit_economics_by_segment}', $query$
SELECT u.period AS period_start, u.segment, u.currency, u.mrr::numeric(24,6) AS mrr, u.customers, u.arpa::numeric(24,6) AS arpa, u.new_customers, u.churn_months, u.customer_months, u.churned_customers, u.churn_rate::numeric(24,6) AS churn_rate, u.gross_margin_rate::numeric(24,6) AS gross_margin_rate,
	u.lifetime_revenue::numeric(24,6) AS lifetime_revenue, u.ltv::numeric(24,6) AS ltv, u.company_cac::numeric(24,6) AS company_cac, u.ltv_to_company_cac_ratio::numeric(24,6) AS ltv_to_company_cac_ratio, u.company_cac_payback_months::numeric(24,6) AS company_cac_payback_months, u.ltv_null_reason, u.complete
FROM nudge_analytics.unit_economics_by_segment u$query$,
	'Unit economics by segment', 'One row per month, currency and segment. What a customer of the segment earns and is worth, against the cost of acquisition of the company; months are those of the zone of deploy().',
	'Segments are those of customers now. Costs have no segment: margin and CAC are those of the company.',
	'{"period_start": "First day of the month", "segment": "Segment of the customers now; (none) for those without", "currency": "Currency of all amounts", "mrr": "MRR as the month closed", "customers": "Customers with MRR as the month closed", "arpa": "mrr over customers", "new_customers": "Customers that had no MRR before, and have some as the month closes",
	"churn_months": "Months over which churn is counted: this and the 11 before, or as many as there are", "customer_months": "Customers as each of them opened, added up", "churned_customers": "Customers that left in them", "churn_rate": "churned_customers over customer_months, as a fraction of 1: churn of one month",
	"gross_margin_rate": "Gross margin of the company, as a fraction of 1", "lifetime_revenue": "arpa over churn_rate", "ltv": "arpa times gross_margin_rate over churn_rate; NULL: ltv_null_reason says why", "company_cac": "CAC of the company", "ltv_to_company_cac_ratio": "ltv over company_cac",
	"company_cac_payback_months": "company_cac over gross profit of a customer and month", "ltv_null_reason": "Why there is no LTV", "complete": "Whether the month is over"}',
	'{"segment": "type/Category", "currency": "type/Category", "mrr": "type/Currency", "arpa": "type/Currency", "churn_rate": "type/Percentage", "gross_margin_rate": "type/Percentage", "lifetime_revenue": "type/Currency", "ltv": "type/Currency", "company_cac": "type/Currency", "ltv_null_reason": "type/Category"}',
	'{"period_start": "Month", "mrr": "MRR", "arpa": "ARPA", "ltv": "LTV", "company_cac": "CAC of the company", "ltv_to_company_cac_ratio": "LTV to CAC of the company", "company_cac_payback_months": "CAC payback, months", "ltv_null_reason": "Why no LTV"}'),

('customer_health_now', 'customers', 1830, '{customer_health,dim_customers}', $query$
SELECT nudge.civil_date(h.scored_at, {zone}) AS scored_day, h.customer, d.name AS customer_name, d.segment, d.owner, h.score, h.band, h.at_risk AS is_at_risk, h.trend, h.slope_per_30_days, h.change_30_days, h.change_90_days, h.drop_30_days, h.drop_90_days,
	h.lowest_factor, h.lowest_factor_score, d.status, d.currency, d.current_mrr, h.model
FROM (SELECT c.customer, c.scored_at, c.score::numeric(24,6) AS score, c.band, c.at_risk, c.trend, c.slope_per_30_days::numeric(24,6) AS slope_per_30_days, c.change_30_days::numeric(24,6) AS change_30_days, c.change_90_days::numeric(24,6) AS change_90_days,
		c.drop_30_days::numeric(24,6) AS drop_30_days, c.drop_90_days::numeric(24,6) AS drop_90_days, c.lowest_factor, c.lowest_factor_score::numeric(24,6) AS lowest_factor_score, c.model FROM nudge_analytics.customer_health c) h
	LEFT JOIN (SELECT c.customer, c.name, c.segment, c.owner, c.status, c.currency, c.current_mrr::numeric(24,6) AS current_mrr FROM nudge_analytics.dim_customers c) d ON d.customer = h.customer$query$,
	'Health of customers', 'One row per customer with a score. Its health as it was scored last, with trend and drops, beside what it pays now.',
	'Scores are not to be added; a score stays until the next one, so look at scored_day.',
	'{"scored_day": "Day of the last score, in the zone of deploy()", "customer": "Customer", "customer_name": "What it is called", "segment": "Segment now", "owner": "Who looks after it", "score": "Last score, 0 to 100", "band": "red below 60, yellow, green from 80", "is_at_risk": "Whether the score is below 65",
	"trend": "rising, falling or flat over 90 days", "slope_per_30_days": "Points that the score gains in 30 days by that trend", "change_30_days": "Score less that of 30 days before", "change_90_days": "Score less that of 90 days before", "drop_30_days": "How far the score is below the highest of the last 30 days",
	"drop_90_days": "How far it is below the highest of the last 90 days", "lowest_factor": "Factor of the score with the lowest value", "lowest_factor_score": "Its value", "status": "active with MRR now, churned without but with some before, never_paid", "currency": "Currency of current_mrr; NULL with several",
	"current_mrr": "MRR now; NULL in several currencies", "model": "Model of the score; NULL if it does not say"}',
	'{"segment": "type/Category", "owner": "type/Category", "score": "type/Score", "band": "type/Category", "trend": "type/Category", "lowest_factor": "type/Category", "lowest_factor_score": "type/Score", "status": "type/Category", "currency": "type/Category", "current_mrr": "type/Currency", "model": "type/Category"}',
	'{"current_mrr": "MRR now"}'),

('customer_health_factor_scores', 'customers', 1831, '{customer_health_factors}', $query$
SELECT nudge.civil_date(f.scored_at, {zone}) AS scored_day, f.customer, f.factor, f.factor_score::numeric(24,6) AS factor_score
FROM nudge_analytics.customer_health_factors f$query$,
	'Factors of health', 'One row per customer and factor. What the last score of each customer is made of.', 'Factors are not to be added: their weights are those of the model.',
	'{"scored_day": "Day of the last score, in the zone of deploy()", "customer": "Customer", "factor": "Factor", "factor_score": "Its value"}', '{"factor": "type/Category", "factor_score": "type/Score"}', '{}'),

('customer_health_history', 'customers', 1832, '{customer_health_months}', $query$
SELECT m.period AS period_start, m.customer, m.score::numeric(24,6) AS score, m.band, m.at_risk AS is_at_risk, m.complete
FROM nudge_analytics.customer_health_months m$query$,
	'Health of customers by month', 'One row per customer and month from its first score on. Its last score as the month closed; months are those of the zone of deploy().', 'Scores are not to be added. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "customer": "Customer", "score": "Last score as the month closed, or so far", "band": "red below 60, yellow, green from 80", "is_at_risk": "Whether the score is below 65", "complete": "Whether the month is over"}', '{"score": "type/Score", "band": "type/Category"}', '{"period_start": "Month"}'),

('customer_health_bands', 'customers', 1833, '{customer_health_by_band}', $query$
SELECT b.period AS period_start, b.currency, b.band, b.customers, b.mrr::numeric(24,6) AS mrr, b.scored_customers, b.mean_score::numeric(24,6) AS mean_score, b.at_risk_customers, b.at_risk_mrr::numeric(24,6) AS at_risk_mrr,
	(b.mrr / nullif(a.mrr, 0))::numeric(24,6) AS mrr_share, (b.at_risk_mrr / nullif(b.mrr, 0))::numeric(24,6) AS at_risk_mrr_rate, b.complete
FROM nudge_analytics.customer_health_by_band b JOIN nudge_analytics.customer_health_by_band a ON a.period = b.period AND a.currency = b.currency AND a.band = 'all'$query$,
	'Health by band and month', 'One row per month, currency and band. Customers with MRR and their MRR by band of health as the month closed, and for band all of them all; months are those of the zone of deploy().',
	'Do not add band all to the others, nor anything over months or currencies. The last month is open: complete is false.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "band": "red below 60, yellow, green from 80; (none) for those without a score, all for all customers", "customers": "Customers with MRR as the month closed, or now", "mrr": "Their MRR", "scored_customers": "Those with a score", "mean_score": "Mean of their scores",
	"at_risk_customers": "Those with a score below 65; NULL if nobody has one", "at_risk_mrr": "MRR of those", "mrr_share": "mrr over that of band all, as a fraction of 1", "at_risk_mrr_rate": "at_risk_mrr over mrr, as a fraction of 1", "complete": "Whether the month is over"}',
	'{"currency": "type/Category", "band": "type/Category", "mrr": "type/Currency", "mean_score": "type/Score", "at_risk_mrr": "type/Currency", "mrr_share": "type/Percentage", "at_risk_mrr_rate": "type/Percentage"}', '{"period_start": "Month", "mrr": "MRR", "at_risk_mrr": "MRR at risk", "mrr_share": "Share of MRR", "at_risk_mrr_rate": "Share of MRR at risk"}'),

('customer_health_now_by_dimension', 'customers', 2330, '{customer_health_by_dimension}', $query$
SELECT b.dimension, b.value AS dimension_value, b.currency, b.band, b.customers, b.mrr::numeric(24,6) AS mrr, b.scored_customers, b.mean_score::numeric(24,6) AS mean_score, b.at_risk_customers, b.at_risk_mrr::numeric(24,6) AS at_risk_mrr,
	(b.mrr / nullif(a.mrr, 0))::numeric(24,6) AS mrr_share, (b.at_risk_mrr / nullif(b.mrr, 0))::numeric(24,6) AS at_risk_mrr_rate
FROM nudge_analytics.customer_health_by_dimension b JOIN nudge_analytics.customer_health_by_dimension a ON a.dimension = b.dimension AND a.value = b.value AND a.currency = b.currency AND a.band = 'all'$query$,
	'Health by dimension now', 'One row per value of a dimension, currency and band. Customers with MRR and their MRR by band of health, now, by what the customers are now, and for band all of them all.',
	'Each dimension has all customers: do not add dimensions, nor band all to the others, nor anything over currencies.',
	'{"dimension": "segment, industry, company_size, region, growth_tier, sales_channel, plan, product_mix, tenure or initial_contract_size", "dimension_value": "Value of the customers now; (none): not known", "currency": "Currency of the amounts", "band": "red below 60, yellow, green from 80; (none) for those without a score, all for all customers", "customers": "Customers with MRR now", "mrr": "Their MRR", "scored_customers": "Those with a score",
	"mean_score": "Mean of their scores", "at_risk_customers": "Those with a score below 65; NULL if nobody has one", "at_risk_mrr": "MRR of those", "mrr_share": "mrr over that of band all, as a fraction of 1", "at_risk_mrr_rate": "at_risk_mrr over mrr, as a fraction of 1"}',
	'{"dimension": "type/Category", "dimension_value": "type/Category", "currency": "type/Category", "band": "type/Category", "mrr": "type/Currency", "mean_score": "type/Score", "at_risk_mrr": "type/Currency", "mrr_share": "type/Percentage", "at_risk_mrr_rate": "type/Percentage"}', '{"mrr": "MRR", "at_risk_mrr": "MRR at risk", "mrr_share": "Share of MRR", "at_risk_mrr_rate": "Share of MRR at risk"}'),

('account_health_now', 'customers', 1834, '{account_health}', $query$
SELECT nudge.civil_date(h.scored_at, {zone}) AS scored_day, h.customer, h.score::numeric(24,6) AS score, h.coverage_share::numeric(24,6) AS coverage_share, h.band, h.weakest_factor, h.usage_factor::numeric(24,6) AS usage_factor, h.engagement_factor::numeric(24,6) AS engagement_factor,
	h.outcome_factor::numeric(24,6) AS outcome_factor, h.relationship_factor::numeric(24,6) AS relationship_factor, h.support_factor::numeric(24,6) AS support_factor, h.satisfaction_factor::numeric(24,6) AS satisfaction_factor, h.growth_factor::numeric(24,6) AS growth_factor,
	h.advocacy_factor::numeric(24,6) AS advocacy_factor, h.model
FROM nudge_analytics.account_health h$query$,
	'Health of accounts by the model', 'One row per customer and model. Health as it is computed from use, outcomes, relationships and support, of what was known as the day began.',
	'Scores are not to be added; where coverage_share is low, little is known.',
	'{"scored_day": "Day as which it is computed, in the zone of deploy()", "customer": "Customer", "score": "Score by the model, 0 to 100; NULL: nothing is known", "coverage_share": "How much of the weights is known, as a fraction of 1", "band": "red below 60, yellow, green from 80; NULL: too little is known for green", "weakest_factor": "Factor that costs the most points",
	"usage_factor": "Use of the product, 0 to 100", "engagement_factor": "How evenly, and by how many", "outcome_factor": "Whether it gets what was agreed", "relationship_factor": "Who is known there, and how they think", "support_factor": "Few tickets, solved soon and well", "satisfaction_factor": "Answers to surveys",
	"growth_factor": "Growth of seats and of metered use", "advocacy_factor": "Whether it speaks for us", "model": "Name of the model"}',
	'{"score": "type/Score", "coverage_share": "type/Percentage", "band": "type/Category", "weakest_factor": "type/Category", "usage_factor": "type/Score", "engagement_factor": "type/Score", "outcome_factor": "type/Score", "relationship_factor": "type/Score", "support_factor": "type/Score", "satisfaction_factor": "type/Score",
	"growth_factor": "type/Score", "advocacy_factor": "type/Score", "model": "type/Category"}', '{}');

-- Numbers of the last period that is over, with the periods before
INSERT INTO nudge.shipped_widgets (dashboard, widget, title, type, grid_row, grid_column, comparison, periods, detail_view, description) VALUES
('executive', 'mrr', 'MRR', 'number_with_trend', 1, 1, 'previous', 13, 'customer_mrr_now', 'Monthly recurring revenue as the month closed.'),
('executive', 'cac', 'CAC', 'gauge', 1, 2, 'target', 1, 'channels_monthly', 'Spend of channels for a customer, as a share of its target: above 1 is too much.'),
('executive', 'churn', 'Churn', 'percentage', 1, 3, 'benchmark', 13, 'customer_mrr_movements', 'Share of the opening customers that left in the month, beside that of others.'),
('executive', 'net_revenue_retention', 'Net revenue retention', 'percentage', 3, 1, 'year_before', 13, 'customer_mrr_movements', 'MRR of the customers of a year ago over what it was then.'),
('executive', 'cash', 'Cash', 'number_with_trend', 3, 2, 'previous', 13, 'burn_monthly', 'Cash as the month closed.'),
('executive', 'ltv_to_cac', 'LTV to CAC', 'number_with_trend', 3, 3, 'previous', 13, 'unit_economics_monthly', 'What a customer is worth over what it costs to win, sales and tools counted.'),
('sales', 'pipeline_value', 'Pipeline value', 'number_with_trend', 1, 1, 'previous', 13, 'sales_pipeline_now', 'Amount of the deals that were open as the month closed.'),
('sales', 'closed_won_amount', 'Closed-won amount', 'number_with_trend', 1, 2, 'year_before', 13, 'sales_monthly', 'Amount of the deals won in the month, beside that of a year before.'),
('sales', 'win_rate', 'Win rate', 'percentage', 1, 3, 'benchmark', 13, 'sales_monthly', 'Share of the decided deals that were won.'),
('sales', 'pipeline_coverage', 'Pipeline coverage', 'number_with_trend', 2, 3, 'previous', 13, 'sales_monthly', 'Pipeline value over the quota of the month.'),
('sales', 'average_deal_size', 'Average deal size', 'number_with_trend', 3, 1, 'previous', 13, 'sales_monthly', 'Amount of a deal won, on average.'),
('sales', 'sales_velocity', 'Sales velocity', 'number_with_trend', 3, 2, 'previous', 13, 'sales_monthly', 'Amount a day that the qualified open deals promise.'),
('sales', 'sales_cycle', 'Sales cycle', 'number_with_trend', 3, 3, 'previous', 13, 'sales_monthly', 'Days from creation to close of the deals won, the median.'),
('sales', 'activities', 'Activities', 'number_with_trend', 5, 3, 'previous', 13, 'sales_activities_monthly', 'Calls, meetings and mails of the month.'),
('marketing', 'leads', 'Leads', 'number_with_trend', 1, 1, 'previous', 13, 'customer_touches_daily', 'Leads of the month.'),
('marketing', 'cac', 'CAC', 'gauge', 1, 2, 'target', 1, 'channels_monthly', 'Spend of channels for a customer, as a share of its target: above 1 is too much.'),
('marketing', 'roi', 'Marketing ROI', 'number_with_trend', 1, 3, 'previous', 13, 'campaign_results', 'Attributed revenue less spend, over spend.'),
('marketing', 'click_through_rate', 'Click-through rate', 'percentage', 3, 3, 'previous', 13, 'channel_spend_daily', 'Clicks over impressions.'),
('marketing', 'lead_to_customer_rate', 'Lead-to-customer rate', 'percentage', 4, 3, 'previous', 13, 'channels_monthly', 'Acquired customers over leads.'),
('marketing', 'content_to_lead_rate', 'Content to lead', 'percentage', 5, 3, 'previous', 13, 'content_monthly', 'Leads over visitors that content brought.'),
('product', 'monthly_active_users', 'Monthly active users', 'number_with_trend', 1, 1, 'previous', 13, 'user_events_daily', 'Users that did something in the month.'),
('product', 'stickiness', 'Stickiness', 'percentage', 1, 2, 'benchmark', 60, 'active_users_daily', 'Daily over monthly active users, of each day.'),
('product', 'user_retention', 'User retention', 'percentage', 1, 3, 'previous', 13, 'user_lifecycle', 'Share of the users of the month before that came back.'),
('product', 'nps', 'NPS', 'number_with_trend', 5, 1, 'previous', 13, 'nps_monthly', 'Promoters less detractors, in points of 100.'),
('product', 'sessions', 'Sessions', 'number_with_trend', 5, 2, 'previous', 13, 'user_sessions', 'Sessions that began in the month.'),
('product', 'bounce_rate', 'Bounce rate', 'percentage', 5, 3, 'previous', 13, 'user_sessions', 'Share of the sessions of one event.'),
('product', 'open_bugs', 'Open bugs', 'number_with_trend', 4, 3, 'previous', 13, 'delivery_monthly', 'Bugs that were open as the month closed.'),
('customer_success', 'net_revenue_retention', 'Net revenue retention', 'percentage', 1, 1, 'target', 13, 'customer_mrr_movements', 'MRR of the customers of a year ago over what it was then.'),
('customer_success', 'gross_revenue_retention', 'Gross revenue retention', 'percentage', 1, 2, 'target', 13, 'customer_mrr_movements', 'The same without expansion.'),
('customer_success', 'csat', 'CSAT', 'number_with_trend', 1, 3, 'previous', 13, 'support_tickets', 'Mean score of the tickets with one, on its own scale.'),
('customer_success', 'ticket_backlog', 'Ticket backlog', 'number_with_trend', 2, 3, 'previous', 13, 'support_tickets', 'Tickets that were open as the month closed.'),
('customer_success', 'first_response_time', 'First response', 'number_with_trend', 4, 1, 'target', 13, 'support_tickets', 'Minutes until a ticket is first answered, the median.'),
('customer_success', 'resolution_time', 'Resolution', 'number_with_trend', 4, 2, 'target', 13, 'support_tickets', 'Minutes until a ticket is resolved, the median.'),
('customer_success', 'mrr_at_risk', 'MRR at risk', 'percentage', 4, 3, 'previous', 13, 'customer_health_now', 'Share of the MRR of customers whose health score is low.'),
('engineering', 'deployment_frequency', 'Deployment frequency', 'number_with_trend', 1, 1, 'previous', 13, 'delivery_monthly', 'Deployments a day.'),
('engineering', 'lead_time', 'Lead time for changes', 'number_with_trend', 1, 2, 'previous', 13, 'delivery_monthly', 'Hours from a change to its deployment, the median.'),
('engineering', 'change_failure_rate', 'Change failure rate', 'percentage', 1, 3, 'previous', 13, 'delivery_monthly', 'Share of the deployments that failed.'),
('engineering', 'mttr', 'MTTR', 'number_with_trend', 2, 3, 'previous', 13, 'platform_incidents', 'Minutes from the start of an incident to its end, on average.'),
('engineering', 'code_coverage', 'Code coverage', 'percentage', 3, 3, 'target', 13, 'delivery_monthly', 'Share of the code that tests run.');

-- Charts of metrics, over time or of the last period by a dimension
INSERT INTO nudge.shipped_widgets (dashboard, widget, title, type, grid_row, grid_column, span, dimension, periods, detail_view, description) VALUES
('executive', 'revenue_growth', 'Revenue growth', 'stacked_bar', 2, 1, 2, NULL, 12, 'customer_mrr_movements', 'Movements of MRR of each month.'),
('executive', 'mrr_by_segment', 'MRR by segment', 'bar', 4, 3, 1, 'segment', 1, 'customer_details', 'MRR as the month closed.'),
('sales', 'deals', 'Deals', 'line', 2, 1, 2, NULL, 12, 'sales_monthly', 'Deals created, closed and won in each month.'),
('sales', 'by_owner', 'By owner', 'table', 4, 1, 2, 'owner', 1, 'sales_monthly', 'Pipeline, deals and quota of each owner of deals.'),
('sales', 'won_by_segment', 'Closed-won by segment', 'bar', 4, 3, 1, 'segment', 1, 'sales_monthly', 'Amount of the deals won in the month.'),
('marketing', 'channels', 'Channels', 'table', 2, 1, 2, 'channel', 1, 'channels_monthly', 'What each channel cost in the month, and what it brought.'),
('marketing', 'acquisition_funnel', 'From impression to customer', 'funnel', 2, 3, 1, NULL, 1, 'channels_monthly', 'Counts of the month; a customer may have clicked in an earlier one.'),
('marketing', 'attributed_revenue', 'Attributed revenue', 'stacked_bar', 3, 1, 2, 'channel', 12, 'customer_conversions_daily', 'Revenue credited to each channel.'),
('marketing', 'unit_costs', 'Cost of leads and customers', 'line', 4, 1, 2, NULL, 12, 'channel_spend_daily', 'Spend per lead and per acquired customer.'),
('product', 'lifecycle', 'Users by lifecycle', 'stacked_bar', 2, 1, 2, NULL, 12, 'user_lifecycle', 'Users that are new, came back or were won back; dormant ones were active the month before.'),
('product', 'feature_adoption', 'Feature adoption', 'bar', 3, 3, 1, 'feature', 1, 'product_events_daily', 'Share of the users that used a feature three times or more.'),
('product', 'early_retention', 'Retention of new users', 'line', 4, 1, 2, NULL, 12, 'user_retention_by_day', 'Share of the users of each month that came back on a day after the first.'),
('customer_success', 'customers', 'Customers won and lost', 'bar', 2, 1, 2, NULL, 12, 'customer_mrr_movements', 'Customers with MRR that are new, and that left.'),
('customer_success', 'churn_by_segment', 'Churn by segment', 'bar', 3, 3, 1, 'segment', 1, 'customer_mrr_movements', 'Share of the opening customers that left in the month.'),
('engineering', 'deployments', 'Deployments', 'stacked_bar', 2, 1, 2, 'service', 12, 'delivery_monthly', 'Deployments of each service.'),
('engineering', 'uptime', 'Uptime', 'line', 3, 1, 2, 'service', 12, 'platform_incidents', 'Share of the time that each service ran, without maintenance.'),
('engineering', 'incidents', 'Incidents', 'stacked_bar', 4, 1, 2, 'severity', 12, 'platform_incidents', 'Incidents of each severity.'),
('engineering', 'bugs', 'Bugs opened and closed', 'bar', 4, 3, 1, NULL, 6, 'delivery_monthly', 'Bugs of each month.');

-- Queries of their own
INSERT INTO nudge.shipped_widgets (dashboard, widget, title, type, grid_row, grid_column, span, periods, view_name, unit, detail_view, description, query) VALUES
('executive', 'mrr_waterfall', 'MRR waterfall', 'waterfall', 4, 1, 2, 1, 'mrr_monthly_consolidated', 'currency', 'customer_mrr_movements', 'From opening to closing MRR of the last month that is over: the steps add up to the closing MRR.', $query$
SELECT s.step_order, s.step, s.value
FROM (SELECT m.* FROM nudge_reporting.mrr_monthly_consolidated m WHERE m.complete AND m.currency = {currency} AND m.period_start <= coalesce({until}, m.period_start) ORDER BY m.period_start DESC LIMIT 1) m
CROSS JOIN LATERAL (VALUES (1, 'Opening', m.opening_mrr), (2, 'New', m.new_mrr), (3, 'Reactivation', m.reactivation_mrr), (4, 'Expansion', m.expansion_mrr),
	(5, 'Contraction', m.contraction_mrr), (6, 'Churn', m.churn_mrr), (7, 'Exchange rates', m.fx_mrr)) s(step_order, step, value)
ORDER BY 1
$query$),
('executive', 'conversion_funnel', 'Conversion funnel', 'funnel', 2, 3, 1, 1, 'channels_monthly', 'count', 'channels_monthly', 'Visitors, leads and customers of the last month that is over, of all channels; a customer may have come in an earlier one.', $query$
SELECT s.step_order, s.step, s.value
FROM (SELECT sum(c.visitors) AS visitors, sum(c.new_leads) AS leads, sum(c.acquired_customers) AS customers FROM nudge_reporting.channels_monthly c WHERE c.complete AND c.currency = {currency}
	AND c.period_start <= coalesce({until}, c.period_start) GROUP BY c.period_start ORDER BY c.period_start DESC LIMIT 1) m
CROSS JOIN LATERAL (VALUES (1, 'Visitors', m.visitors), (2, 'Leads', m.leads), (3, 'Customers', m.customers)) s(step_order, step, value)
ORDER BY 1
$query$),
('marketing', 'campaigns', 'Campaigns', 'table', 5, 1, 2, 1, 'campaigns_monthly', NULL, 'campaign_results', 'What each campaign cost and brought in the last month that is over.', $query$
SELECT c.campaign, c.channel, c.cost, c.new_leads, c.acquired_customers, c.attributed_revenue, c.campaign_roi
FROM nudge_reporting.campaigns_monthly c
WHERE c.currency = {currency} AND c.period_start = (SELECT max(l.period_start) FROM nudge_reporting.campaigns_monthly l WHERE l.complete AND l.period_start <= coalesce({until}, l.period_start))
ORDER BY 6 DESC NULLS LAST, 1 LIMIT 20
$query$),
('product', 'funnel', 'Funnel', 'funnel', 2, 3, 1, 1, 'funnel_steps_monthly', 'count', 'funnel_people', 'How far the people came who entered in the last month that is over, of the first funnel by name.', $query$
SELECT f.step_number AS step_order, f.step_event AS step, f.people AS value
FROM nudge_reporting.funnel_steps_monthly f
WHERE (f.funnel, f.period_start) = (SELECT l.funnel, l.period_start FROM nudge_reporting.funnel_steps_monthly l WHERE l.complete AND l.period_start <= coalesce({until}, l.period_start) ORDER BY l.period_start DESC, l.funnel LIMIT 1)
ORDER BY 1
$query$),
('sales', 'pipeline_now', 'Pipeline now', 'table', 5, 1, 2, 1, 'sales_pipeline_now', NULL, 'sales_pipeline_now', 'Open deals of each owner, with what was done about them, and those that are late or rest.', $query$
SELECT p.dimension_value AS owner, p.open_deals, p.pipeline_value, p.activity_count, p.activities_per_open_deal, p.overdue_deals, p.stale_deals, p.mean_age_days
FROM nudge_reporting.sales_pipeline_now p
WHERE p.dimension = 'owner' AND p.currency = {currency}
ORDER BY 3 DESC NULLS LAST, 1 LIMIT 50
$query$),
('product', 'retention_cohorts', 'Retention by cohort', 'cohort', 3, 1, 2, 12, 'user_retention_cohorts', 'rate', 'user_retention_cohorts', 'Share of the users that came in a month who were active so many months later.', $query$
SELECT c.cohort_start AS cohort, c.age, c.retention_rate AS value
FROM nudge_reporting.user_retention_cohorts c
WHERE c.grain = 'month' AND c.retention_rate IS NOT NULL AND c.age <= 12 AND c.period_start <= coalesce({until}, c.period_start)
	AND c.cohort_start > least(date_trunc('month', current_date), {until}) - interval '1 month' * ({periods} + 1)
ORDER BY 1, 2
$query$),
('customer_success', 'revenue_cohorts', 'Revenue retention by cohort', 'cohort', 3, 1, 2, 12, 'revenue_cohort_months', 'rate', 'revenue_cohort_months', 'MRR of the customers that came in a month, so many months later, over what it was at first.', $query$
SELECT c.cohort_start AS cohort, c.age_months AS age, c.net_revenue_retention_rate AS value
FROM nudge_reporting.revenue_cohort_months c
WHERE c.complete AND c.currency = {currency} AND c.age_months <= 12 AND c.period_start <= coalesce({until}, c.period_start)
	AND c.cohort_start > least(date_trunc('month', current_date), {until}) - interval '1 month' * ({periods} + 1)
ORDER BY 1, 2
$query$),
('customer_success', 'at_risk', 'Customers at risk', 'table', 6, 1, 3, 1, 'customer_health_now', NULL, 'customer_health_now', 'Customers with a low health score, the largest first.', $query$
SELECT h.customer_name, h.segment, h.owner, h.score, h.band, h.trend, h.change_30_days, h.lowest_factor, h.current_mrr, h.currency
FROM nudge_reporting.customer_health_now h
WHERE h.is_at_risk AND h.current_mrr > 0
ORDER BY h.current_mrr DESC, h.customer LIMIT 20
$query$),
('customer_success', 'losses', 'Largest losses', 'table', 5, 1, 3, 3, 'customer_mrr_movements', NULL, 'customer_mrr_movements', 'Customers that left or pay less, in the last months that are over.', $query$
SELECT c.period_start, c.customer, c.movement, c.opening_mrr, c.movement_mrr, c.closing_mrr
FROM nudge_reporting.customer_mrr_movements c
WHERE c.complete AND c.movement_mrr < 0 AND c.currency = {currency} AND c.period_start <= coalesce({until}, c.period_start)
	AND c.period_start > least(date_trunc('month', current_date), {until}) - interval '1 month' * ({periods} + 1)
ORDER BY 5, 1, 2 LIMIT 20
$query$),
('engineering', 'freshness', 'Data freshness', 'table', 5, 1, 3, 1, 'data_freshness', NULL, 'data_freshness', 'The marts that are oldest, or are not as they should be.', $query$
SELECT f.mart, f.layer, f.freshness_status, f.as_of, f.age_minutes, f.quarantined_keys
FROM nudge_reporting.data_freshness f
ORDER BY f.freshness_status = 'fresh', f.age_minutes DESC NULLS FIRST, 1 LIMIT 20
$query$);

INSERT INTO nudge.shipped_widget_metrics (dashboard, widget, place, metric)
SELECT v.dashboard, v.widget, m.place, m.metric
FROM (VALUES
	('executive', 'mrr', '{mrr}'),
	('executive', 'cac', '{cac}'),
	('executive', 'churn', '{logo_churn_rate}'),
	('executive', 'revenue_growth', '{new_mrr,reactivation_mrr,expansion_mrr,contraction_mrr,churn_mrr}'),
	('executive', 'net_revenue_retention', '{net_revenue_retention_rate}'),
	('executive', 'cash', '{cash_balance}'),
	('executive', 'ltv_to_cac', '{ltv_to_cac_ratio}'),
	('executive', 'mrr_by_segment', '{mrr}'),
	('sales', 'pipeline_value', '{pipeline_value}'),
	('sales', 'closed_won_amount', '{closed_won_amount}'),
	('sales', 'win_rate', '{win_rate}'),
	('sales', 'deals', '{deals_created,deals_closed,deals_won}'),
	('sales', 'pipeline_coverage', '{pipeline_coverage}'),
	('sales', 'average_deal_size', '{average_deal_size}'),
	('sales', 'sales_velocity', '{sales_velocity}'),
	('sales', 'sales_cycle', '{median_sales_cycle_days}'),
	('sales', 'by_owner', '{closed_won_amount,deals_won,win_rate,quota_attainment_rate,pipeline_value,open_deals}'),
	('sales', 'won_by_segment', '{closed_won_amount}'),
	('sales', 'activities', '{sales_activities}'),
	('marketing', 'leads', '{leads}'),
	('marketing', 'cac', '{cac}'),
	('marketing', 'roi', '{marketing_roi}'),
	('marketing', 'channels', '{marketing_spend,leads,acquired_customers,cac,attributed_revenue,roas}'),
	('marketing', 'acquisition_funnel', '{impressions,clicks,leads,acquired_customers}'),
	('marketing', 'attributed_revenue', '{attributed_revenue}'),
	('marketing', 'click_through_rate', '{click_through_rate}'),
	('marketing', 'unit_costs', '{cost_per_lead,cac}'),
	('marketing', 'lead_to_customer_rate', '{lead_to_customer_rate}'),
	('marketing', 'content_to_lead_rate', '{content_to_lead_rate}'),
	('product', 'monthly_active_users', '{monthly_active_users}'),
	('product', 'stickiness', '{stickiness_rate}'),
	('product', 'user_retention', '{user_retention_rate}'),
	('product', 'lifecycle', '{new_users,returning_users,resurrected_users,dormant_users}'),
	('product', 'nps', '{nps}'),
	('product', 'sessions', '{sessions}'),
	('product', 'bounce_rate', '{bounce_rate}'),
	('product', 'feature_adoption', '{feature_adopted_rate}'),
	('product', 'early_retention', '{day_1_retention_rate,day_7_retention_rate,day_30_retention_rate}'),
	('product', 'open_bugs', '{open_bugs}'),
	('customer_success', 'net_revenue_retention', '{net_revenue_retention_rate}'),
	('customer_success', 'gross_revenue_retention', '{gross_revenue_retention_rate}'),
	('customer_success', 'csat', '{csat}'),
	('customer_success', 'customers', '{new_customers,churned_customers}'),
	('customer_success', 'ticket_backlog', '{ticket_backlog}'),
	('customer_success', 'churn_by_segment', '{logo_churn_rate}'),
	('customer_success', 'first_response_time', '{first_response_time}'),
	('customer_success', 'resolution_time', '{resolution_time}'),
	('customer_success', 'mrr_at_risk', '{at_risk_mrr_rate}'),
	('engineering', 'deployment_frequency', '{deployment_frequency}'),
	('engineering', 'lead_time', '{lead_time_for_changes}'),
	('engineering', 'change_failure_rate', '{change_failure_rate}'),
	('engineering', 'deployments', '{deployments}'),
	('engineering', 'mttr', '{mttr}'),
	('engineering', 'uptime', '{uptime_rate}'),
	('engineering', 'code_coverage', '{code_coverage_rate}'),
	('engineering', 'incidents', '{incidents}'),
	('engineering', 'bugs', '{bugs_opened,bugs_closed}')
) v(dashboard, widget, metrics), unnest(v.metrics::text[]) WITH ORDINALITY m(metric, place);

-- src/reporting/view_keys.sql

/*
 * view_keys.sql
 *		Columns that tell the rows of shipped views apart: tests and semantic
 *		layers want them, since views have no primary keys.
 *
 * Rules: doc/reporting.md.
 */

UPDATE nudge.shipped_views v SET row_key = k.row_key
FROM (VALUES
	('calendar_days', '{day}'::text[]),
	('metric_values', '{period_start,grain,metric,dimension,dimension_value,currency}'),
	('metric_catalog', '{metric}'),
	('kpi_current', '{metric}'),
	('metric_progress', '{period_start,grain,metric,dimension,dimension_value,currency}'),
	('metric_targets', '{period_start,metric,target_kind,grain,dimension,dimension_value,currency}'),
	('data_freshness', '{mart}'),
	('reporting_settings', '{setting}'),
	('_metabase_metadata', '{keypath}'),
	('mrr_monthly', '{period_start,currency}'),
	('customer_mrr_now', '{customer,currency}'),
	('metric_revisions', '{period_start,currency,report_version}'),
	('mrr_monthly_consolidated', '{period_start,currency}'),
	('mrr_causes_monthly', '{period_start,currency,movement,cause}'),
	('revenue_retention_monthly', '{period_start,currency}'),
	('revenue_retention_monthly_by_dimension', '{period_start,currency,dimension,dimension_value}'),
	('mrr_monthly_by_dimension', '{period_start,currency,dimension,dimension_value}'),
	('mrr_monthly_then', '{period_start,dimension,dimension_value,currency}'),
	('revenue_cohort_months', '{cohort_start,age_months,currency}'),
	('revenue_cohort_months_by_dimension', '{cohort_start,age_months,currency,dimension,dimension_value}'),
	('customer_revenue_monthly', '{period_start,customer,currency}'),
	('customer_mrr_movements', '{period_start,customer,currency}'),
	('customer_transfers', '{period_start,customer,dimension,currency}'),
	('customer_subscriptions', '{started_at,customer,subscription,item,sequence_no}'),
	('customer_details', '{customer}'),
	('user_details', '{user_id}'),
	('plan_details', '{plan}'),
	('active_users_daily', '{day}'),
	('user_lifecycle', '{period_start,grain}'),
	('user_retention_cohorts', '{cohort_start,grain,age}'),
	('user_retention_by_day', '{period_start,age_days}'),
	('user_classes_weekly', '{period_start}'),
	('feature_adoption_monthly', '{period_start,feature}'),
	('feature_adoption_now', '{feature}'),
	('active_users_daily_by_dimension', '{day,dimension,dimension_value}'),
	('user_lifecycle_by_dimension', '{period_start,grain,dimension,dimension_value}'),
	('user_retention_cohorts_by_dimension', '{cohort_start,dimension,dimension_value,age_months}'),
	('user_retention_days_by_dimension', '{period_start,dimension,dimension_value,age_days}'),
	('user_classes_weekly_by_dimension', '{period_start,dimension,dimension_value}'),
	('feature_adoption_now_by_dimension', '{feature,dimension,dimension_value}'),
	('activation_by_period', '{period_start,grain,dimension,dimension_value}'),
	('activation_users', '{user_id}'),
	('product_events_daily', '{day,event_name,feature}'),
	('user_events_daily', '{day,user_key,event_name,feature}'),
	('support_monthly', '{period_start,dimension,dimension_value}'),
	('support_backlog_monthly', '{period_start,dimension,dimension_value}'),
	('support_tickets', '{ticket}'),
	('nps_monthly', '{period_start,dimension,dimension_value}'),
	('sales_monthly', '{period_start,dimension,dimension_value}'),
	('sales_pipeline_now', '{dimension,dimension_value}'),
	('uptime_monthly', '{period_start,dimension,dimension_value}'),
	('incidents_monthly', '{period_start,dimension,dimension_value}'),
	('platform_incidents', '{incident}'),
	('latency_monthly', '{period_start,dimension,dimension_value}'),
	('delivery_monthly', '{period_start,dimension,dimension_value}'),
	('channels_monthly', '{period_start,channel}'),
	('channel_attribution_monthly', '{period_start,channel,attribution_model,currency}'),
	('customer_attribution_monthly', '{period_start,customer,channel,currency}'),
	('channel_attribution_monthly_by_dimension', '{period_start,channel,attribution_model,currency,dimension,dimension_value}'),
	('channel_overview', '{channel}'),
	('channel_spend_daily', '{day,channel,campaign,partner,currency}'),
	('campaign_sends_daily', '{day,campaign}'),
	('campaign_results', '{campaign}'),
	('customer_touches_daily', '{day,customer,channel,campaign,partner}'),
	('customer_conversions_daily', '{day,customer,conversion_kind,currency}'),
	('costs_monthly', '{period_start,category}'),
	('burn_monthly', '{period_start}'),
	('share_of_voice_monthly', '{period_start,channel,competitor}'),
	('competitive_wins_monthly', '{period_start,dimension,dimension_value}'),
	('funnel_steps_monthly', '{period_start,funnel,step_number}'),
	('funnel_steps_by_dimension', '{period_start,funnel,dimension,dimension_value,step_number}'),
	('funnel_people', '{funnel,user_id}'),
	('sessions_daily', '{period_start}'),
	('sessions_monthly', '{period_start}'),
	('sessions_monthly_by_dimension', '{period_start,dimension,dimension_value}'),
	('user_sessions', '{started_at,user_id}'),
	('unit_economics_monthly', '{period_start,currency}'),
	('unit_economics_segments', '{period_start,segment,currency}'),
	('customer_health_now', '{customer}'),
	('customer_health_factor_scores', '{customer,factor}'),
	('customer_health_history', '{period_start,customer}'),
	('customer_health_bands', '{period_start,currency,band}'),
	('customer_health_now_by_dimension', '{dimension,dimension_value,currency,band}'),
	('account_health_now', '{customer,model}'),
	('account_success_monthly', '{period_start,dimension,dimension_value,success_measure}'),
	('value_realization_monthly', '{period_start,dimension,dimension_value}'),
	('risk_adjusted_retention_monthly', '{period_start,health_band}'),
	('interventions_monthly', '{period_start}'),
	('campaigns_monthly', '{period_start,campaign}'),
	('content_monthly', '{period_start,content_type}'),
	('partners_monthly', '{period_start,partner,partner_measure}'),
	('sales_activities_monthly', '{period_start,dimension,dimension_value,activity_kind}'),
	('revenue_streams_monthly', '{period_start,revenue_stream}'),
	('customer_costs_monthly', '{period_start}'),
	('growth_efficiency_quarterly', '{period_start}')
) k(name, row_key)
WHERE v.name = k.name;

INSERT INTO nudge.shipped_audience_views (name, audience, place, marts, query, display_name, description, columns) VALUES
('department_kpis', 'managers', 2000, '{}', $query$
SELECT o.department, k.metric, k.title, k.subject, k.unit, k.direction, k.grain, k.currency, k.period_start, k.value, k.previous, k.change, k.change_rate, k.target, k.minimum, k.benchmark, k.plan, k.target_met, k.minimum_met,
	k.value_to_date, k.numerator, k.denominator, k.as_of, k.null_reason, k.sort_order
FROM nudge_reporting.kpi_current k JOIN nudge.own_department_metrics o ON o.metric = k.metric$query$,
	'Key figures of departments', 'One row per department and metric. The key figures of the departments whose manager the reader is; as kpi_current, where each column is explained.',
	'{"department": "Department", "metric": "Name of the metric", "title": "Name for people", "subject": "What it is about", "unit": "count, currency, rate (a fraction of 1), ratio, score, or a time", "direction": "up if more is better, down if less is, otherwise neutral", "grain": "Length of the period",
	"currency": "Currency of what is counted; NULL: the metric has none, or several do", "period_start": "First day of the last period that is over, in the zone of deploy()", "value": "Value in this period", "previous": "Value in the period before", "change": "Value less previous",
	"change_rate": "Change over previous, as a fraction of 1", "target": "What is aimed at", "minimum": "The worst that is accepted", "benchmark": "Value of others", "plan": "Value in the budget", "target_met": "Whether the value is the target or better; NULL without one",
	"minimum_met": "Whether the value is the minimum or better; NULL without one", "value_to_date": "Value in the period that is open, which still changes", "numerator": "What is divided; NULL: the metric is no ratio", "denominator": "By what it is divided; NULL: the metric is no ratio",
	"as_of": "All that was committed before this instant is in it", "null_reason": "Why there is no value", "sort_order": "Order in which metrics are listed"}'),
('department_metric_values', 'managers', 2010, '{}', $query$
SELECT v.period_start, o.department, v.grain, v.metric, v.dimension, v.dimension_value, v.currency, v.value, v.numerator, v.denominator, v.complete
FROM nudge_reporting.metric_values v JOIN nudge.own_department_metrics o ON o.metric = v.metric$query$,
	'Metric values of departments', 'One row per department, metric, period, slice and currency. The metric_values of the departments whose manager the reader is.',
	'{"period_start": "First day of the period", "department": "Department", "grain": "Length of the period: day, week, month, quarter or year", "metric": "Name of the metric: metric_catalog has what it is", "dimension": "By what the metric is sliced; all: it is the total", "dimension_value": "Which slice; all: the total",
	"currency": "Currency of what is counted; NULL: the metric has none", "value": "Value, in the unit of the metric; NULL: not defined", "numerator": "What is divided; NULL: the metric is no ratio", "denominator": "By what it is divided; NULL: the metric is no ratio", "complete": "Whether the period is over; an open one still changes"}'),
('department_metric_progress', 'managers', 2020, '{}', $query$
SELECT p.period_start, o.department, p.grain, p.metric, p.dimension, p.dimension_value, p.currency, p.value, p.target, p.minimum, p.benchmark, p.plan, p.target_gap, p.attainment_rate, p.target_met, p.minimum_met, p.complete
FROM nudge_reporting.metric_progress p JOIN nudge.own_department_metrics o ON o.metric = p.metric$query$,
	'Metrics and targets of departments', 'One row per department, metric, period, slice and currency with a target. The metric_progress of the departments whose manager the reader is.',
	'{"period_start": "First day of the period", "department": "Department", "grain": "Length of the period", "metric": "Name of the metric", "dimension": "By what the metric is sliced; all: it is the total", "dimension_value": "Which slice; all: the total", "currency": "Currency of what is counted; NULL: the metric has none",
	"value": "Value in the period", "target": "What is aimed at", "minimum": "The worst that is accepted", "benchmark": "Value of others", "plan": "Value in the budget", "target_gap": "Value less target", "attainment_rate": "Value over target, as a fraction of 1; NULL if less is better or the target is not above 0",
	"target_met": "Whether the value is the target or better", "minimum_met": "Whether the value is the minimum or better", "complete": "Whether the period is over"}'),
('department_targets', 'managers', 2030, '{}', $query$
SELECT t.period_start, o.department, t.metric, t.target_kind, t.grain, t.dimension, t.dimension_value, t.currency, t.value, t.next_period_start, t.provenance, t.note
FROM nudge_reporting.metric_targets t JOIN nudge.own_department_metrics o ON o.metric = t.metric$query$,
	'Targets of departments', 'One row per department and target. The targets of the departments whose manager the reader is; each holds until the next.',
	'{"period_start": "First day of the first period that it holds for", "department": "Department", "metric": "Name of the metric", "target_kind": "target, minimum, benchmark or plan", "grain": "Length of the periods", "dimension": "Dimension of the slice; all: the total", "dimension_value": "Which slice; all: the total",
	"currency": "Currency of an amount; NULL for other metrics", "value": "The target; NULL: none from this period on", "next_period_start": "First day of the first period that it does not hold for any more; NULL: it holds on", "provenance": "agreed, imported, derived or placeholder", "note": "Who agreed, where, and why"}'),
-- A view of one table without more is written like the table, by the rights of its
-- owner: with the option to check, only rows that it shows.  What is computed of a
-- column is not written: who wrote it, and the number of an annotation, which could
-- be that of another's, or of the next.
('own_targets', 'managers', 2035, '{}', $query$
SELECT t.period_start, t.metric, t.kind AS target_kind, t.grain, t.dimension, t.dimension_value, t.currency, t.value, t.provenance, t.note, t.set_by::text AS set_by, t.set_at
FROM nudge.targets t WHERE t.metric IN (SELECT o.metric FROM nudge.own_target_metrics o)$query$,
	'Targets to set', 'One row per target that the reader may set. INSERT, UPDATE and DELETE set, change and delete targets: of a manager those of the subjects of the department, of an executive all.',
	'{"period_start": "First day of the first period that it holds for; left out, the present one", "metric": "Name of the metric", "target_kind": "target, minimum, benchmark or plan; left out, target", "grain": "Length of the periods; left out, that of the metric", "dimension": "Dimension of the slice; left out, all: the total", "dimension_value": "Which slice; left out, all",
	"currency": "Currency of an amount, empty for other metrics; left out, that of deploy()", "value": "The target, with the sign of the metric; NULL: none from this period on", "provenance": "agreed, imported, derived or placeholder; left out, agreed", "note": "Who agreed, where, and why", "set_by": "Who has set it; not to be written", "set_at": "When; what is written is the time of writing"}'),
('own_annotations', 'managers', 2036, '{}', $query$
SELECT a.annotation_id + 0 AS annotation_id, a.day, a.kind AS annotation_kind, a.text AS annotation_text, a.metric, a.annotated_by::text AS annotated_by, a.annotated_at
FROM nudge.annotations a WHERE a.metric IN (SELECT o.metric FROM nudge.own_target_metrics o)$query$,
	'Annotations to write', 'One row per annotation that the reader may write. INSERT, UPDATE and DELETE write, change and delete annotations of one metric: of a manager those of the subjects of the department, of an executive all.',
	'{"annotation_id": "Number; not to be written", "day": "When it happened", "annotation_kind": "launch, price change, campaign, outage, policy, data, market or other", "annotation_text": "What happened", "metric": "Metric whose charts show it", "annotated_by": "Who has written it; not to be written", "annotated_at": "When; what is written is the time of writing"}'),

-- Those outside see no numerators: they are other metrics.  How many customers
-- are behind a total is what mrr_monthly_consolidated says; without it nothing
-- is shown.
('company_kpis', 'aggregate', 2040, '{mrr_consolidated}', $query$
WITH groups AS MATERIALIZED (
	SELECT c.period_start, c.currency, c.closing_customers AS customers FROM nudge_reporting.mrr_monthly_consolidated c
)
SELECT k.metric, k.title, k.unit, k.direction, k.grain, k.currency, k.period_start, CASE WHEN g.now THEN k.value END::numeric(24,6) AS value, CASE WHEN g.before THEN k.previous END::numeric(24,6) AS previous,
	CASE WHEN g.now AND g.before THEN k.change END::numeric(24,6) AS change, CASE WHEN g.now AND g.before THEN k.change_rate END::numeric(24,6) AS change_rate, NOT (g.now AND (g.before OR k.previous IS NULL)) AS is_suppressed, k.as_of, k.sort_order
FROM nudge_reporting.kpi_current k JOIN nudge.own_metrics o ON o.metric = k.metric AND o.dimension = 'all' JOIN nudge.shipped_metrics m ON m.metric = k.metric,
	LATERAL (
		SELECT bool_and(s.is_shown) FILTER (WHERE p.n = 1) AS now, bool_and(s.is_shown) FILTER (WHERE p.n = 2) AS before
		FROM (VALUES (1, k.period_start), (2, nudge.period_start(k.period_start - 1, k.grain, {week_start}, {fiscal_year_start}))) p(n, period_start),
			LATERAL (SELECT nudge.months_behind(k.metric, m.additivity, k.grain, p.period_start) AS months) b,
			LATERAL (
				SELECT coalesce(bool_and(c.customers NOT BETWEEN 1 AND o.minimum_customers - 1), true)
					AND (k.currency IS NULL OR m.subject NOT IN ('revenue', 'customers') OR count(*) FILTER (WHERE c.period_start = b.months[1]) > 0) AS is_shown
				FROM groups c WHERE c.period_start = ANY (b.months) AND c.currency = k.currency
			) s
	) g$query$,
	'Key figures of the company', 'One row per metric. Its value in the last period that is over, and in the one before.',
	'{"metric": "Name of the metric", "title": "Name for people", "unit": "count, currency, rate (a fraction of 1), ratio, score, or a time", "direction": "up if more is better, down if less is, otherwise neutral", "grain": "Length of the period", "currency": "Currency of what is counted; NULL: the metric has none",
	"period_start": "First day of the last period that is over", "value": "Value in this period; NULL: not known, or suppressed", "previous": "Value in the period before", "change": "Value less previous", "change_rate": "Change over previous, as a fraction of 1",
	"is_suppressed": "Whether too few customers are behind it", "as_of": "All that was committed before this instant is in it", "sort_order": "Order in which metrics are listed"}'),
-- A slice is shown if enough customers are behind it.  If only one of a currency
-- is not, or those that are not have too few together, the total would tell: then
-- the smallest of the others is not shown either: enough are then hidden together,
-- which one group alone never is.  The same again for all currencies, since the
-- total may be of all.
('company_metric_values', 'aggregate', 2050, '{mrr_consolidated}', $query$
WITH own AS MATERIALIZED (
	SELECT o.metric, o.dimension, o.minimum_customers FROM nudge.own_metrics o
), least_group AS (
	SELECT unnest(array_agg(DISTINCT o.minimum_customers)) AS customers FROM own o
), counted AS (
	SELECT c.period_start, 'all' AS dimension, 'all' AS dimension_value, c.currency, c.closing_customers AS customers FROM nudge_reporting.mrr_monthly_consolidated c WHERE c.complete
	UNION ALL
	SELECT c.period_start, c.dimension, c.dimension_value, c.currency, c.value FROM nudge_reporting.metric_values c
	WHERE c.metric = 'paying_customers' AND c.grain = 'month' AND c.complete AND c.dimension IN (SELECT o.dimension FROM own o WHERE o.dimension <> 'all') AND EXISTS (SELECT FROM own o WHERE o.dimension <> 'all')
), groups AS (
	SELECT c.*, min(c.customers) OVER (PARTITION BY c.period_start, c.dimension, c.currency, c.customers > 0) AS smallest, coalesce(sum(c.customers) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
	FROM counted c
	WINDOW w AS (PARTITION BY c.period_start, c.dimension, c.currency, c.customers > 0 ORDER BY c.customers, c.dimension_value COLLATE "C")
), first_look AS (
	SELECT g.*, l.customers AS least, g.customers = 0 OR g.customers >= l.customers AND (g.dimension IN ('all', 'currency') OR g.smallest >= l.customers OR g.before >= l.customers) AS is_shown
	FROM groups g, least_group l
), second_look AS (
	SELECT f.*, sum(f.customers) FILTER (WHERE NOT f.is_shown) OVER a AS hidden_customers,
		row_number() OVER (PARTITION BY f.least, f.period_start, f.dimension, f.is_shown AND f.customers > 0 ORDER BY f.customers, f.dimension_value COLLATE "C", f.currency COLLATE "C") AS place_among_shown
	FROM first_look f WINDOW a AS (PARTITION BY f.least, f.period_start, f.dimension)
), judged AS MATERIALIZED (
	SELECT k.period_start, k.dimension, k.dimension_value, k.currency, k.least,
		k.is_shown AND (k.dimension = 'all' OR k.customers = 0 OR k.hidden_customers IS NULL OR k.place_among_shown > 1 OR k.hidden_customers >= k.least) AS is_shown
	FROM second_look k
)
SELECT v.period_start, v.grain, v.metric, v.dimension, v.dimension_value, v.currency, CASE WHEN s.is_shown THEN v.value END::numeric(24,6) AS value, NOT s.is_shown AS is_suppressed
FROM nudge_reporting.metric_values v JOIN own o ON o.metric = v.metric AND o.dimension = v.dimension JOIN nudge.shipped_metrics m ON m.metric = v.metric
	CROSS JOIN LATERAL (SELECT nudge.months_behind(v.metric, m.additivity, v.grain, v.period_start) AS months) b
	LEFT JOIN judged j ON j.period_start = b.months[1] AND j.dimension = v.dimension AND j.dimension_value = v.dimension_value AND j.currency = v.currency AND j.least = o.minimum_customers
	LEFT JOIN judged e ON e.period_start = b.months[2] AND e.dimension = 'all' AND v.dimension = 'all' AND e.currency = v.currency AND e.least = o.minimum_customers,
	LATERAL (SELECT coalesce(j.is_shown, v.dimension = 'all' AND (v.currency IS NULL OR m.subject NOT IN ('revenue', 'customers'))) AND coalesce(e.is_shown, true) AS is_shown) s
WHERE v.complete$query$,
	'Metrics of the company', 'One row per metric, period that is over, slice and currency. Metrics over time; slices are of balances, and only of groups of customers that are large enough.',
	'{"period_start": "First day of the period", "grain": "Length of the period", "metric": "Name of the metric: company_metric_catalog has what it is", "dimension": "By what the metric is sliced; all: it is the total", "dimension_value": "Which slice; all: the total", "currency": "Currency of what is counted; NULL: the metric has none",
	"value": "Value, in the unit of the metric; NULL: not defined, or suppressed", "is_suppressed": "Whether it is not shown, since too few customers are behind it, or one could compute that of others from it"}'),
('company_mrr_monthly', 'aggregate', 2060, '{mrr_consolidated}', $query$
SELECT s.period_start, s.currency, CASE WHEN o.is_shown THEN s.opening_mrr END::numeric(24,6) AS opening_mrr, CASE WHEN o.is_shown AND 'new_mrr' = ANY (o.metrics) THEN s.new_mrr END::numeric(24,6) AS new_mrr, CASE WHEN o.is_shown AND 'reactivation_mrr' = ANY (o.metrics) THEN s.reactivation_mrr END::numeric(24,6) AS reactivation_mrr,
	CASE WHEN o.is_shown AND 'expansion_mrr' = ANY (o.metrics) THEN s.expansion_mrr END::numeric(24,6) AS expansion_mrr, CASE WHEN o.is_shown AND 'contraction_mrr' = ANY (o.metrics) THEN s.contraction_mrr END::numeric(24,6) AS contraction_mrr, CASE WHEN o.is_shown AND 'churn_mrr' = ANY (o.metrics) THEN s.churn_mrr END::numeric(24,6) AS churn_mrr,
	CASE WHEN o.is_shown AND 'net_new_mrr' = ANY (o.metrics) THEN s.fx_mrr END::numeric(24,6) AS fx_mrr, CASE WHEN o.is_shown AND 'net_new_mrr' = ANY (o.metrics) THEN s.net_new_mrr END::numeric(24,6) AS net_new_mrr, CASE WHEN o.is_shown THEN s.closing_mrr END::numeric(24,6) AS closing_mrr,
	CASE WHEN o.is_shown AND 'paying_customers' = ANY (o.metrics) THEN s.closing_customers END AS closing_customers, NOT o.is_shown AS is_suppressed
FROM nudge_reporting.mrr_monthly_consolidated s, LATERAL (
	SELECT array_agg(m.metric) AS metrics, NOT bool_or(s.opening_customers > 0 AND s.opening_customers < m.minimum_customers OR s.closing_customers > 0 AND s.closing_customers < m.minimum_customers) AS is_shown
	FROM nudge.own_metrics m WHERE m.dimension = 'all') o
WHERE s.complete AND 'mrr' = ANY (o.metrics)$query$,
	'MRR by month', 'One row per month that is over and currency. Opening MRR, its movements and closing MRR, as far as the reader may see these metrics.',
	'{"period_start": "First day of the month", "currency": "Currency of the amounts", "opening_mrr": "MRR as the month opened", "new_mrr": "MRR of customers that had none before", "reactivation_mrr": "MRR of customers that had had some, and none as the month opened", "expansion_mrr": "MRR that customers have more",
	"contraction_mrr": "MRR that customers have less, 0 or negative", "churn_mrr": "MRR of customers that have none any more, 0 or negative", "fx_mrr": "MRR by exchange rates", "net_new_mrr": "Sum of the movements", "closing_mrr": "MRR as the month closed", "closing_customers": "Customers as the month closed",
	"is_suppressed": "Whether too few customers are behind it"}'),
('company_metric_catalog', 'aggregate', 2070, '{}', $query$
SELECT m.metric, m.title, m.unit, m.direction, m.additivity, m.grain, m.formula, m.description, m.place AS sort_order
FROM nudge.shipped_metrics m JOIN nudge.own_metrics o ON o.metric = m.metric AND o.dimension = 'all'$query$,
	'Metric catalogue of the company', 'One row per metric. What each metric that the reader sees means.',
	'{"metric": "Name of the metric", "title": "Name for people", "unit": "count, currency, rate (a fraction of 1), ratio, score, or a time", "direction": "up if more is better, down if less is, otherwise neutral", "additivity": "additive: may be added over anything; balance: not over time; not additive: not at all",
	"grain": "Length of the periods that company_kpis compares", "formula": "How it is computed", "description": "What it tells, and what it leaves out", "sort_order": "Order in which metrics are listed"}'),

-- Read with the rights of the reader: marts have a policy for these.
('own_account', 'customers', 2080, '{dim_customers}', $query$
SELECT c.customer, c.name AS customer_name, CASE WHEN isfinite(c.created_at) THEN c.created_at END AS created_at, c.status AS account_status, c.first_revenue_day, c.last_revenue_day, c.currency, c.current_mrr::numeric(24,6) AS current_mrr
FROM nudge_analytics.dim_customers c WHERE c.customer = ANY ({own_customers})$query$,
	'Own account', 'One row per customer that the reader is. What it pays now, and since when.',
	'{"customer": "Customer", "customer_name": "What it is called", "created_at": "When it came to be", "account_status": "active with MRR now, churned without but with some before, never_paid", "first_revenue_day": "First day with MRR; NULL: never", "last_revenue_day": "Last day with MRR; NULL: it has some now, or never had",
	"currency": "Currency of current_mrr; NULL: several", "current_mrr": "MRR now; NULL: in several currencies"}'),
('own_users', 'customers', 2082, '{dim_users}', $query$
SELECT u."user" AS user_key, u.customer, CASE WHEN isfinite(u.signed_up_at) THEN u.signed_up_at END AS signed_up_at, CASE WHEN isfinite(u.signed_up_day) THEN u.signed_up_day END AS signed_up_day, u.plan AS user_plan, u.role AS user_role
FROM nudge_analytics.dim_users u WHERE u.customer = ANY ({own_customers})$query$,
	'Own users', 'One row per user of a customer that the reader is.',
	'{"user_key": "User", "customer": "Customer", "signed_up_at": "When the user signed up", "signed_up_day": "Day of it, in the zone of deploy()", "user_plan": "Plan of the user", "user_role": "Role in the account"}'),
('own_mrr_periods', 'customers', 2084, '{customer_mrr_timeline}', $query$
SELECT t.started_at, t.ended_at, t.customer, t.currency, t.mrr::numeric(24,6) AS mrr, nudge.civil_date(t.started_at, {zone}) AS first_day, nudge.civil_date(t.ended_at, {zone}) AS end_day
FROM nudge_analytics.customer_mrr_timeline t WHERE t.customer = ANY ({own_customers})$query$,
	'Own MRR over time', 'One row per customer that the reader is, currency and period of time in which no price starts or ends.',
	'{"started_at": "Instant from which the MRR counts", "ended_at": "Instant until which it counts; NULL: it has no end yet", "customer": "Customer", "currency": "Currency of the prices", "mrr": "Sum of the prices in force", "first_day": "Day of started_at, in the zone of deploy()",
	"end_day": "Day of ended_at, in the zone of deploy(); NULL: it has no end yet"}'),
('own_mrr_monthly', 'customers', 2086, '{fact_revenue}', $query$
SELECT f.period AS period_start, f.customer, f.currency, f.movement, f.opening_mrr::numeric(24,6) AS opening_mrr, f.net_new_mrr::numeric(24,6) AS movement_mrr, f.closing_mrr::numeric(24,6) AS closing_mrr, f.complete
FROM nudge_analytics.fact_revenue f WHERE f.customer = ANY ({own_customers})$query$,
	'Own MRR by month', 'One row per month, customer that the reader is and currency. MRR as the month opened and closed.',
	'{"period_start": "First day of the month", "customer": "Customer", "currency": "Currency of the amounts", "movement": "new, reactivation, expansion, contraction, churn or none", "opening_mrr": "MRR as the month opened", "movement_mrr": "Change of MRR in the month", "closing_mrr": "MRR as the month closed, or so far",
	"complete": "Whether the month is over"}'),
('own_subscriptions', 'customers', 2088, '{fact_subscriptions}', $query$
SELECT f.valid_from AS started_at, f.valid_to AS ended_at, f.first_day, f.last_day, f.customer, f.subscription, f.item, f.sequence_no, f.plan AS plan_key, f.status AS subscription_status, f.currency, f.amount::numeric(24,6) AS amount, f.interval_unit, f.interval_count, f.quantity::numeric(24,6) AS quantity, f.mrr::numeric(24,6) AS mrr
FROM nudge_analytics.fact_subscriptions f WHERE f.customer = ANY ({own_customers})$query$,
	'Own subscriptions', 'One row per subscription, item and beginning of a price, of the customers that the reader is.',
	'{"started_at": "Instant from which the price counts", "ended_at": "Instant until which it counts; NULL: it has no end yet", "first_day": "Day of started_at, in the zone of deploy()", "last_day": "Last day on which it counts; NULL: it has no end yet", "customer": "Customer", "subscription": "Subscription of which it is an item; NULL: not known",
	"item": "Item", "sequence_no": "1; further rows of an item that begin at the same instant are counted on", "plan_key": "Plan or add-on", "subscription_status": "Status", "currency": "Currency of the amounts", "amount": "Price a unit and interval", "interval_unit": "day, week, month, quarter, year or none",
	"interval_count": "Units between two bills", "quantity": "Units bought", "mrr": "MRR while it counts; NULL: it is no recurring revenue"}'),
('own_tickets', 'customers', 2090, '{fact_tickets}', $query$
SELECT f.ticket, f.customer, f.opened_day, f.status AS ticket_status, f.priority, f.category, f.opened_at, f.first_response_at, f.resolved_at, f.first_response_minutes::numeric(24,6) AS first_response_minutes, f.resolution_minutes::numeric(24,6) AS resolution_minutes, f.csat::numeric(24,6) AS csat
FROM nudge_analytics.fact_tickets f WHERE f.customer = ANY ({own_customers})$query$,
	'Own tickets', 'One row per ticket of a customer that the reader is. With the times to answer and to resolve it.',
	'{"ticket": "Ticket", "customer": "Customer", "opened_day": "Day on which it was opened, in the zone of deploy()", "ticket_status": "open or resolved", "priority": "Priority", "category": "What it is about; NULL: not known", "opened_at": "When it was opened", "first_response_at": "When it was first answered; NULL: not yet",
	"resolved_at": "When it was resolved; NULL: not yet", "first_response_minutes": "Minutes from the opening to the first response", "resolution_minutes": "Minutes from the opening to the resolution, of what is resolved", "csat": "Score that was given; NULL: none"}'),
('own_usage_daily', 'customers', 2092, '{user_event_days,dim_users}', $query$
SELECT f.day, f."user" AS user_key, u.customer, f.name AS event_name, f.feature, f.events AS event_count, f.succeeded, f.failed
FROM nudge_analytics.user_event_days f JOIN nudge_analytics.dim_users u ON u."user" = f."user" WHERE u.customer = ANY ({own_customers})$query$,
	'Own usage by day', 'One row per day, user of a customer that the reader is, event and feature.',
	'{"day": "Day, in the zone of deploy()", "user_key": "User", "customer": "Customer", "event_name": "Name of the event", "feature": "Feature; NULL: none", "event_count": "Events", "succeeded": "Those that worked", "failed": "Those that did not"}');

CREATE FUNCTION nudge.written_views() RETURNS text[]
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN '{own_targets,own_annotations}'::text[];

COMMENT ON FUNCTION nudge.written_views() IS 'Works for deploy: views of nudge_reporting that executives and managers write';

CREATE OR REPLACE FUNCTION nudge.make_audience_view(name text, settings nudge.deployment) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v nudge.shipped_audience_views;
BEGIN
	SELECT s.* INTO v FROM nudge.shipped_audience_views s WHERE s.name = make_audience_view.name;
	PERFORM nudge.make_external_schema();
	-- conditions of the reader wait for the rows that are left: a leakproof one would
	-- go first, and EXPLAIN ANALYZE tell whether others have such a row.  One that is
	-- written cannot have it: it tells that of targets.
	PERFORM nudge.make_shipped_view(nudge.audience_view(v.name, v.audience), replace(nudge.fill_in(v.query, settings), '{own_customers}', 'ARRAY(SELECT o.customer FROM nudge.own_customers o)')
		|| CASE WHEN v.name = ANY (nudge.written_views()) THEN '' ELSE E'\nOFFSET 0' END, v.description, v.columns);
	-- a view that is replaced loses them
	EXECUTE format('ALTER VIEW %s SET (security_barrier = true, security_invoker = %s)', nudge.audience_view(v.name, v.audience), CASE v.audience WHEN 'customers' THEN 'true' ELSE 'false' END);
	IF v.name = ANY (nudge.written_views()) THEN
		EXECUTE format('ALTER VIEW %s SET (check_option = cascaded)', nudge.audience_view(v.name, v.audience));
	END IF;
	IF v.name = 'own_targets' THEN
		-- the table would say month: the trigger knows the metric
		EXECUTE format('ALTER VIEW %s ALTER COLUMN grain SET DEFAULT %L', nudge.audience_view(v.name, v.audience), '');
	END IF;
END
$$;

CREATE OR REPLACE FUNCTION nudge.audience_plan() RETURNS TABLE (part integer, place integer, action text, name text, object text, lock text, estimate text)
	LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 20
BEGIN ATOMIC
	WITH wanted AS (
		SELECT v.name, v.audience, v.place, v.marts, nudge.audience_view(v.name, v.audience) AS object, (
			SELECT string_agg(w, ', ' ORDER BY w COLLATE "C") FROM unnest(v.marts) w
			WHERE NOT EXISTS (SELECT FROM nudge.materialisations t WHERE t.name = w)
				AND NOT EXISTS (SELECT FROM nudge.shipped_marts s WHERE s.name = w AND NOT EXISTS (SELECT FROM unnest(s.inputs) i WHERE to_regclass(nudge.staging_name(i)) IS NULL))) AS missing
		FROM nudge.shipped_audience_views v
		WHERE EXISTS (SELECT FROM nudge.audiences a JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name
			WHERE a.audience = v.audience OR v.audience = 'aggregate' AND a.audience IN ('investors', 'board', 'partners') OR v.name = ANY (nudge.written_views()) AND a.audience = 'executive')
	)
	SELECT p.part, p.place, p.action, p.name, p.object, p.lock, p.estimate FROM (
		SELECT 1 AS part, min(w.place) AS place, 'restrict rows' AS action, m AS name, nudge.mart_table(m) AS object, format('ACCESS EXCLUSIVE on %s, until the end of the transaction', nudge.mart_table(m)) AS lock, 'a policy: nothing is computed' AS estimate
		FROM wanted w, unnest(w.marts) m WHERE w.audience = 'customers' AND w.missing IS NULL AND NOT nudge.rows_are_restricted(m) GROUP BY m
		UNION ALL
		SELECT 2, w.place, CASE WHEN to_regclass(w.object) IS NOT NULL THEN 'change view' WHEN w.missing IS NOT NULL THEN 'leave out' ELSE 'make view' END, w.name, w.object,
			CASE WHEN w.missing IS NULL AND to_regclass(w.object) IS NOT NULL THEN format('ACCESS EXCLUSIVE on %s, until the end of the transaction', w.object) END,
			CASE WHEN w.missing IS NOT NULL THEN format('not there: %s', w.missing) ELSE 'a view: nothing is computed' END
		FROM wanted w WHERE w.missing IS NULL OR to_regclass(w.object) IS NULL
	) p ORDER BY p.part, p.place, p.name COLLATE "C";
END;

CREATE OR REPLACE FUNCTION nudge.audience_grants() RETURNS TABLE (role_name name, statement text, is_there boolean)
	LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 100
BEGIN ATOMIC
	-- roles that are there, before anything is asked of them
	WITH given AS MATERIALIZED (
		SELECT r.oid AS role_id, r.rolname AS role_name, CASE a.audience WHEN 'executive' THEN 'viewer' WHEN 'analysts' THEN 'analyst' END AS kind, CASE a.audience WHEN 'managers' THEN 'nudge_reporting' ELSE 'nudge_external' END AS space
		FROM nudge.audiences a JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name
	)
	SELECT s.role_name, s.statement, s.is_there FROM (
		SELECT 1 AS part, g.role_name, e.statement, e.is_there FROM given g, nudge.engine_grants(g.kind, g.role_name) e WHERE g.kind IS NOT NULL
		UNION ALL
		SELECT 2, g.role_name, w.statement, w.is_there FROM given g, nudge.warehouse_grants(g.kind, g.role_name, ARRAY[current_user]) w WHERE g.kind IS NOT NULL
		UNION ALL
		SELECT 3, g.role_name, format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, g.role_name), has_schema_privilege(g.role_id, n.oid, 'USAGE') FROM given g JOIN pg_catalog.pg_namespace n ON n.nspname = g.space WHERE g.kind IS NULL
		UNION ALL
		SELECT 4, c.role_name, format('GRANT SELECT (%s) ON %s TO %I', (SELECT string_agg(quote_ident(n), ', ' ORDER BY n COLLATE "C") FROM unnest(c.column_names) n), c.object, c.role_name),
			(SELECT bool_and(has_column_privilege(c.role_id, c.relation_id, n, 'SELECT')) FROM unnest(c.column_names) n)
		FROM nudge.audience_columns() c
		UNION ALL
		SELECT 5, v.role_name, format('GRANT SELECT ON %s TO %I', v.view_name, v.role_name), has_table_privilege(v.role_id, to_regclass(v.view_name), 'SELECT') FROM nudge.audience_views() v
		UNION ALL
		SELECT 6, g.role_name, format('GRANT INSERT, UPDATE, DELETE ON %s TO %I', nudge.reporting_view(n), g.role_name),
			(SELECT bool_and(has_table_privilege(g.role_id, to_regclass(nudge.reporting_view(n)), w)) FROM unnest('{INSERT,UPDATE,DELETE}'::text[]) w)
		FROM given g, unnest(nudge.written_views()) n WHERE (g.space = 'nudge_reporting' OR g.kind = 'viewer') AND to_regclass(nudge.reporting_view(n)) IS NOT NULL
	) s ORDER BY s.role_name::text COLLATE "C", s.part, s.statement COLLATE "C";
END;

CREATE OR REPLACE FUNCTION nudge.create_audiences(audiences text[] DEFAULT '{executive,analysts,managers,investors,board,partners,customers}', departments text[] DEFAULT NULL, prefix text DEFAULT 'nudge_')
	RETURNS TABLE (role_name name, done boolean, statement text, problem text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 100 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT (prefix || a.audience || coalesce('_' || translate(d.department, ' -', '__'), ''))::name AS name, lower(a.audience) AS audience, d.department
		FROM unnest(audiences) WITH ORDINALITY a(audience, n) LEFT JOIN LATERAL (
			SELECT lower(w.department) AS department, w.n FROM unnest(departments) WITH ORDINALITY w(department, n) UNION ALL SELECT s.department, s.place FROM nudge.shipped_departments s WHERE departments IS NULL) d ON lower(a.audience) = 'managers'
		ORDER BY a.n, d.n LOOP
		IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = one.name) THEN
			IF NOT (SELECT r.rolsuper OR r.rolcreaterole FROM pg_roles r WHERE r.rolname = current_user) THEN
				RAISE EXCEPTION 'role "%" cannot be made', one.name USING ERRCODE = 'insufficient_privilege',
					DETAIL = format('Role "%s" may make no roles.', current_user),
					HINT = 'Let somebody with CREATEROLE call it, or pass roles that are there to nudge.set_audience().';
			END IF;
			role_name := one.name;
			statement := format('CREATE ROLE %I NOLOGIN', one.name);
			EXECUTE statement;
			EXECUTE format('COMMENT ON ROLE %I IS %L', one.name, 'nudge_metrics: audience ' || one.audience || coalesce(' of ' || one.department, '') || CASE one.audience WHEN 'analysts' THEN ', of people; not the role analyst of create_roles(), of the engine' ELSE '' END);
			done := true;
			RETURN NEXT;
		END IF;
		-- what was set for it stays
		IF NOT EXISTS (SELECT FROM nudge.audiences a WHERE a.role_name = one.name AND a.audience = one.audience AND a.department IS NOT DISTINCT FROM one.department) THEN
			PERFORM nudge.set_audience(one.name, one.audience, one.department);
		END IF;
	END LOOP;
	PERFORM nudge.make_external_schema();
	RETURN QUERY SELECT g.* FROM nudge.grant_audiences() g;
END
$$;

COMMENT ON FUNCTION nudge.create_audiences(text[], text[], text) IS
	'Makes the roles of audiences that are missing, none of which logs in, and gives them what they read, of what deploy() has made; tells what it has done. The audience nudge_analysts is of people; nudge_analyst is a role of create_roles(). Not STRICT: NULL departments are those that are shipped';

-- What would let somebody see more, or less, than is meant.
CREATE OR REPLACE FUNCTION nudge.check_audiences() RETURNS TABLE (role_name name, problem text)
	LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 10
BEGIN ATOMIC
	WITH outside AS (
		-- members, by whatever way: they can SET ROLE
		SELECT DISTINCT r.oid, r.rolname, r.rolsuper, r.rolbypassrls, a.audience FROM nudge.audiences a JOIN pg_catalog.pg_roles g ON g.rolname = a.role_name
		JOIN pg_catalog.pg_roles r ON pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER') AND (NOT r.rolsuper OR EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.member = r.oid AND m.roleid = g.oid))
		WHERE a.audience IN ('investors', 'board', 'partners', 'customers')
	), former AS (
		SELECT r.oid, r.rolname, count(DISTINCT c.oid) AS views
		FROM nudge.shipped_audience_views v JOIN pg_catalog.pg_class c ON c.oid = to_regclass(nudge.audience_view(v.name, v.audience)) CROSS JOIN LATERAL aclexplode(c.relacl) l JOIN pg_catalog.pg_roles r ON r.oid = l.grantee
		WHERE v.audience <> 'managers' AND l.privilege_type = 'SELECT' AND l.grantee <> c.relowner AND NOT EXISTS (SELECT FROM nudge.audiences a WHERE a.role_name = r.rolname)
		GROUP BY r.oid, r.rolname
	)
	SELECT p.role_name, p.problem FROM (
		SELECT a.role_name, format('there is no such role: %s have no rights', a.audience) AS problem FROM nudge.audiences a WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = a.role_name)
		UNION ALL
		SELECT o.rolname, 'it is outside and sees everything: a superuser, or bound by no row policy' FROM outside o WHERE o.rolsuper OR o.rolbypassrls
		UNION ALL
		SELECT DISTINCT o.rolname, format('it is outside and may use schema %s', n.nspname) FROM outside o, pg_catalog.pg_namespace n
		WHERE n.nspname IN ('nudge', 'nudge_staging', 'nudge_analytics', 'nudge_reporting') AND NOT o.rolsuper AND has_schema_privilege(o.oid, n.oid, 'USAGE')
		UNION ALL
		SELECT o.rolname, format('it is outside and may read %s, which has no policy', nudge.mart_table(m.name)) FROM outside o, nudge.materialisations m
		WHERE NOT o.rolsuper AND to_regclass(nudge.mart_table(m.name)) IS NOT NULL AND NOT nudge.rows_are_restricted(m.name) AND has_any_column_privilege(o.oid, to_regclass(nudge.mart_table(m.name)), 'SELECT')
		UNION ALL
		SELECT DISTINCT o.rolname, 'it is a customer, and one of ' || i.audience FROM outside o JOIN outside i ON i.oid = o.oid WHERE o.audience = 'customers' AND i.audience <> 'customers' AND NOT o.rolsuper
		UNION ALL
		SELECT e.role_name, format('there is no such role: nobody is customer "%s"', e.customer) FROM nudge.external_customers e WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = e.role_name)
		UNION ALL
		SELECT e.role_name, format('every member of this audience is customer "%s"', e.customer) FROM nudge.external_customers e JOIN nudge.audiences a ON a.role_name = e.role_name
		UNION ALL
		-- a group that was replaced keeps what it was granted, and its members what they see
		SELECT DISTINCT e.role_name, 'it is not in the group of customers: ' || CASE WHEN EXISTS (SELECT FROM former f WHERE pg_catalog.pg_has_role(r.oid, f.oid, 'USAGE'))
			THEN 'it sees its own rows by what was granted to an earlier one, but not what is made from now on' ELSE 'it sees nothing' END
		FROM nudge.external_customers e JOIN pg_catalog.pg_roles r ON r.rolname = e.role_name
		WHERE NOT EXISTS (SELECT FROM outside o WHERE o.oid = r.oid AND o.audience = 'customers') AND NOT r.rolsuper
		UNION ALL
		SELECT f.rolname, format('it is no audience, and may read %s views of nudge_external', f.views) FROM former f
		UNION ALL
		-- roles of the engine are not those of people
		SELECT m.rolname, format('it is a member of %s, a role of the engine, and may not read %s views of nudge_reporting: people are members of an audience, such as analysts', c.rolname, x.views)
		FROM pg_catalog.pg_roles c JOIN pg_catalog.pg_roles m ON m.oid <> c.oid AND m.rolcanlogin AND NOT m.rolsuper AND pg_catalog.pg_has_role(m.oid, c.oid, 'MEMBER'),
			LATERAL (SELECT count(*) AS views FROM nudge.shipped_views v JOIN pg_catalog.pg_class w ON w.oid = to_regclass(nudge.reporting_view(v.name))
				WHERE NOT (has_schema_privilege(m.oid, w.relnamespace, 'USAGE') AND has_table_privilege(m.oid, w.oid, 'SELECT'))) x
		WHERE (c.rolname = 'nudge_analyst' OR pg_catalog.shobj_description(c.oid, 'pg_authid') = 'nudge_metrics: reads inputs, materialisations and views for BI tools') AND x.views > 0
			AND NOT EXISTS (SELECT FROM nudge.audiences a JOIN pg_catalog.pg_roles g ON g.rolname = a.role_name WHERE pg_catalog.pg_has_role(m.oid, g.oid, 'MEMBER'))
		UNION ALL
		-- one was granted it, or it was theirs before
		SELECT a.role_name, format('managers of %s may read nudge_reporting.%s, which is not theirs', a.department, c.relname)
		FROM nudge.audiences a JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name JOIN pg_catalog.pg_class c ON c.relnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'nudge_reporting') AND c.relkind = 'v'
		WHERE a.audience = 'managers' AND has_table_privilege(r.oid, c.oid, 'SELECT') AND NOT EXISTS (SELECT FROM nudge.audience_views() v WHERE v.role_name = a.role_name AND to_regclass(v.view_name) = c.oid)
	) p ORDER BY p.role_name::text COLLATE "C", p.problem COLLATE "C";
END;

COMMENT ON FUNCTION nudge.check_audiences() IS
	'What lets somebody see more, or less, than their audience should: roles that are not there, people outside who may read inside, marts without a policy, customers in no group, groups that were replaced, people in the role nudge_analyst in place of the audience nudge_analysts. Not STRICT: it has no arguments';

-- src/reporting/own_targets.sql

/*
 * own_targets.sql
 *		Which targets and annotations executives and managers write, by the views
 *		own_targets and own_annotations of audiences.sql.
 *
 * Rules: doc/targets.md.
 */

-- Targets are set by those to whom the subject of a metric belongs: metrics of other
-- subjects are theirs to read.
CREATE VIEW nudge.own_target_metrics WITH (security_barrier = true) AS
	SELECT DISTINCT m.metric
	FROM nudge.audiences a JOIN pg_catalog.pg_roles r ON r.rolname = a.role_name LEFT JOIN nudge.shipped_departments d ON d.department = a.department
	JOIN nudge.shipped_metrics m ON a.audience = 'executive' OR a.audience = 'managers' AND m.subject = ANY (coalesce(a.subjects, d.subjects))
	WHERE a.audience IN ('executive', 'managers') AND pg_catalog.pg_has_role(r.oid, 'USAGE');

GRANT SELECT ON nudge.own_target_metrics TO PUBLIC;

COMMENT ON VIEW nudge.own_target_metrics IS 'Metrics whose targets the present role may set: as an executive all, as a manager those of the subjects of the department';

COMMENT ON COLUMN nudge.own_target_metrics.metric IS 'Name of the metric';

CREATE FUNCTION nudge.may_set_target(metric text) RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN EXISTS (SELECT FROM nudge.own_target_metrics o WHERE o.metric = may_set_target.metric);

COMMENT ON FUNCTION nudge.may_set_target(text) IS 'Whether the present role may set targets of a metric by nudge_reporting.own_targets. Not STRICT: NULL is a metric of nobody';

-- Who writes by nudge_reporting.own_targets has no right on the table, and its view
-- has.  Who that is can only be asked where the rights are those of the writer: in
-- the conditions of these triggers, and of the view.
CREATE FUNCTION nudge.refuse_own_target() RETURNS trigger
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.refuse_target(NEW.metric);
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION nudge.refuse_own_target() IS 'Trigger of nudge.targets: the error of who may not set a target. Not STRICT: triggers take no arguments';

CREATE FUNCTION nudge.check_own_target() RETURNS trigger
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	NEW := nudge.checked_target(NEW);
	NEW.set_by := session_user;
	NEW.set_at := now();
	RETURN NEW;
END
$$;

COMMENT ON FUNCTION nudge.check_own_target() IS 'Trigger of nudge.targets: what is written by executives and managers is as set_target() has it, and says who wrote it and when. Not STRICT: triggers take no arguments';

CREATE FUNCTION nudge.refuse_own_annotation() RETURNS trigger
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.refuse_annotation(NEW.metric);
	RETURN NULL;
END
$$;

COMMENT ON FUNCTION nudge.refuse_own_annotation() IS 'Trigger of nudge.annotations: the error of who may not write one. Not STRICT: triggers take no arguments';

CREATE FUNCTION nudge.check_own_annotation() RETURNS trigger
	LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_annotation(NEW);
	NEW.kind := lower(NEW.kind);
	NEW.annotated_by := session_user;
	NEW.annotated_at := now();
	RETURN NEW;
END
$$;

COMMENT ON FUNCTION nudge.check_own_annotation() IS 'Trigger of nudge.annotations: what is written by executives and managers is as annotate() has it, and says who wrote it and when. Not STRICT: triggers take no arguments';

REVOKE EXECUTE ON FUNCTION nudge.refuse_own_target(), nudge.check_own_target(), nudge.refuse_own_annotation(), nudge.check_own_annotation() FROM PUBLIC;

-- by their names, the first one first
CREATE TRIGGER may_set BEFORE INSERT OR UPDATE ON nudge.targets
	FOR EACH ROW WHEN (NOT pg_catalog.has_table_privilege('nudge.targets'::pg_catalog.regclass, 'INSERT, UPDATE') AND NOT nudge.may_set_target(NEW.metric)) EXECUTE FUNCTION nudge.refuse_own_target();

COMMENT ON TRIGGER may_set ON nudge.targets IS 'Executives and managers set targets of their own metrics only';

CREATE TRIGGER set_own BEFORE INSERT OR UPDATE ON nudge.targets
	FOR EACH ROW WHEN (NEW.grain = '' OR NOT pg_catalog.has_table_privilege('nudge.targets'::pg_catalog.regclass, 'INSERT, UPDATE')) EXECUTE FUNCTION nudge.check_own_target();

COMMENT ON TRIGGER set_own ON nudge.targets IS 'Targets of executives and managers, and what leaves the grain to the metric as own_targets does, are checked, and signed';

CREATE TRIGGER may_write BEFORE INSERT OR UPDATE ON nudge.annotations
	FOR EACH ROW WHEN (NOT pg_catalog.has_table_privilege('nudge.annotations'::pg_catalog.regclass, 'INSERT, UPDATE') AND NOT nudge.may_set_target(NEW.metric)) EXECUTE FUNCTION nudge.refuse_own_annotation();

COMMENT ON TRIGGER may_write ON nudge.annotations IS 'Executives and managers write annotations of their own metrics only';

CREATE TRIGGER write_own BEFORE INSERT OR UPDATE ON nudge.annotations
	FOR EACH ROW WHEN (NOT pg_catalog.has_table_privilege('nudge.annotations'::pg_catalog.regclass, 'INSERT, UPDATE')) EXECUTE FUNCTION nudge.check_own_annotation();

COMMENT ON TRIGGER write_own ON nudge.annotations IS 'Annotations of executives and managers are checked, and signed';
