/*
 * account_shares.sql
 *		What people record about accounts, as shares: reviews, success plans,
 *		sponsors, relationships, requirements, spend, value realised; and shares
 *		of contracts and recurring revenue by segment.
 *
 * Definitions: doc/account_shares.md.
 */

-- The shares ----------------------------------------------------------------

CREATE FUNCTION nudge.account_share_metrics()
	RETURNS TABLE (place integer, metric text, source text, counts text, unit text, description text)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 20
BEGIN ATOMIC
	SELECT v.place, v.metric, v.source, v.counts, v.unit, v.description
	FROM (VALUES
		(1, 'qbr_completion_rate', 'qbr_held', 'held', 'share', 'Customers with a business review held in the three months to as_of, of all customers'),
		(2, 'success_plan_achievement_rate', 'success_plan_on_track', 'items', 'share', 'Success plans that are on track, of all success plans'),
		(3, 'sponsor_health_rate', 'sponsor_status', 'level', 'share', 'Customers whose sponsors are at the healthy level or above on the mean, of those whose sponsor status is recorded'),
		(4, 'sponsor_coverage_rate', 'sponsor_status', 'recorded', 'share', 'Customers whose sponsor status is recorded, of all customers'),
		(5, 'roi_realization_rate', 'documented_roi', 'reached', 'share', 'Customers with a documented return on investment of 1 or more, of all customers'),
		(6, 'expansion_opportunity_coverage', 'upsell_identified', 'flag', 'share', 'Customers with an identified upsell opportunity, of all customers'),
		(7, 'solution_gap_identification_rate', 'unmet_need', 'flag', 'share', 'Customers with a documented unmet need, of all customers'),
		(8, 'executive_relationship_rate', 'contact_level', 'levels', 'share', 'Customers with contacts on several levels, of all customers'),
		(9, 'strategic_account_planning_rate', 'growth_plan', 'flag', 'share', 'Customers with a documented growth plan, of all customers'),
		(10, 'wallet_share', 'category_spend', 'spend', 'share', 'Recurring revenue over what the customers spend on the category, where that is recorded'),
		(11, 'account_expansion_rate', 'state', 'revenue', 'share', 'Customers whose MRR is higher than three months before, of those that paid then'),
		(12, 'multi_year_contract_rate', 'contracts', 'contracts', 'share', 'Contracts with a term of 24 months or more, of those signed in the twelve months to as_of'),
		(13, 'implementation_success_rate', 'implementation_met', 'items', 'share', 'Implementations that met their criteria, of all with an outcome'),
		(14, 'implementation_days', 'implementation_met', 'days', 'days', 'Mean days from the start to the first implementation that met its criteria, of customers that have one'),
		(15, 'requirement_readiness_rate', 'requirement_met', 'items', 'share', 'Security, compliance and other requirements of customers that are met, of all that are recorded'),
		(16, 'feature_completion_rate', 'feature_delivered', 'items', 'share', 'Roadmap features of customers that are delivered, of all that are recorded'),
		(17, 'reference_customer_rate', 'referenceable', 'flag', 'share', 'Customers that can be named as a reference, of all customers; the numerator is their number'),
		(18, 'solution_fit_score', 'solution_fit', 'mean', 'score', 'Mean of the fit of the product as it was assessed, of customers that have one'),
		(19, 'revenue_contribution', 'state', 'revenue', 'share', 'MRR of the segment, of all MRR'),
		(20, 'customer_growth_multiple', 'state', 'revenue', 'multiple', 'Customers of the segment over those of twelve months before'),
		(21, 'customer_count_growth', 'state', 'revenue', 'share', 'The multiple less 1'),
		(22, 'use_case_implementation_rate', 'use_case_implemented', 'items', 'share', 'Use cases of customers that are implemented, of all that are recorded')
	) v(place, metric, source, counts, unit, description)
	ORDER BY v.place;
END;
COMMENT ON FUNCTION nudge.account_share_metrics() IS
	'The metrics of account_shares: from which fact or input each comes, how it counts, its unit and what it means';

CREATE FUNCTION nudge.account_flag_lines(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (metric text, customer text, item text, numerator numeric, denominator numeric, detail text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
	quarter_at constant timestamptz := nudge.day_close(nudge.months_before(as_of, 3), zone);
	wanted constant text[] := ARRAY(SELECT DISTINCT m.source FROM nudge.account_share_metrics() m WHERE m.counts IN ('flag', 'held', 'items'));
BEGIN
	RETURN QUERY
	WITH account AS MATERIALIZED (
		SELECT a.customer FROM nudge.account_rows(state, customers, as_of, account_flag_lines.segment, zone) a WHERE a.active AND a.chosen
	), found AS MATERIALIZED (
		SELECT f.customer, f.fact, f.value, f.agreed_at, f.valid_from, f.in_force FROM nudge.account_fact_rows(account_facts, wanted, known_at) f
	), tracked AS MATERIALIZED (
		-- a fact that nobody records says nothing about anybody
		SELECT m.metric, m.source, m.counts FROM nudge.account_share_metrics() m
		WHERE m.counts IN ('flag', 'held', 'items') AND EXISTS (SELECT FROM found f WHERE f.fact = m.source)
	), latest AS MATERIALIZED (
		SELECT DISTINCT ON (f.customer, f.fact) f.customer, f.fact, f.value FROM found f WHERE f.in_force
		ORDER BY f.customer, f.fact, f.valid_from DESC, f.value COLLATE "C"
	), held AS MATERIALIZED (
		SELECT f.customer, bool_or(nudge.fact_flag(f.fact, f.value)) AS held FROM found f
		WHERE f.fact = 'qbr_held' AND f.valid_from >= quarter_at GROUP BY f.customer
	), item AS MATERIALIZED (
		SELECT t.metric, f.customer, f.fact, f.value, f.agreed_at > f.valid_from AS too_late,
			row_number() OVER (PARTITION BY t.metric, f.customer ORDER BY f.valid_from, f.agreed_at, f.value COLLATE "C") AS no
		FROM found f JOIN tracked t ON t.source = f.fact AND t.counts = 'items' JOIN account a ON a.customer = f.customer
		WHERE f.in_force
	)
	SELECT t.metric, a.customer, NULL::text, coalesce(nudge.fact_flag(l.fact, l.value), false)::integer::numeric, 1::numeric, l.value
	FROM tracked t CROSS JOIN account a LEFT JOIN latest l ON l.customer = a.customer AND l.fact = t.source
	WHERE t.counts = 'flag'
	UNION ALL
	SELECT t.metric, a.customer, NULL, coalesce(h.held, false)::integer, 1, h.held::text
	FROM tracked t CROSS JOIN account a LEFT JOIN held h ON h.customer = a.customer
	WHERE t.counts = 'held'
	UNION ALL
	-- criteria that were agreed after their outcome do not count
	SELECT i.metric, i.customer, i.no::text, CASE WHEN i.too_late IS NOT TRUE THEN nudge.fact_flag(i.fact, i.value)::integer END,
		CASE WHEN i.too_late IS NOT TRUE THEN 1 END, CASE WHEN i.too_late THEN 'agreed after its outcome' ELSE i.value END
	FROM item i;
END
$$;
COMMENT ON FUNCTION nudge.account_flag_lines(nudge.mrr_state, regclass, date, regclass, text, text) IS
	'Works for account_share_lines: the metrics whose facts are true or false. Not STRICT: NULL inputs are not known';

CREATE FUNCTION nudge.account_value_lines(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	healthy_sponsor text DEFAULT 'strong',
	minimum_levels integer DEFAULT 2,
	category_spend_months numeric DEFAULT 12
) RETURNS TABLE (metric text, customer text, item text, numerator numeric, denominator numeric, detail text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
	healthy integer;
BEGIN
	PERFORM nudge.check_levels('sponsor_status', sponsor_levels);
	healthy := array_position(sponsor_levels, lower(healthy_sponsor));
	IF healthy IS NULL OR minimum_levels IS NULL OR minimum_levels < 1 OR NOT coalesce(category_spend_months > 0 AND category_spend_months < 'Infinity', false) THEN
		RAISE EXCEPTION 'an option of account_shares is out of range'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('healthy_sponsor is %s, minimum_levels %s, category_spend_months %s.', coalesce(healthy_sponsor, 'null'),
					coalesce(minimum_levels::text, 'null'), coalesce(category_spend_months::text, 'null')),
				HINT = 'Pass a word of sponsor_levels, a number of levels from 1, and months above 0.';
	END IF;
	RETURN QUERY
	WITH account AS MATERIALIZED (
		SELECT a.customer, a.mrr FROM nudge.account_rows(state, customers, as_of, account_value_lines.segment, zone) a WHERE a.active AND a.chosen
	), found AS MATERIALIZED (
		SELECT f.customer, f.fact, f.value, f.valid_from, f.in_force
		FROM nudge.account_fact_rows(account_facts, '{sponsor_status,documented_roi,contact_level,category_spend,solution_fit}', known_at) f
	), tracked AS MATERIALIZED (
		SELECT DISTINCT f.fact FROM found f
	), latest AS MATERIALIZED (
		SELECT DISTINCT ON (f.customer, f.fact) f.customer, f.fact, f.value FROM found f WHERE f.in_force
		ORDER BY f.customer, f.fact, f.valid_from DESC, f.value COLLATE "C"
	), valued AS MATERIALIZED (
		-- every account with every fact that is recorded for some account
		SELECT a.customer, a.mrr, t.fact, l.value,
			CASE WHEN t.fact IN ('documented_roi', 'category_spend', 'solution_fit') THEN nudge.fact_number(t.fact, l.value) END AS number
		FROM account a CROSS JOIN tracked t LEFT JOIN latest l ON l.customer = a.customer AND l.fact = t.fact
	), sound AS MATERIALIZED (
		SELECT nudge.check_values('account_facts', count(*) FILTER (WHERE v.fact = 'category_spend' AND v.number < 0), 'A category_spend is negative.') AS checked FROM valued v
	), sponsor AS MATERIALIZED (
		-- the mean of all sponsors
		SELECT f.customer, avg(nudge.fact_level(f.fact, f.value, sponsor_levels)) AS level, string_agg(f.value, ', ' ORDER BY f.valid_from, f.value COLLATE "C") AS words
		FROM found f WHERE f.fact = 'sponsor_status' AND f.in_force GROUP BY f.customer
	), contact AS MATERIALIZED (
		SELECT f.customer, count(DISTINCT lower(f.value)) AS levels, string_agg(DISTINCT lower(f.value) COLLATE "C", ', ' ORDER BY lower(f.value) COLLATE "C") AS words
		FROM found f WHERE f.fact = 'contact_level' AND f.in_force GROUP BY f.customer
	)
	SELECT 'sponsor_health_rate', a.customer, NULL::text, (s.level >= healthy)::integer::numeric, 1::numeric, s.words
	FROM account a JOIN sponsor s ON s.customer = a.customer
	UNION ALL
	SELECT 'sponsor_coverage_rate', v.customer, NULL, (s.level IS NOT NULL)::integer, 1, s.words
	FROM valued v LEFT JOIN sponsor s ON s.customer = v.customer WHERE v.fact = 'sponsor_status'
	UNION ALL
	SELECT 'roi_realization_rate', v.customer, NULL, coalesce(v.number >= 1, false)::integer, 1, v.value FROM valued v WHERE v.fact = 'documented_roi'
	UNION ALL
	SELECT 'executive_relationship_rate', v.customer, NULL, coalesce(c.levels >= minimum_levels, false)::integer, 1, c.words
	FROM valued v LEFT JOIN contact c ON c.customer = v.customer WHERE v.fact = 'contact_level'
	UNION ALL
	SELECT 'wallet_share', v.customer, NULL, v.mrr * category_spend_months, CASE WHEN v.mrr IS NOT NULL THEN v.number END, v.value
	FROM sound JOIN valued v ON sound.checked AND v.fact = 'category_spend' AND v.number > 0
	UNION ALL
	SELECT 'solution_fit_score', v.customer, NULL, v.number, 1, v.value FROM valued v WHERE v.fact = 'solution_fit' AND v.number IS NOT NULL;
END
$$;
COMMENT ON FUNCTION nudge.account_value_lines(nudge.mrr_state, regclass, date, regclass, text, text, text[], text, integer, numeric) IS
	'Works for account_share_lines: the metrics whose facts are words or numbers. Not STRICT: NULL inputs are not known';

CREATE FUNCTION nudge.implementation_lines(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	contracts regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (customer text, started_at timestamptz, met_at timestamptz, days numeric, reached boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	RETURN QUERY
	WITH begun AS MATERIALIZED (
		SELECT a.customer, coalesce(c.starts_at, a.created_at) AS started_at
		FROM nudge.account_rows(state, customers, as_of, implementation_lines.segment, zone) a
		LEFT JOIN (SELECT k.customer, min(k.starts_at) AS starts_at FROM nudge.account_contract_rows(contracts, known_at) k GROUP BY k.customer) c ON c.customer = a.customer
		WHERE a.active AND a.chosen
	), met AS MATERIALIZED (
		SELECT f.customer, f.valid_from FROM nudge.account_fact_rows(account_facts, '{implementation_met}', known_at) f
		WHERE CASE WHEN coalesce(f.agreed_at <= f.valid_from, true) THEN nudge.fact_flag(f.fact, f.value) END
	)
	SELECT b.customer, b.started_at, m.met_at, extract(epoch FROM coalesce(m.met_at, known_at) - b.started_at) / 86400, m.met_at IS NOT NULL
	FROM begun b
	LEFT JOIN (SELECT k.customer, min(m.valid_from) AS met_at FROM begun k JOIN met m ON m.customer = k.customer AND m.valid_from >= k.started_at GROUP BY k.customer) m ON m.customer = b.customer
	-- infinity is no time at which a customer came to be
	WHERE b.started_at < known_at AND isfinite(b.started_at)
	ORDER BY b.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.implementation_lines(nudge.mrr_state, regclass, date, regclass, regclass, text, text) IS
	'Days from the start of each customer (its first contract, or else when it came to be) to its first implementation_met, or, where that is not reached, to the close of as_of. Not STRICT: NULL inputs are not known';

CREATE FUNCTION nudge.implementation_velocity(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	contracts regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC'
) RETURNS TABLE (customers_started bigint, customers_reached bigint, customers_open bigint, mean_days numeric, median_days numeric)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1 COST 60000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT count(*), count(*) FILTER (WHERE l.reached), count(*) FILTER (WHERE NOT l.reached), avg(l.days) FILTER (WHERE l.reached),
		nudge.median_survival(array_agg(l.days), array_agg(l.reached))
	FROM nudge.implementation_lines(state, account_facts, as_of, customers, contracts, segment, zone) l;
END
$$;
COMMENT ON FUNCTION nudge.implementation_velocity(nudge.mrr_state, regclass, date, regclass, regclass, text, text) IS
	'Time to value: mean days of the implementations that met their criteria, and the Kaplan-Meier median, in which those that have not yet are censored. Not STRICT: NULL inputs are not known';

CREATE FUNCTION nudge.account_revenue_lines(
	state nudge.mrr_state,
	as_of date,
	customers regclass DEFAULT NULL,
	contracts regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	multi_year_months numeric DEFAULT 24,
	contract_months integer DEFAULT 12
) RETURNS TABLE (metric text, customer text, item text, numerator numeric, denominator numeric, detail text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 50000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
	signed_from timestamptz;
BEGIN
	IF NOT coalesce(contract_months BETWEEN 1 AND 1200 AND multi_year_months > 0, false) THEN
		RAISE EXCEPTION 'months of contracts are out of range'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('contract_months is %s, multi_year_months %s.', coalesce(contract_months::text, 'null'), coalesce(multi_year_months::text, 'null')),
				HINT = 'Pass 1 to 1200 months in which contracts were signed, and a term above 0.';
	END IF;
	signed_from := nudge.day_close(nudge.months_before(as_of, contract_months), zone);
	RETURN QUERY
	WITH account AS MATERIALIZED (
		SELECT a.customer, a.mrr, a.quarter_mrr, a.year_mrr, a.chosen, a.customer_segment FROM nudge.account_rows(state, customers, as_of, account_revenue_lines.segment, zone) a
	)
	SELECT 'account_expansion_rate', a.customer, NULL::text, (a.mrr > a.quarter_mrr)::integer::numeric, 1::numeric, format('%s to %s', a.quarter_mrr, a.mrr)
	FROM account a WHERE a.chosen AND a.quarter_mrr > 0
	UNION ALL
	SELECT 'multi_year_contract_rate', c.customer, c.contract, (c.term_months >= multi_year_months)::integer, 1, format('%s months', c.term_months)
	FROM nudge.account_contract_rows(contracts, known_at) c
	LEFT JOIN account a ON a.customer = c.customer
	WHERE c.signed_at >= signed_from AND (a.chosen OR customers IS NULL AND a.customer IS NULL)
	UNION ALL
	SELECT 'revenue_contribution', a.customer, NULL, CASE WHEN a.chosen THEN a.mrr ELSE 0 END, a.mrr, a.customer_segment FROM account a WHERE a.mrr > 0
	UNION ALL
	SELECT m.metric, a.customer, NULL, (a.mrr > 0)::integer - CASE m.metric WHEN 'customer_count_growth' THEN (a.year_mrr > 0)::integer ELSE 0 END,
		(a.year_mrr > 0)::integer, CASE WHEN a.year_mrr = 0 THEN 'new' WHEN a.mrr = 0 THEN 'lost' ELSE 'kept' END
	FROM (VALUES ('customer_growth_multiple'), ('customer_count_growth')) m(metric), account a
	WHERE a.chosen AND (a.mrr > 0 OR a.year_mrr > 0);
END
$$;
COMMENT ON FUNCTION nudge.account_revenue_lines(nudge.mrr_state, date, regclass, regclass, text, text, numeric, integer) IS
	'Works for account_share_lines: the metrics of contracts and recurring revenue. Not STRICT: NULL inputs are not known';

CREATE FUNCTION nudge.account_share_lines(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	contracts regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	healthy_sponsor text DEFAULT 'strong',
	minimum_levels integer DEFAULT 2,
	category_spend_months numeric DEFAULT 12,
	multi_year_months numeric DEFAULT 24,
	contract_months integer DEFAULT 12
) RETURNS TABLE (metric text, customer text, item text, numerator numeric, denominator numeric, detail text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 5000 COST 200000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT l.metric, l.customer, l.item, l.numerator, l.denominator, l.detail
	FROM (SELECT f.* FROM nudge.account_flag_lines(state, account_facts, as_of, customers, account_share_lines.segment, zone) f
		UNION ALL
		SELECT v.* FROM nudge.account_value_lines(state, account_facts, as_of, customers, account_share_lines.segment, zone,
			sponsor_levels, healthy_sponsor, minimum_levels, category_spend_months) v
		UNION ALL
		SELECT r.* FROM nudge.account_revenue_lines(state, as_of, customers, contracts, account_share_lines.segment, zone, multi_year_months, contract_months) r
		UNION ALL
		SELECT 'implementation_days', i.customer, NULL, CASE WHEN i.reached THEN i.days END, CASE WHEN i.reached THEN 1 END, CASE WHEN i.reached THEN 'reached' ELSE 'open' END
		FROM nudge.implementation_lines(state, account_facts, as_of, customers, contracts, account_share_lines.segment, zone) i) l
	JOIN nudge.account_share_metrics() m ON m.metric = l.metric
	ORDER BY m.place, l.customer COLLATE "C", l.item COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.account_share_lines(nudge.mrr_state, regclass, date, regclass, regclass, text, text, text[], text, integer, numeric, numeric, integer) IS
	'The drill-down of account_shares: a row per metric and customer, plan, requirement or contract, with what it adds to numerator and denominator. Not STRICT: NULL inputs are not known';

CREATE FUNCTION nudge.account_shares(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	contracts regclass DEFAULT NULL,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	healthy_sponsor text DEFAULT 'strong',
	minimum_levels integer DEFAULT 2,
	category_spend_months numeric DEFAULT 12,
	multi_year_months numeric DEFAULT 24,
	contract_months integer DEFAULT 12
) RETURNS TABLE (metric text, numerator numeric, denominator numeric, value numeric, unit text, description text)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 22 COST 200000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT m.metric, coalesce(l.numerator, 0), coalesce(l.denominator, 0), l.numerator / nullif(l.denominator, 0), m.unit, m.description
	FROM nudge.account_share_metrics() m
	LEFT JOIN (SELECT s.metric, sum(s.numerator) AS numerator, sum(s.denominator) AS denominator
		FROM nudge.account_share_lines(state, account_facts, as_of, customers, contracts, account_shares.segment, zone,
			sponsor_levels, healthy_sponsor, minimum_levels, category_spend_months, multi_year_months, contract_months) s
		GROUP BY s.metric) l ON l.metric = m.metric
	ORDER BY m.place;
END
$$;
COMMENT ON FUNCTION nudge.account_shares(nudge.mrr_state, regclass, date, regclass, regclass, text, text, text[], text, integer, numeric, numeric, integer) IS
	'The customer success and enterprise shares at the close of a day, a row per metric with numerator, denominator and value; NULL where the fact or the input is not recorded. Not STRICT: NULL inputs are not known, a NULL segment is all customers';

-- Value realised ------------------------------------------------------------

CREATE FUNCTION nudge.value_realization_lines(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	threshold numeric DEFAULT 0.8,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	grain text DEFAULT 'month'
) RETURNS TABLE (
	customer text,
	criteria bigint,
	criteria_met bigint,
	criteria_not_agreed bigint,
	score numeric,
	is_realized boolean,
	usage_ratio numeric,
	value_index numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 30000
	SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known_at constant timestamptz := nudge.day_close(as_of, zone);
BEGIN
	IF NOT coalesce(threshold BETWEEN 0 AND 1, false) THEN
		RAISE EXCEPTION 'threshold must be a share from 0 to 1'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is %s.', coalesce(threshold::text, 'null')),
				HINT = 'Leave it out for its default.';
	END IF;
	RETURN QUERY
	WITH fact AS (
		-- what was not agreed before its outcome is no agreed criterion
		SELECT f.customer, coalesce(f.agreed_at <= f.valid_from, false) AS agreed, nudge.fact_flag(f.fact, f.value) AS met
		FROM nudge.account_fact_rows(account_facts, '{criterion_met}', known_at) f WHERE f.in_force
	), criterion AS MATERIALIZED (
		SELECT f.customer, count(*) FILTER (WHERE f.agreed) AS agreed, count(*) FILTER (WHERE f.agreed AND f.met) AS met, count(*) FILTER (WHERE NOT f.agreed) AS other
		FROM fact f GROUP BY f.customer
	), used AS MATERIALIZED (
		SELECT u.customer, max(u.usage_ratio) AS ratio FROM nudge.recent_usage_ratio(usage, as_of, grain, zone) u WHERE u.complete GROUP BY u.customer
	)
	SELECT a.customer, coalesce(c.agreed, 0), coalesce(c.met, 0), coalesce(c.other, 0), k.score, k.score > threshold, u.ratio, k.score * CASE WHEN u.ratio > 1 THEN 1 ELSE u.ratio END
	FROM nudge.account_rows(state, customers, as_of, value_realization_lines.segment, zone) a
	LEFT JOIN criterion c ON c.customer = a.customer
	LEFT JOIN used u ON u.customer = a.customer,
		LATERAL (SELECT c.met::numeric / nullif(c.agreed, 0) AS score) k
	WHERE a.active AND a.chosen
	ORDER BY a.customer COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.value_realization_lines(nudge.mrr_state, regclass, date, regclass, regclass, numeric, text, text, text) IS
	'Value realization score of every customer: its agreed criteria that are met, over those agreed before their outcome, and times the usage of its limits, up to 1, the index: the drill-down of value_realization. Not STRICT: NULL inputs are not known';

CREATE FUNCTION nudge.value_realization(
	state nudge.mrr_state,
	account_facts regclass,
	as_of date,
	customers regclass DEFAULT NULL,
	usage regclass DEFAULT NULL,
	threshold numeric DEFAULT 0.8,
	segment text DEFAULT NULL,
	zone text DEFAULT 'UTC',
	grain text DEFAULT 'month'
) RETURNS TABLE (
	all_customers bigint,
	scored_customers bigint,
	realized_customers bigint,
	realization_rate numeric,
	coverage numeric,
	mean_score numeric,
	mean_index numeric
)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1 COST 40000
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT count(*), count(l.score), count(*) FILTER (WHERE l.is_realized), count(*) FILTER (WHERE l.is_realized)::numeric / nullif(count(l.score), 0),
		count(l.score)::numeric / nullif(count(*), 0), avg(l.score), avg(l.value_index)
	FROM nudge.value_realization_lines(state, account_facts, as_of, customers, usage, threshold, segment, zone, grain) l;
END
$$;
COMMENT ON FUNCTION nudge.value_realization(nudge.mrr_state, regclass, date, regclass, regclass, numeric, text, text, text) IS
	'Value realization rate: customers with more than the threshold of their agreed criteria met, over those that have agreed criteria; coverage is the share of customers that have. Not STRICT: NULL inputs are not known';
