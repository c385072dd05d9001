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

CREATE FUNCTION nudge.counts_all_accounts(counts text) RETURNS boolean
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN counts IN ('flag', 'held', 'recorded', 'reached', 'levels');
COMMENT ON FUNCTION nudge.counts_all_accounts(text) IS
	'Works for account_share_lines: whether a metric, by how it counts, is of all accounts once the fact is recorded of one';

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
BEGIN
	RETURN QUERY
	SELECT l.metric, l.customer, l.item, l.numerator, l.denominator, l.detail
	FROM nudge.account_share_lines(state, account_facts, as_of, customers, NULL, account_flag_lines.segment, zone) WITH ORDINALITY l(metric, customer, item, numerator, denominator, detail, place)
	JOIN nudge.account_share_metrics() m ON m.metric = l.metric WHERE m.counts IN ('flag', 'held', 'items') ORDER BY l.place;
END
$$;
COMMENT ON FUNCTION nudge.account_flag_lines(nudge.mrr_state, regclass, date, regclass, text, text) IS
	'The lines of account_share_lines of facts that are true or false. Not STRICT: NULL inputs are not known';

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
BEGIN
	RETURN QUERY
	SELECT l.metric, l.customer, l.item, l.numerator, l.denominator, l.detail
	FROM nudge.account_share_lines(state, account_facts, as_of, customers, NULL, account_value_lines.segment, zone, sponsor_levels, healthy_sponsor, minimum_levels, category_spend_months) WITH ORDINALITY l(metric, customer, item, numerator, denominator, detail, place)
	JOIN nudge.account_share_metrics() m ON m.metric = l.metric WHERE m.counts IN ('level', 'recorded', 'reached', 'levels', 'spend', 'mean') ORDER BY l.place;
END
$$;
COMMENT ON FUNCTION nudge.account_value_lines(nudge.mrr_state, regclass, date, regclass, text, text, text[], text, integer, numeric) IS
	'The lines of account_share_lines of facts that are words or numbers. Not STRICT: NULL inputs are not known';

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
BEGIN
	PERFORM nudge.day_close(as_of, zone), nudge.check_segment(segment, customers);
	RETURN QUERY EXECUTE nudge.account_query(customers, account_facts, '{implementation_met}', contracts, zone) || $query$
		SELECT i.customer, i.started_at, i.met_at, i.days, i.reached FROM implementation i
		WHERE $5 IS NULL OR i.label = nudge.attribute_label('segment', $5)
		ORDER BY i.customer COLLATE "C"$query$ USING ARRAY[as_of], ARRAY[state], CASE WHEN state IS NOT NULL THEN '{0}'::integer[] ELSE '{}' END, NULL::nudge.mrr_state[], segment;
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
BEGIN
	RETURN QUERY
	SELECT l.metric, l.customer, l.item, l.numerator, l.denominator, l.detail
	FROM nudge.account_share_lines(state, NULL, as_of, customers, contracts, account_revenue_lines.segment, zone, multi_year_months => multi_year_months, contract_months => contract_months) WITH ORDINALITY l(metric, customer, item, numerator, denominator, detail, place)
	JOIN nudge.account_share_metrics() m ON m.metric = l.metric WHERE m.counts IN ('revenue', 'contracts') ORDER BY l.place;
END
$$;
COMMENT ON FUNCTION nudge.account_revenue_lines(nudge.mrr_state, date, regclass, regclass, text, text, numeric, integer) IS
	'The lines of account_share_lines of contracts and recurring revenue. Not STRICT: NULL inputs are not known';

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
BEGIN
	PERFORM nudge.day_close(as_of, zone), nudge.check_segment(segment, customers);
	-- a fact that nobody records says nothing about anybody
	RETURN QUERY EXECUTE nudge.account_query(customers, account_facts, ARRAY(SELECT DISTINCT m.source FROM nudge.account_share_metrics() m), contracts, zone, 1, sponsor_levels, healthy_sponsor, minimum_levels,
		category_spend_months, multi_year_months, contract_months) || $query$
		SELECT l.metric, l.customer, l.item, CASE WHEN k.chosen THEN l.numerator ELSE 0 END, l.denominator, l.detail
		FROM line l JOIN nudge.account_share_metrics() m ON m.metric = l.metric, LATERAL (SELECT $5 IS NULL OR coalesce(l.label = nudge.attribute_label('segment', $5), false) AS chosen) k
		WHERE (k.chosen OR l.metric = 'revenue_contribution') AND (NOT nudge.counts_all_accounts(m.counts) OR m.source IN (SELECT f.fact FROM found f))
		ORDER BY m.place, l.customer COLLATE "C", l.item COLLATE "C"$query$ USING ARRAY[as_of], ARRAY[state], CASE WHEN state IS NOT NULL THEN '{0}'::integer[] ELSE '{}' END, NULL::nudge.mrr_state[], segment;
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

-- Customers are in one bucket and in one segment: all that is asked of buckets, days
-- and segments is a sum of these.
CREATE FUNCTION nudge.account_share_sums(
	states nudge.mrr_state[],
	state_buckets integer[],
	paid nudge.mrr_state[],
	account_facts regclass,
	days date[],
	customers regclass,
	contracts regclass,
	zone text,
	buckets integer
) RETURNS TABLE (bucket integer, as_of date, segment text, metric text, numerator numeric, denominator numeric, recorded boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 1000000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY EXECUTE nudge.account_query(customers, account_facts, ARRAY(SELECT DISTINCT m.source FROM nudge.account_share_metrics() m), contracts, zone, buckets) || $query$,
		part AS (
			SELECT nudge.bucket(l.customer, $5) AS bucket, l.no, l.label, l.metric, sum(l.numerator) AS numerator, sum(l.denominator) AS denominator, false AS recorded FROM line l GROUP BY 1, 2, 3, 4
			UNION ALL
			SELECT f.bucket, d.no, NULL, m.metric, NULL, NULL, true
			FROM (SELECT nudge.bucket(i.customer, $5) AS bucket, i.fact, min(i.from_no) AS from_no FROM found i GROUP BY 1, 2) f JOIN day d ON d.no >= f.from_no JOIN nudge.account_share_metrics() m ON m.source = f.fact
			UNION ALL
			SELECT b.bucket, d.no, b.label, NULL, NULL, NULL, false
			FROM (SELECT nudge.bucket(c.customer, $5) AS bucket, CASE WHEN btrim(c.segment) <> '' THEN c.label END AS label FROM customer c
				UNION SELECT nudge.bucket(c.customer, $5), NULL FROM customer c UNION SELECT nudge.bucket(f.customer, $5), NULL FROM found f UNION SELECT s, NULL FROM unnest($3) s) b CROSS JOIN day d
		)
		SELECT p.bucket, d.as_of, p.label, p.metric, coalesce(sum(p.numerator), 0), coalesce(sum(p.denominator), 0), bool_or(p.recorded)
		FROM part p JOIN day d ON d.no = p.no GROUP BY p.bucket, d.as_of, p.label, p.metric$query$ USING days, states, coalesce(state_buckets, '{}'), paid, buckets;
END
$$;
COMMENT ON FUNCTION nudge.account_share_sums(nudge.mrr_state[], integer[], nudge.mrr_state[], regclass, date[], regclass, regclass, text, integer) IS
	'Works for the mart account_share_buckets: account_share_lines of many days added up by hash bucket of customers and segment, with a row without a metric for each bucket, day and segment, and whether facts are recorded in the bucket. Not STRICT: NULL inputs are not known';

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
BEGIN
	PERFORM nudge.day_close(as_of, zone), nudge.check_segment(segment, customers);
	IF NOT coalesce(threshold BETWEEN 0 AND 1, false) THEN
		RAISE EXCEPTION 'threshold must be a share from 0 to 1'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('It is %s.', coalesce(threshold::text, 'null')),
				HINT = 'Leave it out for its default.';
	END IF;
	RETURN QUERY EXECUTE nudge.account_query(customers, account_facts, '{criterion_met}', zone => zone, usage => usage, grain => grain) || $query$
		SELECT o.customer, o.criteria, o.criteria_met, o.criteria_not_agreed, o.score, o.score > $6, o.usage_ratio, o.value_index FROM outcome o
		WHERE $5 IS NULL OR o.label = nudge.attribute_label('segment', $5)
		ORDER BY o.customer COLLATE "C"$query$ USING ARRAY[as_of], ARRAY[state], CASE WHEN state IS NOT NULL THEN '{0}'::integer[] ELSE '{}' END, NULL::nudge.mrr_state[], segment, threshold;
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

CREATE FUNCTION nudge.value_realization_sums(
	states nudge.mrr_state[],
	state_buckets integer[],
	account_facts regclass,
	days date[],
	customers regclass,
	usage regclass,
	zone text,
	buckets integer
) RETURNS TABLE (bucket integer, as_of date, segment text, all_customers bigint, scored_customers bigint, realized_customers bigint, total_score numeric, indexed_customers bigint, total_index numeric, named boolean)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 1000 COST 1000000
	SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
BEGIN
	RETURN QUERY EXECUTE nudge.account_query(customers, account_facts, '{criterion_met}', zone => zone, buckets => buckets, usage => usage) || $query$,
		part AS (
			SELECT nudge.bucket(o.customer, $5) AS bucket, o.no, o.label, count(*) AS customers, count(o.score) AS scored, count(*) FILTER (WHERE o.score > 0.8) AS realized, sum(o.score) AS score, count(o.value_index) AS indexed, sum(o.value_index) AS value_index, false AS named
			FROM outcome o GROUP BY 1, 2, 3
			UNION ALL
			SELECT b.bucket, d.no, b.label, 0, 0, 0, NULL, 0, NULL, b.label IS NOT NULL
			FROM (SELECT nudge.bucket(c.customer, $5) AS bucket, CASE WHEN btrim(c.segment) <> '' THEN c.label END AS label FROM customer c
				UNION SELECT nudge.bucket(c.customer, $5), NULL FROM customer c UNION SELECT s, NULL FROM unnest($3) s) b CROSS JOIN day d
		)
		SELECT p.bucket, d.as_of, p.label, sum(p.customers)::bigint, sum(p.scored)::bigint, sum(p.realized)::bigint, coalesce(sum(p.score), 0), sum(p.indexed)::bigint, coalesce(sum(p.value_index), 0), bool_or(p.named)
		FROM part p JOIN day d ON d.no = p.no GROUP BY p.bucket, d.as_of, p.label$query$ USING days, states, coalesce(state_buckets, '{}'), NULL::nudge.mrr_state[], buckets;
END
$$;
COMMENT ON FUNCTION nudge.value_realization_sums(nudge.mrr_state[], integer[], regclass, date[], regclass, regclass, text, integer) IS
	'Works for the mart value_realization_buckets: value_realization_lines of many days added up by hash bucket of customers and segment, with a row for each bucket, day and segment. Not STRICT: NULL inputs are not known';
