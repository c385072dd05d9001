--
-- members.sql
--		A line per member of the extension with all that an update could get
--		wrong: definition, owner, privileges, comment.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET search_path = pg_catalog;

SELECT line FROM (
WITH member AS (
	SELECT d.classid, d.objid, d.objsubid,
		pg_describe_object(d.classid, d.objid, d.objsubid) AS name
	FROM pg_depend d
	JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'nudge_metrics'
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
)
SELECT concat_ws(' | ', m.name, obj_description(m.objid, c.relname),
	coalesce(p.definition, t.definition, o.definition, r.definition)) AS line
FROM member m
JOIN pg_class c ON c.oid = m.classid
LEFT JOIN LATERAL (
	SELECT concat_ws(' | ', pg_get_userbyid(p.proowner), p.proacl::text,
		pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
		CASE WHEN p.prokind = 'a' THEN
			(SELECT (to_jsonb(a) - 'aggfnoid' - 'aggtranstype' - 'aggmtranstype' - 'aggsortop')::text
				|| a.aggtranstype::regtype FROM pg_aggregate a WHERE a.aggfnoid = p.oid)
			ELSE pg_get_functiondef(p.oid) END) AS definition
	FROM pg_proc p WHERE m.classid = 'pg_proc'::regclass AND p.oid = m.objid
) p ON true
LEFT JOIN LATERAL (
	SELECT concat_ws(' | ', pg_get_userbyid(t.typowner), t.typacl::text, t.typlen, t.typbyval,
		t.typalign, t.typstorage, t.typcategory, t.typinput, t.typoutput, t.typreceive, t.typsend) AS definition
	FROM pg_type t WHERE m.classid = 'pg_type'::regclass AND t.oid = m.objid
) t ON true
LEFT JOIN LATERAL (
	SELECT concat_ws(' | ', pg_get_userbyid(o.oprowner), o.oprcode, o.oprcom::regoperator,
		o.oprnegate::regoperator, o.oprcanmerge, o.oprcanhash, o.oprrest, o.oprjoin) AS definition
	FROM pg_operator o WHERE m.classid = 'pg_operator'::regclass AND o.oid = m.objid
) o ON true
LEFT JOIN LATERAL (
	SELECT concat_ws(' | ', pg_get_userbyid(r.relowner), r.relacl::text, r.relkind,
		(SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod),
				a.attnotnull, a.attgenerated, a.attidentity, a.attacl::text, pg_get_expr(d.adbin, d.adrelid), col_description(r.oid, a.attnum)), ', ' ORDER BY a.attnum)
		 FROM pg_attribute a
		 LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		 WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped),
		(SELECT string_agg(concat_ws(' ', k.conname, pg_get_constraintdef(k.oid), k.convalidated), ', ' ORDER BY k.conname)
		 FROM pg_constraint k WHERE k.conrelid = r.oid),
		(SELECT string_agg(pg_get_indexdef(i.indexrelid), ', ' ORDER BY i.indexrelid::regclass::text)
		 FROM pg_index i WHERE i.indrelid = r.oid),
		(SELECT string_agg(pg_get_triggerdef(t.oid), ', ' ORDER BY t.tgname)
		 FROM pg_trigger t WHERE t.tgrelid = r.oid AND NOT t.tgisinternal),
		CASE WHEN r.relkind = 'v' THEN pg_get_viewdef(r.oid) END) AS definition
	FROM pg_class r WHERE m.classid = 'pg_class'::regclass AND r.oid = m.objid
) r ON true
) lines
ORDER BY line COLLATE "C";

-- what hangs on members without being one: operator and support entries of the families
SELECT line FROM (
SELECT concat_ws(' | ', f.opfname, am.amname, pg_describe_object(d.classid, d.objid, d.objsubid)) AS line
FROM pg_opfamily f
JOIN pg_am am ON am.oid = f.opfmethod
JOIN pg_depend e ON e.classid = 'pg_opfamily'::regclass AND e.objid = f.oid AND e.deptype = 'e'
JOIN pg_depend d ON d.refclassid = 'pg_opfamily'::regclass AND d.refobjid = f.oid
) lines
ORDER BY line COLLATE "C";

-- the tables whose rows pg_dump keeps
SELECT extversion, extrelocatable,
	(SELECT string_agg(concat_ws(' ', t.config::regclass, quote_literal(t.condition)), ', ' ORDER BY t.config::regclass::text COLLATE "C")
	 FROM unnest(extconfig, extcondition) t(config, condition))
FROM pg_extension WHERE extname = 'nudge_metrics';

-- the rows that belong to the version
SELECT concat_ws(' | ', 'nudge.inputs', i) FROM nudge.inputs i ORDER BY i.input COLLATE "C";
SELECT concat_ws(' | ', 'nudge.input_columns', c) FROM nudge.input_columns c ORDER BY c.input COLLATE "C", c.position;
