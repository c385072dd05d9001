/*
 * entity_lists.sql
 *		Who is left out and who is merged: what users call, what rules and other
 *		inputs say, and how many rows that is.
 *
 * Rules: doc/entities.md.
 */

-- What rules and inputs say -----------------------------------------------

-- A rule is text that whoever may write the table wrote, and runs with the
-- rights of who brings the lists up to date.
CREATE FUNCTION nudge.check_rule_writers() RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	writer text;
BEGIN
	SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END INTO writer
	FROM pg_class c, LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
	WHERE c.oid = 'nudge.exclusion_rules'::regclass AND a.privilege_type IN ('INSERT', 'UPDATE')
		AND (a.grantee = 0 OR NOT pg_has_role(a.grantee, current_user, 'USAGE')) ORDER BY 1 LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'exclusion rules may not be run with the rights of role "%"', current_user USING ERRCODE = 'insufficient_privilege',
			DETAIL = format('Role "%s" may write them.', writer),
			HINT = format('SET ROLE %I, or another role whose rights all have that may write nudge.exclusion_rules.', writer);
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_rule_writers() IS 'Works for refresh_entities: an error unless all who may write rules have the rights of who runs them. Not STRICT: it takes no arguments';

-- Functions in a view run as whoever reads it.
CREATE FUNCTION nudge.check_list_reader() RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	untrusted record;
BEGIN
	IF (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) THEN
		SELECT c.relname, pg_get_userbyid(c.relowner) AS owner INTO untrusted FROM nudge.sources s JOIN pg_class c ON c.oid = to_regclass(nudge.source_view(s.input, s.source))
		WHERE NOT pg_has_role(c.relowner, current_user, 'USAGE') ORDER BY c.relname COLLATE "C" LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION 'sources of role "%" may not be read with the rights of role "%"', untrusted.owner, current_user USING ERRCODE = 'insufficient_privilege',
				DETAIL = format('View %s may call functions, which would run with them.', nudge.staging_name(untrusted.relname)),
				HINT = format('SET ROLE %I first.', untrusted.owner);
		END IF;
		PERFORM nudge.check_trust(nudge.source_view(s.input, s.source)) FROM nudge.sources s;
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_list_reader() IS 'Works for refresh_entities: an error if a superuser would run what others have mapped. Not STRICT: it takes no arguments';

CREATE FUNCTION nudge.rule_keys(rule text) RETURNS SETOF text
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	one nudge.exclusion_rules;
	key_column text;
	source_rows text;
	problem text;
BEGIN
	SELECT e.* INTO one FROM nudge.exclusion_rules e WHERE e.rule = rule_keys.rule;
	SELECT c.column_name INTO key_column FROM nudge.entity_columns(one.input) c WHERE c.entity = one.entity;
	source_rows := nudge.source_rows(one.input);
	IF source_rows IS NULL OR key_column IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY EXECUTE format(E'SELECT DISTINCT r.%1$I FROM (%2$s) r WHERE (%3$s\n) AND r.%1$I IS NOT NULL', key_column, source_rows, one.condition);
EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception OR invalid_schema_name THEN
	GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT;
	RAISE EXCEPTION 'the exclusion rule "%" does not work', left(rule, 70) USING ERRCODE = SQLSTATE,
		DETAIL = format('%s: %s.', left(one.condition, 200), problem),
		HINT = 'Make it anew with exclude_where(), or drop it with drop_exclusion_rule().';
END
$$;
COMMENT ON FUNCTION nudge.rule_keys(text) IS 'Works for refresh_entities: the keys that a rule finds now';

-- Keys of one column that stand beside keys of another.
CREATE FUNCTION nudge.linked_keys(input text, column_name text, keys text[], linked_column text) RETURNS TABLE (key text, through text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE ROWS 100 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	source_rows constant text := CASE WHEN keys <> '{}' THEN nudge.source_rows(input) END;
BEGIN
	IF source_rows IS NOT NULL THEN
		RETURN QUERY EXECUTE format('SELECT r.%1$I, min(r.%2$I COLLATE "C") FROM (%3$s) r JOIN unnest($1) k ON k = r.%2$I WHERE r.%1$I IS NOT NULL GROUP BY r.%1$I',
			linked_column, column_name, source_rows) USING keys;
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.linked_keys(text, text, text[], text) IS 'Works for refresh_entities: the keys of a column in rows whose other column is one of some keys';

-- Keys together with those that are merged into them.
CREATE FUNCTION nudge.with_merged(entity text, keys text[]) RETURNS text[]
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	-- joined, since = ANY of a parameter compares each with each
	RETURN ARRAY(SELECT k FROM unnest(keys) k UNION SELECT m.key FROM unnest(keys) k JOIN nudge.entity_merges m ON m.counted_as = k WHERE m.entity = with_merged.entity);
COMMENT ON FUNCTION nudge.with_merged(text, text[]) IS 'Works for refresh_entities: keys, and those whose rows count as theirs';

CREATE FUNCTION nudge.wanted_exclusions() RETURNS TABLE (entity text, key text, reason text, origin text, through text)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 1000 COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	found nudge.exclusions[] := ARRAY(SELECT x FROM nudge.exclusions x WHERE x.origin = 'hand');
	link record;
BEGIN
	IF EXISTS (SELECT FROM nudge.exclusion_rules) THEN
		PERFORM nudge.check_rule_writers();
	END IF;
	found := found || ARRAY(
		SELECT ROW(e.entity, k, e.reason, 'rule', e.rule, current_user, now())::nudge.exclusions
		FROM nudge.exclusion_rules e, LATERAL nudge.rule_keys(e.rule) k ORDER BY e.rule COLLATE "C");
	-- in an order in which nothing comes too late
	FOR link IN SELECT * FROM (VALUES
		('users', 'customer', 'customer', 'user', 'user'), ('identities', 'customer', 'customer', 'user', 'user'),
		('identities', 'customer', 'customer', 'visitor', 'anonymous_id'), ('identities', 'user', 'user', 'visitor', 'anonymous_id'),
		('leads', 'customer', 'customer', 'lead', 'lead'), ('deals', 'customer', 'customer', 'deal', 'deal')) l(input, entity, column_name, linked_entity, linked_column)
	LOOP
		found := found || ARRAY(
			SELECT ROW(link.linked_entity, k.key, format('of an excluded %s', link.entity), 'linked', link.entity || ' ' || k.through, current_user, now())::nudge.exclusions
			FROM nudge.linked_keys(link.input, link.column_name, nudge.with_merged(link.entity, ARRAY(SELECT f.key FROM unnest(found) f WHERE f.entity = link.entity)), link.linked_column) k);
	END LOOP;
	RETURN QUERY
		SELECT DISTINCT ON (f.entity, f.key) f.entity, f.key, f.reason, f.origin, f.through
		FROM unnest(found) WITH ORDINALITY f(entity, key, reason, origin, through, added_by, added_at, n) ORDER BY f.entity, f.key, f.n;
END
$$;
COMMENT ON FUNCTION nudge.wanted_exclusions() IS
	'Works for refresh_entities: who is left out by hand, by rules, and because of whom it belongs to. Not STRICT: it takes no arguments';

CREATE FUNCTION nudge.wanted_merges() RETURNS TABLE (key text, merged_into text, counted_as text, merged_at timestamptz)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 1000 COST 100000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	source_rows constant text := nudge.source_rows('customer_merges');
BEGIN
	IF source_rows IS NULL THEN
		RETURN;
	END IF;
	RETURN QUERY EXECUTE format($query$
		WITH said AS (
			-- what was said last, and by hand nothing else
			SELECT DISTINCT ON (r.customer) r.customer AS key, r.merged_into, r.at
			FROM (%s) r
			WHERE r.customer IS NOT NULL AND r.merged_into IS NOT NULL AND isfinite(r.at) AND NOT EXISTS (SELECT FROM nudge.entity_merges m WHERE m.entity = 'customer' AND m.origin = 'hand' AND m.key = r.customer)
			ORDER BY r.customer, r.at DESC, r.merged_into COLLATE "C"
		), together AS (
			SELECT array_agg('customer'::text) AS entities, array_agg(a.key) AS keys, array_agg(a.merged_into) AS targets
			FROM (SELECT s.key, s.merged_into FROM said s UNION ALL SELECT m.key, m.merged_into FROM nudge.entity_merges m WHERE m.entity = 'customer' AND m.origin = 'hand') a
		)
		SELECT s.key, s.merged_into, e.counted_as, s.at FROM said s, together t, LATERAL nudge.merge_ends(t.entities, t.keys, t.targets) e
		WHERE e.key = s.key AND e.counted_as IS NOT NULL
		$query$, source_rows);
END
$$;
COMMENT ON FUNCTION nudge.wanted_merges() IS
	'Works for refresh_entities: the merges of the input customer_merges, without those that run in a circle. Not STRICT: it takes no arguments';

CREATE FUNCTION nudge.refresh_entities() RETURNS TABLE (list text, added bigint, removed bigint)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 2 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_list_reader();
	LOCK TABLE nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges IN SHARE ROW EXCLUSIVE MODE;
	list := 'entity_merges';
	WITH wanted AS MATERIALIZED (SELECT w.* FROM nudge.wanted_merges() w),
	gone AS (
		DELETE FROM nudge.entity_merges m WHERE m.origin = 'input' AND NOT EXISTS (SELECT FROM wanted w WHERE m.entity = 'customer' AND w.key = m.key) RETURNING m.key
	), said AS (
		INSERT INTO nudge.entity_merges AS m (entity, key, merged_into, counted_as, merged_at, origin) SELECT 'customer', w.key, w.merged_into, w.counted_as, w.merged_at, 'input' FROM wanted w
		WHERE NOT EXISTS (SELECT FROM nudge.entity_merges o WHERE o.entity = 'customer' AND o.key = w.key AND o.merged_into = w.merged_into AND o.merged_at = w.merged_at)
		ON CONFLICT ON CONSTRAINT entity_merges_pkey DO UPDATE SET merged_into = excluded.merged_into, counted_as = excluded.counted_as, merged_at = excluded.merged_at RETURNING m.xmax::text = '0' AS is_new
	)
	SELECT (SELECT count(*) FROM said s WHERE s.is_new), (SELECT count(*) FROM gone) INTO added, removed;
	RETURN NEXT;
	list := 'exclusions';
	WITH wanted AS MATERIALIZED (SELECT w.* FROM nudge.wanted_exclusions() w),
	gone AS (
		DELETE FROM nudge.exclusions x WHERE x.origin <> 'hand' AND NOT EXISTS (SELECT FROM wanted w WHERE w.entity = x.entity AND w.key = x.key) RETURNING x.key
	), said AS (
		INSERT INTO nudge.exclusions AS x (entity, key, reason, origin, through) SELECT w.entity, w.key, w.reason, w.origin, w.through FROM wanted w
		WHERE w.origin <> 'hand' AND NOT EXISTS (SELECT FROM nudge.exclusions o WHERE o.entity = w.entity AND o.key = w.key AND (o.reason, o.origin, o.through) = (w.reason, w.origin, w.through))
		ON CONFLICT ON CONSTRAINT exclusions_pkey DO UPDATE SET reason = excluded.reason, origin = excluded.origin, through = excluded.through RETURNING x.xmax::text = '0' AS is_new
	)
	SELECT (SELECT count(*) FROM said s WHERE s.is_new), (SELECT count(*) FROM gone) INTO added, removed;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION nudge.refresh_entities() IS
	'Brings both lists up to date with rules, with the input customer_merges, and with the users, visitors, leads and deals of customers that are left out; tells how many keys came and went. Not STRICT: it takes no arguments';

-- What users call ---------------------------------------------------------

CREATE FUNCTION nudge.check_keys(entity text, keys text[], merges boolean) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_entity(entity, merges);
	IF keys IS NULL OR array_position(keys, NULL) IS NOT NULL THEN
		RAISE EXCEPTION 'a key must not be null' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'Keys are texts, as the inputs have them.',
			HINT = 'Pass such as {acme,17}.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_keys(text, text[], boolean) IS 'An error unless keys are of an entity that can be excluded, or merged. Not STRICT: NULL is an error';

CREATE FUNCTION nudge.check_reason(reason text) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(reason ~ '\S', false) THEN
		RAISE EXCEPTION 'an exclusion needs a reason' USING ERRCODE = 'null_value_not_allowed',
			DETAIL = 'Rows that are left out are counted by it.',
			HINT = 'Pass such as own staff, test account or bot.';
	END IF;
END
$$;
COMMENT ON FUNCTION nudge.check_reason(text) IS 'An error unless a reason says something. Not STRICT: NULL is an error';

CREATE FUNCTION nudge.exclude(entity text, keys text[], reason text) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	changed bigint;
BEGIN
	PERFORM nudge.check_keys(entity, keys, false);
	PERFORM nudge.check_reason(reason);
	LOCK TABLE nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges IN SHARE ROW EXCLUSIVE MODE;
	WITH said AS (
		INSERT INTO nudge.exclusions AS x (entity, key, reason) SELECT DISTINCT exclude.entity, k, exclude.reason FROM unnest(keys) k
		ON CONFLICT ON CONSTRAINT exclusions_pkey DO UPDATE SET reason = excluded.reason, origin = 'hand', through = NULL RETURNING x.xmax::text = '0' AS is_new
	)
	SELECT count(*) FILTER (WHERE s.is_new) INTO changed FROM said s;
	PERFORM nudge.refresh_entities();
	RETURN changed;
END
$$;
COMMENT ON FUNCTION nudge.exclude(text, text[], text) IS
	'Leaves the rows of customers, users, visitors, leads or deals out of all inputs, and with a customer its users, leads and deals; tells how many of them were counted before. Not STRICT: NULLs are errors';

CREATE FUNCTION nudge.include(entity text, keys text[]) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	changed bigint;
	still nudge.exclusions;
BEGIN
	PERFORM nudge.check_keys(entity, keys, false);
	LOCK TABLE nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges IN SHARE ROW EXCLUSIVE MODE;
	DELETE FROM nudge.exclusions x WHERE x.entity = include.entity AND x.key = ANY (keys) AND x.origin = 'hand';
	GET DIAGNOSTICS changed = ROW_COUNT;
	PERFORM nudge.refresh_entities();
	SELECT x.* INTO still FROM nudge.exclusions x WHERE x.entity = include.entity AND x.key = ANY (keys) ORDER BY x.key COLLATE "C" LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION '% "%" stays excluded', entity, left(still.key, 70) USING ERRCODE = 'object_in_use',
			DETAIL = CASE still.origin WHEN 'rule' THEN format('The rule "%s" finds it.', still.through) ELSE format('It belongs to %s.', still.through) END,
			HINT = CASE still.origin WHEN 'rule' THEN 'Make the rule anew with exclude_where(), with a condition that spares it.' ELSE 'Include that, or correct whom it belongs to.' END;
	END IF;
	RETURN changed;
END
$$;
COMMENT ON FUNCTION nudge.include(text, text[]) IS
	'Counts the rows of keys again that exclude() has left out, and tells how many keys were; an error if a rule, or what they belong to, leaves them out. Not STRICT: NULLs are errors';

CREATE FUNCTION nudge.exclude_where(rule text, input text, condition text, reason text, entity text DEFAULT NULL) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	source_rows text;
	of_input text[];
BEGIN
	PERFORM nudge.check_reason(reason);
	of_input := ARRAY(SELECT c.entity FROM nudge.entity_columns(input) c);
	IF NOT coalesce(rule ~ '\S', false) OR condition IS NULL OR NOT coalesce(coalesce(entity, of_input[1]) = ANY (of_input), false) THEN
		RAISE EXCEPTION 'the exclusion rule is not complete' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = CASE WHEN of_input = '{}' OR input IS NULL THEN format('Rows of "%s" have no key of a customer, user, visitor, lead or deal.', coalesce(input, 'null'))
				WHEN entity <> ALL (of_input) THEN format('Rows of "%s" have no key of a "%s".', input, left(entity, 40)) ELSE 'Its name or its condition is missing.' END,
			HINT = 'Pass a name, an input with such keys, a condition on r, a row of it, and whose key is taken if there are several.';
	END IF;
	source_rows := nudge.source_rows(input);
	IF source_rows IS NULL THEN
		RAISE EXCEPTION 'input "%" has no source', input USING ERRCODE = 'undefined_object',
			DETAIL = 'A rule looks at the rows of an input as its sources have them.',
			HINT = 'Map one with map_source() first.';
	END IF;
	PERFORM nudge.check_filter(condition, '(' || source_rows || ') AS r');
	LOCK TABLE nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges IN SHARE ROW EXCLUSIVE MODE;
	INSERT INTO nudge.exclusion_rules AS e (rule, input, entity, condition, reason)
	VALUES (exclude_where.rule, exclude_where.input, coalesce(exclude_where.entity, of_input[1]), exclude_where.condition, exclude_where.reason)
	ON CONFLICT ON CONSTRAINT exclusion_rules_pkey DO UPDATE SET input = excluded.input, entity = excluded.entity, condition = excluded.condition, reason = excluded.reason,
		added_by = current_user, added_at = now();
	PERFORM nudge.refresh_entities();
	RETURN (SELECT count(*) FROM nudge.exclusions x WHERE x.origin = 'rule' AND x.through = exclude_where.rule);
END
$$;
COMMENT ON FUNCTION nudge.exclude_where(text, text, text, text, text) IS
	'Leaves out whomever the rows of an input are about that meet a condition on r, now and at each refresh_entities(); tells how many it leaves out that nothing else does. The same name replaces a rule. Not STRICT: a NULL entity is the first of the input, other NULLs are errors';

CREATE FUNCTION nudge.drop_exclusion_rule(rule text) RETURNS boolean
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	LOCK TABLE nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges IN SHARE ROW EXCLUSIVE MODE;
	DELETE FROM nudge.exclusion_rules e WHERE e.rule = drop_exclusion_rule.rule;
	IF FOUND THEN
		PERFORM nudge.refresh_entities();
		RETURN true;
	END IF;
	RETURN false;
END
$$;
COMMENT ON FUNCTION nudge.drop_exclusion_rule(text) IS 'Drops a rule, and counts again whom only it has left out: false if there is none of that name';

CREATE FUNCTION nudge.merge_entity(entity text, key text, merged_into text, reason text DEFAULT NULL, merged_at timestamptz DEFAULT now()) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.check_keys(entity, ARRAY[key, merged_into], true);
	IF NOT coalesce(isfinite(merged_at), false) THEN
		RAISE EXCEPTION 'merged_at must be a time' USING ERRCODE = 'datetime_field_overflow',
			DETAIL = format('It is %s. Attributes of the key end then.', coalesce(merged_at::text, 'null')),
			HINT = 'Leave it out for now.';
	END IF;
	LOCK TABLE nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges IN SHARE ROW EXCLUSIVE MODE;
	INSERT INTO nudge.entity_merges (entity, key, merged_into, counted_as, merged_at, reason)
	VALUES (merge_entity.entity, merge_entity.key, merge_entity.merged_into, nudge.counted_as(entity, merged_into), merge_entity.merged_at, merge_entity.reason)
	ON CONFLICT ON CONSTRAINT entity_merges_pkey DO UPDATE SET merged_into = excluded.merged_into, counted_as = excluded.counted_as, merged_at = excluded.merged_at, reason = excluded.reason,
		origin = 'hand', added_by = current_user, added_at = now();
	PERFORM nudge.refresh_entities();
	RETURN nudge.counted_as(entity, key);
END
$$;
COMMENT ON FUNCTION nudge.merge_entity(text, text, text, text, timestamptz) IS
	'Counts the rows of a customer or user as those of another, of all times, and returns the key as which they count. Not STRICT: a NULL reason is none, other NULLs are errors';

CREATE FUNCTION nudge.unmerge_entity(entity text, key text) RETURNS boolean
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	undone boolean;
BEGIN
	PERFORM nudge.check_keys(entity, ARRAY[key], true);
	LOCK TABLE nudge.exclusions, nudge.exclusion_rules, nudge.entity_merges IN SHARE ROW EXCLUSIVE MODE;
	DELETE FROM nudge.entity_merges m WHERE m.entity = unmerge_entity.entity AND m.key = unmerge_entity.key AND m.origin = 'hand';
	undone := FOUND;
	PERFORM nudge.refresh_entities();
	IF NOT undone AND EXISTS (SELECT FROM nudge.entity_merges m WHERE m.entity = unmerge_entity.entity AND m.key = unmerge_entity.key) THEN
		RAISE EXCEPTION '% "%" stays merged', entity, left(key, 70) USING ERRCODE = 'object_in_use',
			DETAIL = 'The input customer_merges says so.',
			HINT = 'Correct it there, or map its source with a filter that leaves the row out.';
	END IF;
	RETURN undone;
END
$$;
COMMENT ON FUNCTION nudge.unmerge_entity(text, text) IS
	'Undoes merge_entity(): false if the key was not merged; what the input customer_merges says of it holds again, and is an error if nothing else did. Not STRICT: NULLs are errors';

-- How many rows that is ---------------------------------------------------

-- Each row with what it is about: for each entity its key, as whom it counts,
-- and why it is left out.
CREATE FUNCTION nudge.traced_rows(input text) RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT 'SELECT v.source_name'
		|| string_agg(format(', v.%1$I AS %2$s_key, m%3$s.counted_as AS %2$s_counted, m%3$s.merged_at AS %2$s_merged_at, coalesce(x%3$s.reason, y%3$s.reason) AS %2$s_reason', c.column_name, c.entity, c.place), '' ORDER BY c.place)
		|| CASE WHEN nudge.is_attribute_input(traced_rows.input) THEN ', coalesce(v.valid_from < m1.merged_at, true) AS is_kept' ELSE format(', NOT coalesce(%s, false) AS is_kept',
			coalesce(min(format('m%s.counted_as IS NOT NULL', c.place)) FILTER (WHERE c.is_key), 'false')) END
		|| ' FROM (' || nudge.source_rows(traced_rows.input) || ') v'
		|| string_agg(format(' LEFT JOIN nudge.entity_merges m%1$s ON m%1$s.entity = %2$L AND m%1$s.key = v.%3$I LEFT JOIN nudge.exclusions x%1$s ON x%1$s.entity = %2$L AND x%1$s.key = v.%3$I'
			|| ' LEFT JOIN nudge.exclusions y%1$s ON y%1$s.entity = %2$L AND y%1$s.key = m%1$s.counted_as', c.place, c.entity, c.column_name), '' ORDER BY c.place)
	FROM nudge.entity_columns(traced_rows.input) c;
END;
COMMENT ON FUNCTION nudge.traced_rows(text) IS 'Works for excluded_rows and merged_rows: the query of all rows of an input with what the lists say of their keys';

CREATE FUNCTION nudge.excluded_rows(input text DEFAULT NULL) RETURNS TABLE (input_name text, source_name text, entity text, reason text, excluded_rows bigint)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 100 COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM nudge.input_query(input, NULL) WHERE input IS NOT NULL;
	FOR input_name IN SELECT DISTINCT s.input FROM nudge.sources s
		WHERE (excluded_rows.input IS NULL OR s.input = excluded_rows.input) AND EXISTS (SELECT FROM nudge.entity_columns(s.input)) ORDER BY 1
	LOOP
		RETURN QUERY EXECUTE (
			SELECT format('SELECT %L::text, t.source_name, w.entity, w.reason, count(*) FROM (%s) t, LATERAL (SELECT CASE %s END AS entity, coalesce(%s) AS reason) w WHERE w.reason IS NOT NULL GROUP BY t.source_name, w.entity, w.reason ORDER BY t.source_name COLLATE "C", w.entity COLLATE "C", w.reason COLLATE "C"',
				input_name, nudge.traced_rows(input_name),
				string_agg(format('WHEN t.%1$s_reason IS NOT NULL THEN %1$L', c.entity), ' ' ORDER BY c.place), string_agg(format('t.%s_reason', c.entity), ', ' ORDER BY c.place))
			FROM nudge.entity_columns(input_name) c);
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.excluded_rows(text) IS
	'How many rows of an input, or of all, are left out, by source, by whom they are about and by the reason; a row is counted once. Not STRICT: a NULL input is all';

CREATE FUNCTION nudge.merged_rows(input text DEFAULT NULL) RETURNS TABLE (input_name text, source_name text, entity text, key text, counted_as text, moved_rows bigint, dropped_rows bigint)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 100 COST 1000000 SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	PERFORM nudge.input_query(merged_rows.input, NULL) WHERE merged_rows.input IS NOT NULL;
	FOR input_name, merged_rows.entity IN SELECT DISTINCT s.input, c.entity FROM nudge.sources s, LATERAL nudge.entity_columns(s.input) c
		WHERE (merged_rows.input IS NULL OR s.input = merged_rows.input) AND c.entity IN ('customer', 'user') ORDER BY 1, 2
	LOOP
		RETURN QUERY EXECUTE (
			SELECT format('SELECT %1$L::text, t.source_name, %2$L::text, t.%2$s_key, t.%2$s_counted, count(*) FILTER (WHERE t.is_kept), count(*) FILTER (WHERE NOT t.is_kept) FROM (%3$s) t WHERE t.%2$s_counted IS NOT NULL AND coalesce(%4$s) IS NULL GROUP BY t.source_name, t.%2$s_key, t.%2$s_counted ORDER BY t.source_name COLLATE "C", t.%2$s_key COLLATE "C"',
				input_name, merged_rows.entity, nudge.traced_rows(input_name), string_agg(format('t.%s_reason', c.entity), ', ' ORDER BY c.place))
			FROM nudge.entity_columns(input_name) c);
	END LOOP;
END
$$;
COMMENT ON FUNCTION nudge.merged_rows(text) IS
	'How many rows of an input, or of all, count as those of another key, by source and key, and how many are dropped since they say what the key is itself; without rows that are left out. Not STRICT: a NULL input is all';
