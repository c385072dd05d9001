/*
 * dimensions.sql
 *		Attributes of customers as they were at a time, or as they are now.
 *
 * Rules: doc/dimensions.md.
 */

-- The rows of one attribute, or of all, known before as_of.
CREATE FUNCTION nudge.dimension_rows(dimension_history regclass, dimension text DEFAULT NULL, as_of timestamptz DEFAULT NULL)
	RETURNS TABLE (customer text, dimension_name text, value text, valid_from timestamptz, valid_to timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH line AS MATERIALIZED (
			SELECT h.customer, h.dimension, h.value, h.valid_from, h.valid_to
			FROM (%s) h
			WHERE ($1 IS NULL OR h.dimension IS NULL OR h.dimension = $1) AND (h.valid_from IS NULL OR coalesce(h.valid_from < $2, true))
		), one AS MATERIALIZED (
			SELECT nudge.check_input('dimension_history', count(*) FILTER (WHERE l.customer IS NULL OR l.dimension IS NULL OR l.value IS NULL OR l.valid_from IS NULL)),
				nudge.check_intervals('dimension_history', count(*) FILTER (WHERE l.valid_to < l.valid_from)) AS checked
			FROM line l
		)
		-- an end that is not before as_of is not known then
		SELECT l.customer, l.dimension, l.value, l.valid_from, CASE WHEN coalesce(l.valid_to < $2, true) THEN l.valid_to END
		FROM one, line l
		ORDER BY l.customer COLLATE "C", l.dimension COLLATE "C", l.valid_from, l.value COLLATE "C", l.valid_to
		$query$, nudge.input_query('dimension_history', dimension_history)) USING dimension, as_of;
END
$$;
COMMENT ON FUNCTION nudge.dimension_rows(regclass, text, timestamptz) IS
	'The rows of dimension_history known before an instant, checked. Not STRICT: a NULL relation has no rows, a NULL dimension is all, a NULL as_of no bound';

CREATE FUNCTION nudge.dimension_spans(dimension_history regclass, dimension text DEFAULT NULL, as_of timestamptz DEFAULT NULL)
	RETURNS TABLE (customer text, dimension_name text, value text, valid_from timestamptz, valid_to timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100000 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
		WITH line AS MATERIALIZED (
			SELECT r.customer, r.dimension_name, r.value, r.valid_from, coalesce(r.valid_to, 'infinity') AS valid_to
			FROM nudge.dimension_rows(dimension_history, dimension_spans.dimension, as_of) r WHERE coalesce(r.valid_from < r.valid_to, true)
		), edge AS (
			SELECT e.customer, e.dimension_name, e.at AS valid_from, lead(e.at) OVER (PARTITION BY e.customer, e.dimension_name ORDER BY e.at) AS valid_to
			FROM (SELECT l.customer, l.dimension_name, l.valid_from AS at FROM line l UNION SELECT l.customer, l.dimension_name, l.valid_to FROM line l) e
		), piece AS (
			SELECT DISTINCT ON (e.customer, e.dimension_name, e.valid_from) e.customer, e.dimension_name, l.value, e.valid_from, e.valid_to
			FROM edge e JOIN line l ON l.customer = e.customer AND l.dimension_name = e.dimension_name AND l.valid_from <= e.valid_from AND e.valid_from < l.valid_to
			-- of several in force what began last
			ORDER BY e.customer, e.dimension_name, e.valid_from, l.valid_from DESC, l.value COLLATE "C", l.valid_to
		), run AS (
			SELECT p.*, count(*) FILTER (WHERE p.is_new) OVER (PARTITION BY p.customer, p.dimension_name ORDER BY p.valid_from) AS n
			FROM (SELECT q.*, (lag(q.value) OVER same, lag(q.valid_to) OVER same) IS DISTINCT FROM (q.value, q.valid_from) AS is_new
				FROM piece q WINDOW same AS (PARTITION BY q.customer, q.dimension_name ORDER BY q.valid_from)) p
		)
		SELECT r.customer, r.dimension_name, min(r.value), min(r.valid_from), nullif(max(r.valid_to), 'infinity')
		FROM run r GROUP BY r.customer, r.dimension_name, r.n
		ORDER BY r.customer COLLATE "C", r.dimension_name COLLATE "C", min(r.valid_from);
END
$$;
COMMENT ON FUNCTION nudge.dimension_spans(regclass, text, timestamptz) IS
	'The values of an attribute, or of all, as spans that do not overlap: of several in force at once that which began last. What happened at a time is joined to at most one. Not STRICT: a NULL relation has no rows, a NULL dimension is all, a NULL as_of no bound';

CREATE FUNCTION nudge.dimension_at(dimension_history regclass, at timestamptz, dimension text DEFAULT 'segment')
	RETURNS TABLE (customer text, value text, valid_from timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10000 COST 10000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	IF dimension_at.at IS NULL OR dimension_at.dimension IS NULL THEN
		RAISE EXCEPTION 'at and dimension must not be null' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'A value is of one attribute, and of one time.',
			HINT = 'Pass now() for the values of now.';
	END IF;
	RETURN QUERY
		SELECT DISTINCT ON (r.customer COLLATE "C") r.customer, r.value, r.valid_from
		FROM nudge.dimension_rows(dimension_history, dimension_at.dimension) r
		WHERE r.valid_from <= dimension_at.at AND coalesce(dimension_at.at < r.valid_to, true)
		ORDER BY r.customer COLLATE "C", r.valid_from DESC, r.value COLLATE "C";
END
$$;
COMMENT ON FUNCTION nudge.dimension_at(regclass, timestamptz, text) IS
	'The value of an attribute of each customer that has one at an instant. Not STRICT: a NULL relation has no rows, other NULLs are errors';

CREATE FUNCTION nudge.customers_then(customers regclass, dimension_history regclass, at timestamptz DEFAULT NULL)
	RETURNS TABLE (customer text, created_at timestamptz, name text, segment text, industry text, company_size text, region text, growth_tier text,
		sales_channel text, owner text, currency text, initial_amount numeric, internal boolean, attributes jsonb)
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 10000 COST 20000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$
		WITH known AS (
			-- of each attribute with a history its value then, NULL if it had none
			SELECT s.customer, jsonb_object_agg(s.dimension_name, s.value) AS value
			FROM (SELECT h.customer, h.dimension_name,
					(array_agg(h.value ORDER BY h.valid_from DESC, h.value COLLATE "C") FILTER (WHERE h.valid_from <= $1 AND coalesce($1 < h.valid_to, true)))[1] AS value
				FROM nudge.dimension_rows($2) h GROUP BY h.customer, h.dimension_name) s
			WHERE $1 IS NOT NULL
			GROUP BY s.customer
		)
		SELECT c.customer, c.created_at, c.name, %s, c.currency, c.initial_amount, c.internal,
			CASE WHEN o.value IS NULL THEN c.attributes ELSE nullif(coalesce(c.attributes, '{}') || o.value, '{}') END
		FROM (%s) c LEFT JOIN known t ON t.customer = c.customer
			LEFT JOIN LATERAL (SELECT t.value - '{segment,industry,company_size,region,growth_tier,sales_channel,owner}'::text[] AS value) o ON o.value <> '{}'
		ORDER BY c.customer COLLATE "C"
		$query$,
		(SELECT string_agg(format('CASE WHEN t.value ? %1$L THEN t.value ->> %1$L ELSE c.%1$I END', d), ', ' ORDER BY n)
			FROM unnest('{segment,industry,company_size,region,growth_tier,sales_channel,owner}'::text[]) WITH ORDINALITY u(d, n)),
		nudge.input_query('customers', customers)) USING at, dimension_history;
END
$$;
COMMENT ON FUNCTION nudge.customers_then(regclass, regclass, timestamptz) IS
	'The input customers with attributes as they were at an instant: a view of it gives any report the segments then. An attribute without any history stays as it is. Not STRICT: a NULL relation has no rows, a NULL time is now, as customers has it';
