/*
 * deploy.sql
 *		All that is shipped, with one call: sources are tracked, marts added, views
 *		and what audiences may read made.
 *
 * Rules: doc/marts.md.
 */

-- What deploy would do, in its order.
CREATE FUNCTION nudge.deploy_plan(settings nudge.deployment) RETURNS TABLE (place bigint, action text, name text, object text, lock text, estimate text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 30 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
		WITH shipped AS (
			SELECT m.*, (SELECT string_agg(i, ', ' ORDER BY i COLLATE "C") FROM unnest(m.inputs) i WHERE to_regclass(nudge.staging_name(i)) IS NULL) AS missing
			FROM nudge.shipped_marts m
		), steps AS (
			SELECT 1 AS part, s.source AS detail, 0 AS n, CASE WHEN p.problem IS NOT NULL THEN 'cannot track' ELSE 'track source' END AS action, s.source AS name, s.source AS object,
				CASE WHEN p.problem IS NULL THEN format('SHARE ROW EXCLUSIVE on %s until the end of the transaction: writers wait, readers do not', s.relation) END AS lock,
				coalesce(p.problem, CASE WHEN c.reltuples < 0 THEN 'rows not known: never analyzed' ELSE format('about %s rows', c.reltuples::bigint) END) AS estimate
			FROM nudge.sources s LEFT JOIN pg_class c ON c.oid = to_regclass(s.relation), LATERAL (SELECT nudge.tracking_problem(s.source) AS problem OFFSET 0) p
			WHERE s.input IN (SELECT unnest(m.inputs || m.optional_inputs || CASE WHEN m.query ~ '[{](rates|[a-z_]+[$][?*@]?)[}]' THEN '{exchange_rates}' ELSE '{}'::text[] END) FROM shipped m WHERE m.missing IS NULL)
				-- how it is tracked somebody has chosen, even if that is not at all
				AND NOT EXISTS (SELECT FROM nudge.trackings t WHERE t.source = s.source)
			UNION ALL
			SELECT 2, i.input, 0, 'convert input', i.input, nudge.converted_view(i.input), NULL,
				CASE WHEN settings.currency IS NULL THEN 'amounts as they are: no currency is chosen' WHEN to_regclass(nudge.staging_name('exchange_rates')) IS NULL THEN 'amounts as they are: exchange_rates is not mapped'
					ELSE format('amounts in %s', settings.currency) END
			FROM nudge.inputs i WHERE nudge.conversion_day(i.input, settings.zone) IS NOT NULL AND to_regclass(nudge.staging_name(i.input)) IS NOT NULL
				AND EXISTS (SELECT FROM shipped m WHERE m.missing IS NULL AND m.query ~ format('[{]%s[$]', i.input))
			UNION ALL
			SELECT 3, NULL, m.place, CASE WHEN m.missing IS NOT NULL THEN 'leave out' WHEN r.name IS NULL THEN 'add materialisation' ELSE 'change materialisation' END, m.name, nudge.mart_table(m.name),
				CASE WHEN m.missing IS NULL AND r.name IS NOT NULL THEN format('ACCESS EXCLUSIVE on %s, for moments', nudge.definition_view(m.name)) END,
				CASE WHEN m.missing IS NOT NULL THEN format('not mapped: %s', m.missing) WHEN r.name IS NULL THEN 'computed wholly by its next refresh' ELSE 'computed wholly by its next refresh if its query is another' END
			FROM shipped m LEFT JOIN nudge.materialisations r ON r.name = m.name
			UNION ALL
			SELECT 4, NULL, v.place, v.action, v.name, v.object, v.lock, v.estimate FROM nudge.staging_view_plan() v
			UNION ALL
			SELECT 5, NULL, v.place, v.action, v.name, v.object, v.lock, v.estimate FROM nudge.view_plan() v
			UNION ALL
			SELECT 5 + a.part, a.name, a.place, a.action, a.name, a.object, a.lock, a.estimate FROM nudge.audience_plan() a
		)
		SELECT row_number() OVER (ORDER BY s.part, s.n, s.detail COLLATE "C"), s.action, s.name, s.object, s.lock, s.estimate FROM steps s ORDER BY 1;
END
$$;
COMMENT ON FUNCTION nudge.deploy_plan(nudge.deployment) IS 'Works for deploy: what it would do with its settings';

CREATE FUNCTION nudge.deploy(dry_run boolean DEFAULT false, zone text DEFAULT NULL, buckets integer DEFAULT NULL, week_start text DEFAULT NULL, fiscal_year_start integer DEFAULT NULL, currency text DEFAULT NULL)
	RETURNS TABLE (place bigint, action text, object text, lock text, estimate text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 30 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	plan record;
	settings constant nudge.deployment := nudge.deploy_settings(zone, buckets, week_start, fiscal_year_start, currency);
BEGIN
	IF dry_run IS NOT TRUE THEN
		INSERT INTO nudge.deployment AS d (zone, buckets, week_start, fiscal_year_start, currency) VALUES ((settings).zone, (settings).buckets, (settings).week_start, (settings).fiscal_year_start, (settings).currency)
		ON CONFLICT ON CONSTRAINT deployment_pkey DO UPDATE SET zone = excluded.zone, buckets = excluded.buckets, week_start = excluded.week_start,
			fiscal_year_start = excluded.fiscal_year_start, currency = excluded.currency, deployed_by = session_user, deployed_at = now();
	END IF;
	FOR plan IN SELECT p.* FROM nudge.deploy_plan(settings) p ORDER BY p.place LOOP
		IF dry_run IS NOT TRUE AND plan.action = 'track source' THEN
			PERFORM nudge.track_source(plan.name);
		ELSIF dry_run IS NOT TRUE AND plan.action = 'convert input' THEN
			PERFORM nudge.make_converted_view(plan.name, settings.currency, settings.zone);
		ELSIF dry_run IS NOT TRUE AND plan.action ~ ' materialisation$' THEN
			PERFORM nudge.add_shipped_mart(plan.name, settings);
		ELSIF dry_run IS NOT TRUE AND plan.action = 'restrict rows' THEN
			PERFORM nudge.restrict_rows(plan.name);
		ELSIF dry_run IS NOT TRUE AND plan.action ~ ' view$' AND EXISTS (SELECT FROM nudge.shipped_audience_views v WHERE v.name = plan.name) THEN
			PERFORM nudge.make_audience_view(plan.name, settings);
		ELSIF dry_run IS NOT TRUE AND plan.action ~ ' view$' AND plan.object = nudge.staging_name(plan.name) THEN
			PERFORM nudge.make_staging_view(plan.name, settings);
		ELSIF dry_run IS NOT TRUE AND plan.action ~ ' view$' THEN
			PERFORM nudge.make_reporting_view(plan.name, settings);
		END IF;
		place := plan.place;
		action := plan.action;
		object := plan.object;
		lock := plan.lock;
		estimate := plan.estimate;
		RETURN NEXT;
	END LOOP;
	IF dry_run IS NOT TRUE THEN
		PERFORM nudge.grant_audiences();
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.deploy(boolean, text, integer, text, integer, text) IS
	'Tracks the sources, adds the materialisations that are shipped, as far as their inputs are mapped, and makes the views that BI tools read; tells what it does, or with dry_run only what it would do. Nothing is computed before the next refresh. Not STRICT: NULL settings are as they were, at first UTC, 256, monday, January and no currency';

CREATE FUNCTION nudge.undeploy(dry_run boolean DEFAULT false) RETURNS TABLE (place bigint, action text, object text)
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 30 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	FOR one IN
		SELECT row_number() OVER (ORDER BY s.part, s.depth DESC, s.name COLLATE "C") AS place, s.action, s.name, s.object FROM (
			SELECT -2 AS part, v.place AS depth, 'drop view' AS action, v.name, nudge.audience_view(v.name, v.audience) AS object FROM nudge.shipped_audience_views v WHERE to_regclass(nudge.audience_view(v.name, v.audience)) IS NOT NULL
			UNION ALL
			-- one may read another mart
			SELECT -1, 0, 'drop policy', m.name, nudge.mart_table(m.name) FROM nudge.shipped_marts m JOIN pg_policy p ON p.polrelid = to_regclass(nudge.mart_table(m.name)) AND p.polname = 'nudge_own_rows'
			UNION ALL
			SELECT 0, v.place, 'drop view', v.name, nudge.reporting_view(v.name) FROM nudge.shipped_views v WHERE to_regclass(nudge.reporting_view(v.name)) IS NOT NULL
			UNION ALL
			SELECT 0, -v.place, 'drop view', v.name, nudge.staging_name(v.name) FROM nudge.shipped_staging_views v WHERE to_regclass(nudge.staging_name(v.name)) IS NOT NULL
			UNION ALL
			SELECT 1, o.depth, 'drop materialisation', o.name, nudge.mart_table(o.name) FROM nudge.refresh_order() o WHERE o.name IN (SELECT m.name FROM nudge.shipped_marts m)
			UNION ALL
			SELECT 2, 0, 'drop converted input', i.input, nudge.converted_view(i.input) FROM nudge.inputs i WHERE to_regclass(nudge.converted_view(i.input)) IS NOT NULL
			UNION ALL
			-- others may still need to know what changes
			SELECT 3, 0, 'untrack source', t.source, t.source FROM nudge.trackings t JOIN nudge.sources s ON s.source = t.source
			WHERE NOT EXISTS (SELECT FROM nudge.dependencies d WHERE d.upstream = nudge.staging_name(s.input)
				AND d.materialisation NOT IN (SELECT m.name FROM nudge.shipped_marts m))
		) s ORDER BY 1 LOOP
		IF NOT dry_run AND one.action IN ('drop view', 'drop converted input') THEN
			EXECUTE format('DROP VIEW %s', one.object);
		ELSIF NOT dry_run AND one.action = 'drop policy' THEN
			EXECUTE format('DROP POLICY nudge_own_rows ON %s', one.object);
		ELSIF NOT dry_run AND one.action = 'drop materialisation' THEN
			PERFORM nudge.drop_materialisation(one.name);
		ELSIF NOT dry_run THEN
			PERFORM nudge.untrack_source(one.name);
		END IF;
		place := one.place;
		action := one.action;
		object := one.object;
		RETURN NEXT;
	END LOOP;
	IF NOT dry_run THEN
		DELETE FROM nudge.deployment;
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.undeploy(boolean) IS
	'Drops the views and the materialisations that are shipped, and the triggers of sources that no other materialisation reads; mappings and your own tables stay as they are';

DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
BEGIN
	REVOKE EXECUTE ON FUNCTION nudge.deploy(boolean, text, integer, text, integer, text), nudge.undeploy(boolean) FROM PUBLIC;
	EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION nudge.deploy(boolean, text, integer, text, integer, text), nudge.undeploy(boolean) TO %s WITH GRANT OPTION', owner);
END
$$;
