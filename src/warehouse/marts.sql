/*
 * marts.sql
 *		The materialisations that are shipped: deploy() adds those whose inputs
 *		are mapped.
 *
 * Rules: doc/marts.md.
 */

-- Queries are texts, since the inputs that they read are only there once they
-- are mapped.
CREATE FUNCTION nudge.shipped_materialisations(zone text DEFAULT 'UTC', buckets integer DEFAULT 256)
	RETURNS TABLE (place integer, name text, inputs text[], key_column text, row_key text[], layer text, query text, clock_query text, description text)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 3
BEGIN ATOMIC
	SELECT m.place, m.name, m.inputs, m.key_column, m.row_key, m.layer, m.query, m.clock_query, m.description
	FROM (VALUES
		(1, 'customer_mrr', '{subscriptions}'::text[], 'customer', '{customer,currency}'::text[], 'mart', format($query$
SELECT s.customer, upper(btrim(s.currency)) AS currency, nudge.bucket(s.customer, %s) AS bucket,
	nudge.mrr_agg(s.customer, s.valid_from, s.valid_to,
		nudge.monthly_amount(s.amount, s.interval_unit, s.interval_count, coalesce(s.quantity, 1))
			* (1 - CASE WHEN lower(btrim(s.discount_kind)) = 'once' THEN 0 ELSE coalesce(s.discount, 0) END)) AS state
FROM nudge_staging.subscriptions s
WHERE s.usage IS NOT TRUE AND lower(btrim(s.interval_unit)) <> 'none'
	AND (lower(btrim(s.status)) IN ('active', 'at_risk') OR lower(btrim(s.status)) = 'ended' AND s.valid_to IS NOT NULL)
GROUP BY s.customer, upper(btrim(s.currency))$query$, shipped_materialisations.buckets), NULL,
			'MRR over time of each customer, by currency: a state for functions such as mrr_waterfall. Grain: customer and currency'),
		(2, 'mrr_buckets', '{subscriptions}', 'bucket', '{bucket,currency}', 'mart', $query$
SELECT c.bucket, c.currency, count(*) AS customers, nudge.rollup(c.state) AS state
FROM nudge_analytics.customer_mrr c
GROUP BY c.bucket, c.currency$query$, NULL,
			'MRR over time of customers by hash bucket, by currency: totals roll up a few states instead of one of each customer. Grain: bucket and currency'),
		(3, 'mrr_summary', '{subscriptions}', 'currency', '{currency,period}', 'metric', format($query$
SELECT b.currency, w.period, w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.fx_mrr, w.net_new_mrr, w.closing_mrr,
	w.opening_customers, w.new_customers, w.reactivated_customers, w.expanded_customers, w.contracted_customers, w.churned_customers, w.closing_customers, w.complete
FROM (SELECT m.currency, nudge.rollup(m.state) AS state FROM nudge_analytics.mrr_buckets m GROUP BY m.currency) b,
	LATERAL nudge.mrr_waterfall(b.state, 'month', %1$L, nudge.as_of()) w$query$, shipped_materialisations.zone),
			'SELECT DISTINCT m.currency, nudge.as_of() FROM nudge_analytics.mrr_buckets m',
			format('MRR waterfall by month and currency: opening, movements, closing. Months of time zone %s', shipped_materialisations.zone))
	) m(place, name, inputs, key_column, row_key, layer, query, clock_query, description);
END;
COMMENT ON FUNCTION nudge.shipped_materialisations(text, integer) IS 'The materialisations that deploy() adds, and the inputs that must be mapped for each';

-- What deploy would do, in its order.
CREATE FUNCTION nudge.deploy_plan(zone text, buckets integer) RETURNS TABLE (place bigint, action text, object text, statement text, lock text, estimate text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 30 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		WITH shipped AS (
			SELECT m.*, (SELECT string_agg(i, ', ' ORDER BY i COLLATE "C") FROM unnest(m.inputs) i WHERE to_regclass(format('nudge_staging.%I', i)) IS NULL) AS missing
			FROM nudge.shipped_materialisations(deploy_plan.zone, deploy_plan.buckets) m
		), steps AS (
			SELECT 1 AS part, s.source AS detail, 0 AS n, CASE WHEN s.relation IS NULL OR c.relkind NOT IN ('r', 'p') THEN 'cannot track' ELSE 'track source' END AS action, s.source AS object,
				format('SELECT nudge.track_source(%L)', s.source) AS statement,
				CASE WHEN c.relkind IN ('r', 'p') THEN format('SHARE ROW EXCLUSIVE on %s until the end of the transaction: writers wait, readers do not', s.relation) END AS lock,
				CASE WHEN c.relkind IN ('r', 'p') THEN CASE WHEN c.reltuples < 0 THEN 'rows not known: never analyzed' ELSE format('about %s rows', c.reltuples::bigint) END
					ELSE 'a query, view or foreign table: each refresh computes everything that reads it' END AS estimate
			FROM nudge.sources s LEFT JOIN pg_class c ON c.oid = to_regclass(s.relation)
			WHERE s.input IN (SELECT unnest(m.inputs) FROM shipped m WHERE m.missing IS NULL)
				AND NOT EXISTS (SELECT FROM nudge.trackings t WHERE t.source = s.source AND t.capture <> 'none')
			UNION ALL
			SELECT 2, NULL, m.place, CASE WHEN m.missing IS NOT NULL THEN 'leave out' WHEN r.name IS NULL THEN 'add materialisation' ELSE 'change materialisation' END, nudge.mart_table(m.name), NULL,
				CASE WHEN m.missing IS NULL AND r.name IS NOT NULL THEN format('ACCESS EXCLUSIVE on %s, for moments', nudge.definition_view(m.name)) END,
				CASE WHEN m.missing IS NOT NULL THEN format('not mapped: %s', m.missing) WHEN r.name IS NULL THEN 'computed wholly by its next refresh' ELSE 'computed wholly by its next refresh if its query is another' END
			FROM shipped m LEFT JOIN nudge.materialisations r ON r.name = m.name
		)
		SELECT row_number() OVER (ORDER BY s.part, s.n, s.detail COLLATE "C"), s.action, s.object, s.statement, s.lock, s.estimate FROM steps s ORDER BY 1;
END
$$;
COMMENT ON FUNCTION nudge.deploy_plan(text, integer) IS 'Works for deploy: what it would do';

CREATE FUNCTION nudge.deploy(dry_run boolean DEFAULT false, zone text DEFAULT 'UTC', buckets integer DEFAULT 256) RETURNS TABLE (place bigint, action text, object text, lock text, estimate text)
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 30 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	plan record;
	shipped record;
BEGIN
	-- an error unless it is one
	PERFORM nudge.civil_date(now(), zone);
	IF buckets NOT BETWEEN 1 AND 65536 THEN
		RAISE EXCEPTION 'buckets must be between 1 and 65536' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It is %s.', buckets),
			HINT = 'A bucket for every 4,000 customers is best.';
	END IF;
	FOR plan IN SELECT p.* FROM nudge.deploy_plan(zone, buckets) p ORDER BY p.place LOOP
		IF NOT dry_run AND plan.action = 'track source' THEN
			EXECUTE plan.statement;
		ELSIF NOT dry_run AND plan.action ~ ' materialisation$' THEN
			SELECT m.* INTO shipped FROM nudge.shipped_materialisations(zone, buckets) m WHERE nudge.mart_table(m.name) = plan.object;
			PERFORM nudge.add_materialisation(shipped.name, shipped.query, shipped.key_column, shipped.row_key, shipped.layer,
				clock_query => shipped.clock_query, description => shipped.description);
		END IF;
		place := plan.place;
		action := plan.action;
		object := plan.object;
		lock := plan.lock;
		estimate := plan.estimate;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.deploy(boolean, text, integer) IS
	'Tracks the sources and adds the materialisations that are shipped, as far as their inputs are mapped; tells what it does, or with dry_run only what it would do. Nothing is computed before the next refresh';

CREATE FUNCTION nudge.undeploy(dry_run boolean DEFAULT false) RETURNS TABLE (place bigint, action text, object text)
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 30 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	FOR one IN
		SELECT row_number() OVER (ORDER BY s.part, s.depth DESC, s.name COLLATE "C") AS place, s.action, s.name FROM (
			SELECT 1 AS part, o.depth, 'drop materialisation' AS action, o.name FROM nudge.refresh_order() o WHERE o.name IN (SELECT m.name FROM nudge.shipped_materialisations() m)
			UNION ALL
			-- others may still need to know what changes
			SELECT 2, 0, 'untrack source', t.source FROM nudge.trackings t JOIN nudge.sources s ON s.source = t.source
			WHERE NOT EXISTS (SELECT FROM nudge.dependencies d WHERE d.upstream = nudge.staging_name(s.input)
				AND d.materialisation NOT IN (SELECT m.name FROM nudge.shipped_materialisations() m))
		) s ORDER BY 1 LOOP
		IF NOT dry_run AND one.action = 'drop materialisation' THEN
			PERFORM nudge.drop_materialisation(one.name);
		ELSIF NOT dry_run THEN
			PERFORM nudge.untrack_source(one.name);
		END IF;
		place := one.place;
		action := one.action;
		object := CASE one.action WHEN 'untrack source' THEN one.name ELSE nudge.mart_table(one.name) END;
		RETURN NEXT;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.undeploy(boolean) IS
	'Drops the materialisations that are shipped, and the triggers of sources that no other materialisation reads; mappings and your own tables stay as they are';

DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
BEGIN
	REVOKE EXECUTE ON FUNCTION nudge.deploy(boolean, text, integer), nudge.undeploy(boolean) FROM PUBLIC;
	EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION nudge.deploy(boolean, text, integer), nudge.undeploy(boolean) TO %s WITH GRANT OPTION', owner);
END
$$;
