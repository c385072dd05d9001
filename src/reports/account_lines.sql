/*
 * account_lines.sql
 *		What accounts are, and what is recorded of them, at the close of one day or
 *		of many, read once for all: the query behind account_rows, account_shares,
 *		implementation_velocity and value_realization, and of the marts of these.
 *
 * Definitions: doc/account_shares.md.
 */

-- A WITH clause, to which each report adds its SELECT: what that does not name is
-- not computed.  $1 are the days, which are numbered from 0; $2 states, each of
-- other customers, and $3 the hash buckets that have one: customers of others are
-- accounts if they exist.  $4 are states by the currency that is paid, or NULL
-- if these are the states.  Customers are sorted and joined by their bytes, whatever
-- the collation of the database.
CREATE FUNCTION nudge.account_query(
	customers regclass,
	account_facts regclass,
	facts text[],
	contracts regclass DEFAULT NULL,
	zone text DEFAULT 'UTC',
	buckets integer DEFAULT 1,
	sponsor_levels text[] DEFAULT '{none,weak,neutral,strong,champion}',
	healthy_sponsor text DEFAULT 'strong',
	minimum_levels integer DEFAULT 2,
	category_spend_months numeric DEFAULT 12,
	multi_year_months numeric DEFAULT 24,
	contract_months integer DEFAULT 12,
	usage regclass DEFAULT NULL,
	grain text DEFAULT 'month'
) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
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
	ELSIF NOT coalesce(contract_months BETWEEN 1 AND 1200 AND multi_year_months > 0, false) THEN
		RAISE EXCEPTION 'months of contracts are out of range'
			USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('contract_months is %s, multi_year_months %s.', coalesce(contract_months::text, 'null'), coalesce(multi_year_months::text, 'null')),
				HINT = 'Pass 1 to 1200 months in which contracts were signed, and a term above 0.';
	END IF;
	RETURN format($query$
		WITH day AS MATERIALIZED (
			SELECT (row_number() OVER (ORDER BY d.as_of))::integer - 1 AS no, d.as_of, nudge.day_close(d.as_of, %1$L) AS known_at FROM unnest($1) d(as_of)
		), closing AS MATERIALIZED (
			SELECT array_agg(d.known_at ORDER BY d.no) AS closes, max(d.known_at) AS known_at FROM day d
		), asked AS MATERIALIZED (
			SELECT d.no, a.ago, nudge.months_before(d.as_of, a.ago) AS at FROM day d, unnest('{0,3,12}'::integer[]) a(ago)
		), paid AS MATERIALIZED (
			SELECT q.no, m.customer, coalesce(sum(m.mrr) FILTER (WHERE q.ago = 0), 0) AS mrr, coalesce(sum(m.mrr) FILTER (WHERE q.ago = 3), 0) AS quarter_mrr,
				coalesce(sum(m.mrr) FILTER (WHERE q.ago = 12), 0) AS year_mrr
			FROM (SELECT t.at, r.customer COLLATE "C" AS customer, r.mrr FROM (SELECT DISTINCT a.at FROM asked a) t, unnest($2) s(state), LATERAL nudge.customer_mrr(s.state, t.at, coalesce(%1$L, 'UTC')) r) m
			JOIN asked q ON q.at = m.at
			GROUP BY q.no, m.customer
		), customer AS MATERIALIZED (
			SELECT c.customer COLLATE "C" AS customer, c.created_at, c.segment, c.internal, CASE WHEN c.segment IS NOT NULL THEN nudge.attribute_label('segment', c.segment) END AS label FROM nudge.customer_rows(%2$L) c
		), account AS MATERIALIZED (
			-- who pays, or where nothing is paid at all, who is there
			SELECT u.no, u.known_at, u.customer, u.segment, u.label, u.created_at, k.mrr, k.quarter_mrr, k.year_mrr, CASE WHEN u.in_state THEN k.mrr > 0 ELSE u.created_at < u.known_at END AS active
			FROM (
				SELECT coalesce(a.no, p.no) AS no, (SELECT c.closes FROM closing c)[coalesce(a.no, p.no) + 1] AS known_at, coalesce(a.customer, p.customer) AS customer, a.segment, a.label, a.created_at, p.mrr, p.quarter_mrr, p.year_mrr,
					nudge.bucket(coalesce(a.customer, p.customer), %6$L::integer) = ANY ($3) AS in_state
				FROM (SELECT b.no, c.* FROM customer c CROSS JOIN day b) a FULL JOIN paid p ON p.no = a.no AND p.customer = a.customer
				WHERE NOT coalesce(a.internal, false)
			) u,
				LATERAL (SELECT CASE WHEN u.in_state THEN coalesce(u.mrr, 0) END AS mrr, CASE WHEN u.in_state THEN coalesce(u.quarter_mrr, 0) END AS quarter_mrr, CASE WHEN u.in_state THEN coalesce(u.year_mrr, 0) END AS year_mrr) k
		), contract AS MATERIALIZED (
			SELECT k.customer COLLATE "C" AS customer, k.contract, k.signed_at, k.starts_at, k.term_months FROM closing c, LATERAL nudge.account_contract_rows(%5$L, c.known_at) k
		), found AS MATERIALIZED (
			-- a fact is known from the first day that closes after its start, and in force until the first that closes after its end
			SELECT f.customer COLLATE "C" AS customer, f.fact, f.value, f.agreed_at, f.valid_from, width_bucket(f.valid_from, c.closes) AS from_no, coalesce(width_bucket(f.valid_to, c.closes), cardinality(c.closes)) AS until_no
			FROM closing c, LATERAL nudge.account_fact_rows(%3$L, %4$L, c.known_at) f
		), latest AS MATERIALIZED (
			-- of several in force the latest counts: it hides the others on its days
			SELECT s.customer, s.fact, s.value, n.no
			FROM (
				SELECT f.customer, f.fact, f.value, int4multirange(int4range(f.from_no, f.until_no)) - coalesce(range_agg(int4range(f.from_no, f.until_no))
					OVER (PARTITION BY f.customer, f.fact ORDER BY f.valid_from, f.value COLLATE "C" DESC ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING), '{}') AS nos
				FROM found f WHERE f.from_no < f.until_no AND f.fact IN (SELECT m.source FROM nudge.account_share_metrics() m WHERE m.counts IN ('flag', 'reached', 'spend', 'mean'))
			) s, unnest(s.nos) r, day n
			WHERE n.no >= lower(r) AND n.no < upper(r)
		), held AS (
			SELECT d.no, f.customer, bool_or(nudge.fact_flag(f.fact, f.value)) AS held
			FROM found f JOIN day d ON d.no >= f.from_no AND f.valid_from >= nudge.day_close(nudge.months_before(d.as_of, 3), %1$L)
			WHERE f.fact = 'qbr_held' GROUP BY d.no, f.customer
		), item AS (
			SELECT m.metric, f.fact, n.no, f.customer, a.label, f.value, f.agreed_at > f.valid_from AS too_late,
				row_number() OVER (PARTITION BY f.fact, n.no, f.customer ORDER BY f.valid_from, f.agreed_at, f.value COLLATE "C") AS item_no
			FROM found f JOIN nudge.account_share_metrics() m ON m.source = f.fact AND m.counts = 'items' CROSS JOIN LATERAL generate_series(f.from_no, f.until_no - 1) n(no)
			JOIN account a ON a.no = n.no AND a.customer = f.customer AND a.active
		), sponsor AS (
			-- the mean of all sponsors
			SELECT n.no, f.customer, avg(nudge.fact_level(f.fact, f.value, %7$L)) AS level, string_agg(f.value, ', ' ORDER BY f.valid_from, f.value COLLATE "C") AS words
			FROM found f JOIN day n ON n.no >= f.from_no AND n.no < f.until_no WHERE f.fact = 'sponsor_status' GROUP BY n.no, f.customer
		), contact AS (
			SELECT n.no, f.customer, count(DISTINCT lower(f.value)) AS levels, string_agg(DISTINCT lower(f.value) COLLATE "C", ', ' ORDER BY lower(f.value) COLLATE "C") AS words
			FROM found f JOIN day n ON n.no >= f.from_no AND n.no < f.until_no WHERE f.fact = 'contact_level' GROUP BY n.no, f.customer
		), spend AS MATERIALIZED (
			SELECT a.no, a.customer, a.label, a.mrr, l.value, nudge.fact_number(l.fact, l.value) AS number FROM account a JOIN latest l ON l.no = a.no AND l.customer = a.customer AND l.fact = 'category_spend' WHERE a.active
		), sound AS (
			SELECT nudge.check_values('account_facts', count(*) FILTER (WHERE s.number < 0), 'A category_spend is negative.') AS checked FROM spend s
		), growth AS (
			SELECT a.no, a.customer, a.label, a.mrr, a.quarter_mrr FROM account a WHERE $4 IS NULL AND a.quarter_mrr > 0
			UNION ALL
			-- a rate that moves is no expansion: who pays more is found in the currency that is paid
			SELECT g.no, g.customer, c.label, coalesce(g.mrr, 0), g.quarter_mrr
			FROM (SELECT q.no, m.state_no, m.customer, sum(m.mrr) FILTER (WHERE q.ago = 0) AS mrr, sum(m.mrr) FILTER (WHERE q.ago = 3) AS quarter_mrr
				FROM (SELECT t.at, s.state_no, r.customer COLLATE "C" AS customer, r.mrr FROM (SELECT DISTINCT b.at FROM asked b WHERE b.ago < 12) t, unnest($4) WITH ORDINALITY s(state, state_no), LATERAL nudge.customer_mrr(s.state, t.at, coalesce(%1$L, 'UTC')) r) m
				JOIN asked q ON q.at = m.at AND q.ago < 12 GROUP BY q.no, m.state_no, m.customer) g
			LEFT JOIN customer c ON c.customer = g.customer WHERE g.quarter_mrr > 0 AND NOT coalesce(c.internal, false)
		), begun AS MATERIALIZED (
			SELECT b.*
			FROM (SELECT a.no, a.known_at, a.customer, a.label, coalesce(c.starts_at, a.created_at) AS started_at
				FROM account a LEFT JOIN (SELECT d.no, k.customer, min(k.starts_at) AS starts_at FROM contract k JOIN day d ON k.signed_at < d.known_at GROUP BY d.no, k.customer) c ON c.no = a.no AND c.customer = a.customer
				WHERE a.active) b
			-- infinity is no time at which a customer came to be
			WHERE b.started_at < b.known_at AND isfinite(b.started_at)
		), met AS (
			SELECT b.no, b.customer, min(f.valid_from) AS met_at
			FROM begun b JOIN found f ON f.customer = b.customer AND f.valid_from >= b.started_at AND f.valid_from < b.known_at
			WHERE CASE WHEN f.fact = 'implementation_met' AND coalesce(f.agreed_at <= f.valid_from, true) THEN nudge.fact_flag(f.fact, f.value) END
			GROUP BY b.no, b.customer
		), implementation AS (
			SELECT b.no, b.customer, b.label, b.started_at, m.met_at, extract(epoch FROM coalesce(m.met_at, b.known_at) - b.started_at) / 86400 AS days, m.met_at IS NOT NULL AS reached
			FROM begun b LEFT JOIN met m ON m.no = b.no AND m.customer = b.customer
		), line AS (
			-- what each adds to the metrics of account_share_metrics
			SELECT v.metric, a.no, a.customer, a.label, NULL::text AS item, coalesce(v.met, false)::integer::numeric AS numerator, 1::numeric AS denominator, v.value AS detail
			FROM account a LEFT JOIN (
				SELECT l.no, l.customer, max(l.value) FILTER (WHERE l.fact = 'upsell_identified') AS upsell_identified, max(l.value) FILTER (WHERE l.fact = 'unmet_need') AS unmet_need,
					max(l.value) FILTER (WHERE l.fact = 'growth_plan') AS growth_plan, max(l.value) FILTER (WHERE l.fact = 'referenceable') AS referenceable, max(l.value) FILTER (WHERE l.fact = 'documented_roi') AS documented_roi
				FROM latest l GROUP BY l.no, l.customer
			) r ON r.no = a.no AND r.customer = a.customer,
				LATERAL (VALUES ('expansion_opportunity_coverage', nudge.fact_flag('upsell_identified', r.upsell_identified), r.upsell_identified), ('solution_gap_identification_rate', nudge.fact_flag('unmet_need', r.unmet_need), r.unmet_need),
					('strategic_account_planning_rate', nudge.fact_flag('growth_plan', r.growth_plan), r.growth_plan), ('reference_customer_rate', nudge.fact_flag('referenceable', r.referenceable), r.referenceable),
					('roi_realization_rate', nudge.fact_number('documented_roi', r.documented_roi) >= 1, r.documented_roi)) v(metric, met, value)
			WHERE a.active
			UNION ALL
			SELECT 'qbr_completion_rate', a.no, a.customer, a.label, NULL, coalesce(h.held, false)::integer::numeric, 1::numeric, h.held::text
			FROM account a LEFT JOIN held h ON h.no = a.no AND h.customer = a.customer WHERE a.active
			UNION ALL
			-- criteria that were agreed after their outcome do not count
			SELECT i.metric, i.no, i.customer, i.label, i.item_no::text, CASE WHEN i.too_late IS NOT TRUE THEN nudge.fact_flag(i.fact, i.value)::integer::numeric END,
				CASE WHEN i.too_late IS NOT TRUE THEN 1::numeric END, CASE WHEN i.too_late THEN 'agreed after its outcome' ELSE i.value END
			FROM item i
			UNION ALL
			SELECT v.metric, a.no, a.customer, a.label, NULL, v.numerator::numeric, 1::numeric, s.words
			FROM account a LEFT JOIN sponsor s ON s.no = a.no AND s.customer = a.customer,
				LATERAL (VALUES ('sponsor_health_rate', (s.level >= %8$s)::integer), ('sponsor_coverage_rate', (s.level IS NOT NULL)::integer)) v(metric, numerator)
			WHERE a.active AND (v.metric = 'sponsor_coverage_rate' OR s.level IS NOT NULL)
			UNION ALL
			SELECT 'executive_relationship_rate', a.no, a.customer, a.label, NULL, coalesce(c.levels >= %9$s, false)::integer::numeric, 1::numeric, c.words
			FROM account a LEFT JOIN contact c ON c.no = a.no AND c.customer = a.customer WHERE a.active
			UNION ALL
			SELECT 'wallet_share', s.no, s.customer, s.label, NULL, s.mrr * %10$L::numeric, CASE WHEN s.mrr IS NOT NULL THEN s.number END, s.value
			FROM sound JOIN spend s ON sound.checked AND s.number > 0
			UNION ALL
			SELECT 'solution_fit_score', a.no, a.customer, a.label, NULL, nudge.fact_number(l.fact, l.value), 1::numeric, l.value
			FROM account a JOIN latest l ON l.no = a.no AND l.customer = a.customer AND l.fact = 'solution_fit' WHERE a.active
			UNION ALL
			SELECT 'account_expansion_rate', g.no, g.customer, g.label, NULL, (g.mrr > g.quarter_mrr)::integer::numeric, 1::numeric, format('%%s to %%s', g.quarter_mrr, g.mrr) FROM growth g
			UNION ALL
			SELECT 'multi_year_contract_rate', k.no, k.customer, a.label, k.contract, (k.term_months >= %11$L::numeric)::integer::numeric, 1::numeric, format('%%s months', k.term_months)
			FROM (SELECT d.no, c.* FROM contract c JOIN day d ON c.signed_at < d.known_at AND c.signed_at >= nudge.day_close(nudge.months_before(d.as_of, %12$s), %1$L)) k
			LEFT JOIN account a ON a.no = k.no AND a.customer = k.customer
			WHERE a.customer IS NOT NULL OR %2$L::regclass IS NULL
			UNION ALL
			SELECT 'revenue_contribution', a.no, a.customer, a.label, NULL, a.mrr, a.mrr, a.segment FROM account a WHERE a.mrr > 0
			UNION ALL
			SELECT m.metric, a.no, a.customer, a.label, NULL, ((a.mrr > 0)::integer - CASE m.metric WHEN 'customer_count_growth' THEN (a.year_mrr > 0)::integer ELSE 0 END)::numeric,
				(a.year_mrr > 0)::integer::numeric, CASE WHEN a.year_mrr = 0 THEN 'new' WHEN a.mrr = 0 THEN 'lost' ELSE 'kept' END
			FROM (VALUES ('customer_growth_multiple'), ('customer_count_growth')) m(metric), account a
			WHERE a.mrr > 0 OR a.year_mrr > 0
			UNION ALL
			SELECT 'implementation_days', i.no, i.customer, i.label, NULL, CASE WHEN i.reached THEN i.days END, CASE WHEN i.reached THEN 1::numeric END, CASE WHEN i.reached THEN 'reached' ELSE 'open' END
			FROM implementation i
		), criterion AS (
			-- what was not agreed before its outcome is no agreed criterion
			SELECT n.no, f.customer, count(*) FILTER (WHERE f.agreed) AS agreed, count(*) FILTER (WHERE f.agreed AND f.met) AS met, count(*) FILTER (WHERE NOT f.agreed) AS other
			FROM (SELECT c.customer, c.from_no, c.until_no, coalesce(c.agreed_at <= c.valid_from, false) AS agreed, nudge.fact_flag(c.fact, c.value) AS met
				FROM found c WHERE c.fact = 'criterion_met' AND c.from_no < c.until_no) f JOIN day n ON n.no >= f.from_no AND n.no < f.until_no
			GROUP BY n.no, f.customer
		), used AS (
			SELECT d.no, u.customer COLLATE "C" AS customer, max(u.usage_ratio) AS ratio FROM day d, LATERAL nudge.recent_usage_ratio(%13$L, d.as_of, %14$L, %1$L) u WHERE u.complete GROUP BY 1, 2
		), outcome AS (
			SELECT a.no, a.customer, a.label, coalesce(c.agreed, 0) AS criteria, coalesce(c.met, 0) AS criteria_met, coalesce(c.other, 0) AS criteria_not_agreed, k.score, u.ratio AS usage_ratio,
				k.score * CASE WHEN u.ratio > 1 THEN 1 ELSE u.ratio END AS value_index
			FROM account a LEFT JOIN criterion c ON c.no = a.no AND c.customer = a.customer LEFT JOIN used u ON u.no = a.no AND u.customer = a.customer,
				LATERAL (SELECT c.met::numeric / nullif(c.agreed, 0) AS score) k
			WHERE a.active
		)$query$, zone, customers::oid, account_facts::oid, facts, contracts::oid, buckets, sponsor_levels, healthy, minimum_levels, category_spend_months, multi_year_months, contract_months, usage::oid, grain);
END
$$;
COMMENT ON FUNCTION nudge.account_query(regclass, regclass, text[], regclass, text, integer, text[], text, integer, numeric, numeric, integer, regclass, text) IS
	'Works for the reports on accounts: the WITH clause of what accounts are, and of what is recorded of them, at the close of some days. Not STRICT: NULL inputs are not known';
