/*
 * entities.sql
 *		Whose rows count, and as whose: one list of customers, users, visitors,
 *		leads and deals that are left out, and one of those that are somebody
 *		else's.  The staging views of all inputs read both.
 *
 * Rules: doc/entities.md.
 */

-- Which columns are about whom --------------------------------------------

CREATE FUNCTION nudge.entity_columns(input text) RETURNS TABLE (place integer, entity text, column_name text, is_key boolean)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 2
BEGIN ATOMIC
	SELECT e.place, e.entity, c.column_name, (c.input, e.entity) IN (('customers', 'customer'), ('users', 'user'))
	FROM nudge.input_columns c JOIN (VALUES
		(1, 'customer', 'customer'), (1, 'customer', 'entity'), (2, 'user', 'user'), (3, 'visitor', 'anonymous_id'), (4, 'lead', 'lead'), (5, 'deal', 'deal')) e(place, entity, column_name)
		ON e.column_name = c.column_name
	-- what says who was merged is not itself about those who remain
	WHERE c.input = entity_columns.input AND c.input <> 'customer_merges' AND (c.column_name <> 'entity' OR c.input = 'scores')
	ORDER BY e.place;
END;
COMMENT ON FUNCTION nudge.entity_columns(text) IS
	'The columns of an input that are keys of customers, users, visitors, leads or deals, and whether a row is the one of that key';

CREATE FUNCTION nudge.check_entity(entity text, merges boolean) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known constant text[] := CASE WHEN merges THEN '{customer,user}' ELSE '{customer,user,visitor,lead,deal}' END;
BEGIN
	IF NOT coalesce(entity = ANY (known), false) THEN
		RAISE EXCEPTION 'unknown entity "%"', left(coalesce(entity, 'null'), 40) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('It says what the keys are of: %s.', array_to_string(known, ', ')),
			HINT = 'Visitors have their key in anonymous_id, the others in the column of that name.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_entity(text, boolean) IS 'An error unless an entity is one that can be excluded, or merged. Not STRICT: NULL is an error';

-- Who is left out ---------------------------------------------------------

CREATE TABLE nudge.exclusions (
	entity text NOT NULL CHECK (entity IN ('customer', 'user', 'visitor', 'lead', 'deal')),
	key text NOT NULL,
	reason text NOT NULL CHECK (reason ~ '\S'),
	origin text NOT NULL DEFAULT 'hand' CHECK (origin IN ('hand', 'rule', 'linked')),
	through text CHECK ((through IS NULL) = (origin = 'hand')),
	added_by name NOT NULL DEFAULT current_user,
	added_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (entity, key)
);
SELECT pg_catalog.pg_extension_config_dump('nudge.exclusions', '');
COMMENT ON TABLE nudge.exclusions IS 'Whose rows are left out of all inputs; exclude(), include() and refresh_entities() keep it';
COMMENT ON COLUMN nudge.exclusions.entity IS 'customer, user, visitor, lead or deal';
COMMENT ON COLUMN nudge.exclusions.key IS 'Its key';
COMMENT ON COLUMN nudge.exclusions.reason IS 'Why, such as own staff, test account or bot';
COMMENT ON COLUMN nudge.exclusions.origin IS 'hand: by exclude(); rule: by a rule of exclude_where(); linked: it belongs to one that is left out';
COMMENT ON COLUMN nudge.exclusions.through IS 'Name of the rule, or what it belongs to; NULL by hand';
COMMENT ON COLUMN nudge.exclusions.added_by IS 'Who has put it here';
COMMENT ON COLUMN nudge.exclusions.added_at IS 'When';

CREATE TABLE nudge.exclusion_rules (
	rule text PRIMARY KEY CHECK (rule ~ '\S'),
	input text NOT NULL,
	entity text NOT NULL,
	condition text NOT NULL,
	reason text NOT NULL CHECK (reason ~ '\S'),
	added_by name NOT NULL DEFAULT current_user,
	added_at timestamptz NOT NULL DEFAULT now()
);
SELECT pg_catalog.pg_extension_config_dump('nudge.exclusion_rules', '');
COMMENT ON TABLE nudge.exclusion_rules IS 'Conditions on rows of an input whose entities are left out of all inputs; exclude_where() and drop_exclusion_rule() keep it';
COMMENT ON COLUMN nudge.exclusion_rules.rule IS 'Name of the rule';
COMMENT ON COLUMN nudge.exclusion_rules.input IS 'Input whose rows it looks at';
COMMENT ON COLUMN nudge.exclusion_rules.entity IS 'Whose key is taken from rows that meet it';
COMMENT ON COLUMN nudge.exclusion_rules.condition IS 'Condition on r, a row of the input';
COMMENT ON COLUMN nudge.exclusion_rules.reason IS 'Why they are left out';
COMMENT ON COLUMN nudge.exclusion_rules.added_by IS 'Who has made it';
COMMENT ON COLUMN nudge.exclusion_rules.added_at IS 'When';

-- Who is somebody else ----------------------------------------------------

CREATE TABLE nudge.entity_merges (
	entity text NOT NULL CHECK (entity IN ('customer', 'user')),
	key text NOT NULL,
	merged_into text NOT NULL,
	counted_as text NOT NULL DEFAULT '',
	merged_at timestamptz NOT NULL DEFAULT now() CHECK (isfinite(merged_at)),
	reason text,
	origin text NOT NULL DEFAULT 'hand' CHECK (origin IN ('hand', 'input')),
	added_by name NOT NULL DEFAULT current_user,
	added_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (entity, key)
);
SELECT pg_catalog.pg_extension_config_dump('nudge.entity_merges', '');
COMMENT ON TABLE nudge.entity_merges IS 'Whose rows count as those of another; merge_entity(), unmerge_entity() and refresh_entities() keep it';
COMMENT ON COLUMN nudge.entity_merges.entity IS 'customer or user';
COMMENT ON COLUMN nudge.entity_merges.key IS 'Key that is no more';
COMMENT ON COLUMN nudge.entity_merges.merged_into IS 'Key that took its place';
COMMENT ON COLUMN nudge.entity_merges.counted_as IS 'Key at the end of the chain, as which rows count; a trigger fills it';
COMMENT ON COLUMN nudge.entity_merges.merged_at IS 'When they were merged: attributes of the key end then';
COMMENT ON COLUMN nudge.entity_merges.reason IS 'Why';
COMMENT ON COLUMN nudge.entity_merges.origin IS 'hand: by merge_entity(); input: a row of the input customer_merges';
COMMENT ON COLUMN nudge.entity_merges.added_by IS 'Who has put it here';
COMMENT ON COLUMN nudge.entity_merges.added_at IS 'When';

-- What a row must not have to be read as it is.
CREATE VIEW nudge.entity_keys AS
	SELECT x.entity, x.key FROM nudge.exclusions x
	UNION ALL
	SELECT m.entity, m.key FROM nudge.entity_merges m;
COMMENT ON VIEW nudge.entity_keys IS 'The keys whose rows are left out, or count as those of another';
COMMENT ON COLUMN nudge.entity_keys.entity IS 'customer, user, visitor, lead or deal';
COMMENT ON COLUMN nudge.entity_keys.key IS 'Its key';

-- Reasons and keys are not for everybody to read.
DO $$
DECLARE
	owner constant text := (SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics');
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges TO %s WITH GRANT OPTION', owner);
	EXECUTE pg_catalog.format('GRANT SELECT ON nudge.entity_keys TO %s WITH GRANT OPTION', owner);
END
$$;

-- From each merge to the end of its chain.
CREATE FUNCTION nudge.merge_ends(entities text[], keys text[], targets text[]) RETURNS TABLE (entity text, key text, counted_as text)
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	WITH RECURSIVE step AS (
		SELECT s.entity, s.key, s.target FROM unnest(merge_ends.entities, merge_ends.keys, merge_ends.targets) s(entity, key, target)
	), walk(entity, key, target) AS (
		SELECT s.entity, s.key, s.target FROM step s
		UNION
		SELECT w.entity, w.key, s.target FROM walk w JOIN step s ON s.entity = w.entity AND s.key = w.target
	)
	-- who comes by itself, or by one who does, has no end
	SELECT w.entity, w.key, min(w.target) FILTER (WHERE NOT EXISTS (SELECT FROM step s WHERE s.entity = w.entity AND s.key = w.target))
	FROM walk w GROUP BY w.entity, w.key;
END;
COMMENT ON FUNCTION nudge.merge_ends(text[], text[], text[]) IS
	'Works for merge_entity: as whom each key counts that is merged into a target; NULL if the chain runs in a circle';

CREATE FUNCTION nudge.resolve_merges() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	entities text[];
	keys text[];
	ends text[];
	wrong integer;
BEGIN
	SELECT array_agg(e.entity ORDER BY e.entity COLLATE "C", e.key COLLATE "C"), array_agg(e.key ORDER BY e.entity COLLATE "C", e.key COLLATE "C"),
		array_agg(e.counted_as ORDER BY e.entity COLLATE "C", e.key COLLATE "C")
	INTO entities, keys, ends
	FROM (SELECT array_agg(m.entity) AS entities, array_agg(m.key) AS keys, array_agg(m.merged_into) AS targets FROM nudge.entity_merges m) a,
		LATERAL nudge.merge_ends(a.entities, a.keys, a.targets) e;
	wrong := array_position(ends, NULL);
	IF wrong IS NOT NULL THEN
		RAISE EXCEPTION '% "%" would be merged into itself', entities[wrong], left(keys[wrong], 70) USING ERRCODE = 'invalid_parameter_value',
			DETAIL = 'Merges that run in a circle leave nobody as whom the rows count.',
			HINT = 'Undo one of them with unmerge_entity() first.';
	END IF;
	-- the update comes here once more, and finds nothing to do
	IF EXISTS (SELECT FROM unnest(entities, keys, ends) e(entity, key, counted_as) JOIN nudge.entity_merges m ON m.entity = e.entity AND m.key = e.key AND m.counted_as <> e.counted_as) THEN
		UPDATE nudge.entity_merges m SET counted_as = e.counted_as
		FROM unnest(entities, keys, ends) e(entity, key, counted_as) WHERE m.entity = e.entity AND m.key = e.key AND m.counted_as <> e.counted_as;
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION nudge.resolve_merges() IS 'Trigger of nudge.entity_merges: fills counted_as, and refuses merges in a circle. Not STRICT: triggers take no arguments';
CREATE TRIGGER resolve_merges AFTER INSERT OR UPDATE OR DELETE ON nudge.entity_merges FOR EACH STATEMENT EXECUTE FUNCTION nudge.resolve_merges();
COMMENT ON TRIGGER resolve_merges ON nudge.entity_merges IS 'Keeps counted_as';

-- What the views say ------------------------------------------------------

CREATE FUNCTION nudge.is_excluded(entity text, key text) RETURNS boolean
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN EXISTS (SELECT FROM nudge.exclusions x WHERE x.entity = is_excluded.entity AND x.key = is_excluded.key);
COMMENT ON FUNCTION nudge.is_excluded(text, text) IS 'Whether the rows of a key are left out. Not STRICT, so that it costs no call: a NULL key is not';

CREATE FUNCTION nudge.counted_as(entity text, key text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN coalesce((SELECT m.counted_as FROM nudge.entity_merges m WHERE m.entity = counted_as.entity AND m.key = counted_as.key), key);
COMMENT ON FUNCTION nudge.counted_as(text, text) IS 'The key as which the rows of a key count: itself if it is not merged. Not STRICT, so that it costs no call: a NULL key is NULL';

-- Inputs of attributes: those of a key that is merged end with it.
CREATE FUNCTION nudge.is_attribute_input(input text) RETURNS boolean
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN input IN ('dimension_history', 'account_facts');
COMMENT ON FUNCTION nudge.is_attribute_input(text) IS 'Works for map_source: whether rows of an input say what an account is, and not what it does';

-- The rows of a source that are nobody's who is left out or merged.  While both
-- lists are empty the second half is not run; else the first is not.
CREATE FUNCTION nudge.plain_rows(input text, select_list text, view_name text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN count(*) = 0 THEN format('SELECT v.source_name, %s FROM %s v', plain_rows.select_list, plain_rows.view_name)
		ELSE format(E'SELECT v.source_name, %1$s FROM %2$s v\nWHERE (SELECT NOT EXISTS (SELECT FROM nudge.entity_keys k))\nUNION ALL\nSELECT v.source_name, %1$s FROM %2$s v\nWHERE (SELECT EXISTS (SELECT FROM nudge.entity_keys k))',
				plain_rows.select_list, plain_rows.view_name)
			|| string_agg(format(' AND NOT EXISTS (SELECT FROM nudge.entity_keys k WHERE k.entity = %L AND k.key = v.%I)', c.entity, c.column_name), '' ORDER BY c.place) END
	FROM nudge.entity_columns(plain_rows.input) c;
END;
COMMENT ON FUNCTION nudge.plain_rows(text, text, text) IS 'Works for map_source: the query of the rows of a source that count as they are';

-- The rows of a source whose key in one column is merged: they begin at the
-- merges, so that those of one key are found by an index on it.
CREATE FUNCTION nudge.merged_rows_query(input text, column_name text, select_list text, view_name text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT format(E'SELECT v.source_name, %s FROM nudge.entity_merges m1 JOIN %s v ON v.%I = m1.key', merged_rows_query.select_list, merged_rows_query.view_name, merged_rows_query.column_name)
		|| coalesce(string_agg(format(' LEFT JOIN nudge.entity_merges m2 ON m2.entity = %L AND m2.key = v.%I', c.entity, c.column_name), '') FILTER (WHERE c.is_later), '')
		|| format(E'\nWHERE (SELECT EXISTS (SELECT FROM nudge.entity_merges k)) AND m1.entity = %L', min(c.entity) FILTER (WHERE c.is_this))
		-- a row that other merges find, or that is the one of a key that is no more
		|| coalesce(string_agg(format(' AND NOT EXISTS (SELECT FROM nudge.entity_merges k WHERE k.entity = %L AND k.key = v.%I)', c.entity, c.column_name), '' ORDER BY c.place) FILTER (WHERE c.is_earlier), '')
		|| string_agg(format(' AND NOT EXISTS (SELECT FROM nudge.exclusions k WHERE k.entity = %L AND k.key = v.%I)', c.entity, c.column_name)
			|| CASE WHEN c.is_this OR c.is_later THEN format(' AND NOT EXISTS (SELECT FROM nudge.exclusions k WHERE k.entity = %L AND k.key = m%s.counted_as)', c.entity, CASE WHEN c.is_this THEN 1 ELSE 2 END) ELSE '' END, '' ORDER BY c.place)
		|| CASE WHEN nudge.is_attribute_input(merged_rows_query.input) THEN ' AND v.valid_from < m1.merged_at' ELSE '' END
	FROM (SELECT e.place, e.entity, e.column_name, e.column_name = merged_rows_query.column_name AS is_this,
			e.entity = 'user' AND NOT e.is_key AND merged_rows_query.column_name <> 'user' AS is_later,
			e.is_key OR e.entity = 'customer' AND merged_rows_query.column_name = 'user' AS is_earlier
		FROM nudge.entity_columns(merged_rows_query.input) e) c;
END;
COMMENT ON FUNCTION nudge.merged_rows_query(text, text, text, text) IS 'Works for map_source: the query of the rows of a source whose key in a column is merged';

-- The query of a source in the view of its input: the columns that the view
-- has, in its order.
CREATE FUNCTION nudge.counted_query(input text, source_view text, input_view text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH item AS (
		SELECT c.place, c.column_name, e.entity, e.is_key, CASE WHEN h.in_view THEN format('v.%I', c.column_name) ELSE format('NULL::%s', c.data_type) END AS expression
		FROM nudge.view_columns(counted_query.input, counted_query.input_view) c
		LEFT JOIN nudge.view_columns(counted_query.input, counted_query.source_view) h ON h.column_name = c.column_name
		LEFT JOIN nudge.entity_columns(counted_query.input) e ON e.column_name = c.column_name
	)
	SELECT nudge.plain_rows(counted_query.input, string_agg(i.expression || ' AS ' || quote_ident(i.column_name), ', ' ORDER BY i.place), counted_query.source_view)
		|| coalesce((SELECT string_agg(E'\nUNION ALL\n' || nudge.merged_rows_query(counted_query.input, t.column_name, (
				SELECT string_agg(CASE
						WHEN j.column_name = t.column_name THEN 'm1.counted_as'
						WHEN j.entity = 'user' AND t.entity = 'customer' AND NOT j.is_key THEN format('coalesce(m2.counted_as, %s)', j.expression)
						WHEN j.column_name = 'valid_to' AND nudge.is_attribute_input(counted_query.input) THEN format('least(%s, m1.merged_at)', j.expression)
						ELSE j.expression END || ' AS ' || quote_ident(j.column_name), ', ' ORDER BY j.place)
				FROM item j), counted_query.source_view), '' ORDER BY t.entity)
			FROM item t WHERE t.entity IN ('customer', 'user') AND NOT t.is_key), '')
	FROM item i;
END;
COMMENT ON FUNCTION nudge.counted_query(text, text, text) IS
	'Works for map_source: the query by which the view of an input reads a source, without those who are left out, and those who are merged under the key as which they count';

-- All rows of an input, as its sources have them.
CREATE FUNCTION nudge.source_rows(input text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT string_agg(format('SELECT v.source_name, %s FROM %s v', (
			SELECT string_agg(CASE WHEN h.in_view THEN format('v.%I', h.column_name) ELSE format('NULL::%s AS %I', h.data_type, h.column_name) END, ', ' ORDER BY c.position)
			FROM nudge.input_columns c JOIN nudge.view_columns(s.input, n.name) h ON h.column_name = c.column_name WHERE c.input = s.input), n.name),
		E'\nUNION ALL\n' ORDER BY s.source COLLATE "C")
	FROM nudge.sources s, nudge.source_view(s.input, s.source) n(name) WHERE s.input = source_rows.input AND to_regclass(n.name) IS NOT NULL;
END;
COMMENT ON FUNCTION nudge.source_rows(text) IS 'The query of all rows of an input, of whomever they are; NULL if it has no source';
