/*
 * views.sql
 *		The views of nudge_reporting that are shipped, and what makes them: files
 *		views_*.sql have the rows, each of a subject.
 *
 * Rules: doc/reporting.md.
 */

-- Queries are texts, since what they read is only there once it is deployed.
-- {metric_values} stands for the scans of marts that metrics are read from, the
-- other braces for settings of deploy(), as in nudge.shipped_marts.
CREATE TABLE nudge.shipped_views (
	name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$' OR name = '_metabase_metadata'),
	subject text NOT NULL,
	place integer NOT NULL UNIQUE,
	marts text[] NOT NULL DEFAULT '{}',
	query text NOT NULL,
	display_name text NOT NULL,
	description text NOT NULL CHECK (description ~ '^One row per [^.]+[.]'),
	caveats text,
	columns jsonb NOT NULL CHECK (jsonb_typeof(columns) = 'object'),
	semantic_types jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(semantic_types) = 'object'),
	display_names jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(display_names) = 'object')
);
GRANT SELECT ON nudge.shipped_views TO PUBLIC;
COMMENT ON TABLE nudge.shipped_views IS 'The views of nudge_reporting that are shipped; deploy() makes those whose marts are there';
COMMENT ON COLUMN nudge.shipped_views.name IS 'Name of the view; no other relation of the database should have it';
COMMENT ON COLUMN nudge.shipped_views.subject IS 'What it is about: general, revenue and others';
COMMENT ON COLUMN nudge.shipped_views.place IS 'Order in which they are made: after what they read';
COMMENT ON COLUMN nudge.shipped_views.marts IS 'Marts that must be there for it';
COMMENT ON COLUMN nudge.shipped_views.query IS 'Its query, with {zone}, {week_start}, {fiscal_year_start} and {currency} for settings of deploy(), and {metric_values} for the scans of marts';
COMMENT ON COLUMN nudge.shipped_views.display_name IS 'Name for people';
COMMENT ON COLUMN nudge.shipped_views.description IS 'Comment on the view: what one row is, then what it tells';
COMMENT ON COLUMN nudge.shipped_views.caveats IS 'What to take care of, as Metabase shows it; NULL if nothing';
COMMENT ON COLUMN nudge.shipped_views.columns IS 'Comments on its columns, by name';
COMMENT ON COLUMN nudge.shipped_views.semantic_types IS 'What columns mean to Metabase, by name: type/Currency, type/Percentage and others';
COMMENT ON COLUMN nudge.shipped_views.display_names IS 'Names of columns for people, by name, where theirs does not read well';

CREATE FUNCTION nudge.reporting_view(name text) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET quote_all_identifiers = off
	RETURN format('nudge_reporting.%I', name);
COMMENT ON FUNCTION nudge.reporting_view(text) IS 'Works for deploy: name of a view that BI tools read, with its schema';

-- What deploy() would do with the views, once it has done what it does with marts.
CREATE FUNCTION nudge.view_plan() RETURNS TABLE (place integer, action text, name text, object text, lock text, estimate text)
	LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 20
BEGIN ATOMIC
	SELECT v.place, CASE WHEN to_regclass(nudge.reporting_view(v.name)) IS NOT NULL THEN 'change view' WHEN m.missing IS NOT NULL THEN 'leave out' ELSE 'make view' END, v.name, nudge.reporting_view(v.name),
		CASE WHEN m.missing IS NULL AND to_regclass(nudge.reporting_view(v.name)) IS NOT NULL THEN format('ACCESS EXCLUSIVE on %s, until the end of the transaction', nudge.reporting_view(v.name)) END,
		CASE WHEN m.missing IS NOT NULL THEN format('not there: %s', m.missing) ELSE 'a view: nothing is computed' END
	FROM nudge.shipped_views v, LATERAL (
		SELECT string_agg(w, ', ' ORDER BY w COLLATE "C") AS missing FROM unnest(v.marts) w
		WHERE NOT EXISTS (SELECT FROM nudge.materialisations t WHERE t.name = w)
			AND NOT EXISTS (SELECT FROM nudge.shipped_marts s WHERE s.name = w AND NOT EXISTS (SELECT FROM unnest(s.inputs) i WHERE to_regclass(nudge.staging_name(i)) IS NULL))
	) m
	WHERE m.missing IS NULL OR to_regclass(nudge.reporting_view(v.name)) IS NULL
	ORDER BY v.place;
END;
COMMENT ON FUNCTION nudge.view_plan() IS 'Works for deploy: which views of nudge_reporting it would make. Not STRICT: it has no arguments';

CREATE FUNCTION nudge.make_reporting_view(name text, settings nudge.deployment) RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	v nudge.shipped_views;
BEGIN
	SELECT s.* INTO v FROM nudge.shipped_views s WHERE s.name = make_reporting_view.name;
	IF to_regnamespace('nudge_reporting') IS NULL THEN
		CREATE SCHEMA nudge_reporting;
		COMMENT ON SCHEMA nudge_reporting IS 'Views of nudge_metrics that BI tools read';
	END IF;
	PERFORM nudge.make_shipped_view(nudge.reporting_view(name), nudge.fill_in(replace(v.query, '{metric_values}', nudge.metric_values_query()), settings), v.description, v.columns);
END
$$;
COMMENT ON FUNCTION nudge.make_reporting_view(text, nudge.deployment) IS 'Works for deploy: makes or replaces a view of nudge_reporting, with its comments';

-- Rules of what BI tools read -------------------------------------------------

CREATE FUNCTION nudge.reporting_problems(relation regclass) RETURNS TABLE (column_name text, problem text)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 2
BEGIN ATOMIC
	WITH it AS (
		SELECT c.oid, c.relname::text AS name, c.relkind, obj_description(c.oid, 'pg_class') AS description FROM pg_catalog.pg_class c WHERE c.oid = reporting_problems.relation
	), field AS (
		SELECT a.attname::text AS name, a.attnum, a.atttypid, a.atttypmod, col_description(a.attrelid, a.attnum) AS description FROM pg_catalog.pg_attribute a
		WHERE a.attrelid = reporting_problems.relation AND a.attnum > 0 AND NOT a.attisdropped
	)
	SELECT p.column_name, p.problem FROM (
		SELECT 0 AS n, NULL AS column_name, 'it is no view: others are not seen, or not whole' AS problem FROM it WHERE it.relkind <> 'v'
		UNION ALL SELECT 0, NULL, 'its name is not of small letters, digits and underscores' FROM it WHERE it.name !~ '^[a-z][a-z0-9_]*$' AND it.name <> '_metabase_metadata'
		UNION ALL SELECT 0, NULL, 'its name is hidden by Metabase as that of a technical table' FROM it WHERE it.name ~ '(^cache|_cache$|^config$|^queue$|^batch$|^sessions$|^registry|_revision$)'
		UNION ALL SELECT 0, NULL, format('%s.%s has its name as well', n.nspname, o.relname) FROM it
			JOIN pg_catalog.pg_class o ON o.relname::text = it.name AND o.oid <> it.oid AND o.relkind IN ('r', 'p', 'v', 'm', 'f')
			JOIN pg_catalog.pg_namespace n ON n.oid = o.relnamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
		UNION ALL SELECT 0, NULL, 'its comment does not begin with what one row is: One row per ...' FROM it WHERE it.description !~ '^One row per ' OR it.description IS NULL
		UNION ALL SELECT f.attnum, f.name, 'its name is not of small letters, digits and underscores' FROM field f WHERE f.name !~ '^[a-z][a-z0-9_]*$'
		UNION ALL SELECT f.attnum, f.name, 'it has no comment' FROM field f WHERE f.description IS NULL
		UNION ALL SELECT f.attnum, f.name, format('it is of type %s', format_type(f.atttypid, f.atttypmod)) FROM field f
			WHERE f.atttypid <> ALL ('{date,timestamptz,numeric,integer,bigint,double precision,text,boolean}'::regtype[])
		UNION ALL SELECT f.attnum, f.name, 'it is numeric without precision and scale' FROM field f WHERE f.atttypid = 'numeric'::regtype AND f.atttypmod = -1
		UNION ALL SELECT f.attnum, f.name, 'cents are shown as if they were whole' FROM field f WHERE f.name ~ '_cents$'
	) p ORDER BY p.n, p.column_name COLLATE "C", p.problem COLLATE "C";
END;
COMMENT ON FUNCTION nudge.reporting_problems(regclass) IS 'Works for check_reporting: what about a relation, and its columns, BI tools stumble over';

-- Values that clients fail on, by one scan.
CREATE FUNCTION nudge.reporting_values(relation regclass) RETURNS TABLE (column_name text, problem text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 2 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	names text[];
	counts text;
BEGIN
	SELECT array_agg(a.attname::text ORDER BY a.attnum),
		string_agg(format('count(*) FILTER (WHERE %s)', CASE WHEN a.atttypid IN ('date'::regtype, 'timestamptz'::regtype) THEN format('NOT isfinite(r.%I)', a.attname)
			ELSE format('r.%I IN (''NaN'', ''Infinity'', ''-Infinity'')', a.attname) END), ', ' ORDER BY a.attnum)
	INTO names, counts FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = ANY ('{date,timestamptz,numeric,double precision}'::regtype[]);
	IF names IS NOT NULL THEN
		RETURN QUERY EXECUTE format('SELECT c.name, format(''it is NaN or infinite in %%s rows'', c.n) FROM (SELECT ARRAY[%s]::bigint[] AS counts FROM %s r) s, unnest($1, s.counts) c(name, n) WHERE c.n > 0', counts, relation) USING names;
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.reporting_values(regclass) IS 'Works for check_reporting: columns of a relation that hold what clients fail on';

CREATE FUNCTION nudge.check_reporting(with_values boolean DEFAULT false) RETURNS TABLE (view_name text, column_name text, problem text)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 10 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one record;
BEGIN
	FOR one IN SELECT c.oid::regclass AS id, c.relname::text AS name FROM pg_class c WHERE c.relnamespace = to_regnamespace('nudge_reporting') AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY c.relname::text COLLATE "C" LOOP
		RETURN QUERY SELECT one.name, p.column_name, p.problem FROM nudge.reporting_problems(one.id) p;
		IF with_values THEN
			RETURN QUERY SELECT one.name, p.column_name, p.problem FROM nudge.reporting_values(one.id) p;
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.check_reporting(boolean) IS
	'What BI tools would stumble over in nudge_reporting, views of your own included: types, names, comments, and with_values also NaN and infinity, by a scan of each. Not STRICT: NULL is false';
