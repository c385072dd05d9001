--
-- catalog_lint.sql
--		Rules that every member of the extension keeps, read from the catalogue.
--
-- Each test lists the members that break a rule: the list must be empty.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

BEGIN;
SET client_min_messages = warning;
SELECT plan(31);

CREATE TEMP VIEW member AS
	SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, d.objsubid) AS name
	FROM pg_depend d
	JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'nudge_metrics'
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e';
CREATE TEMP VIEW func AS
	SELECT p.*, m.name, l.lanname
	FROM member m
	JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	JOIN pg_language l ON l.oid = p.prolang;
CREATE TEMP VIEW agg AS
	SELECT f.name, f.oid, f.proname, f.pronargs, f.pronargdefaults, f.provariadic, f.proparallel, f.provolatile,
		f.proargtypes, f.prorettype, a.*
	FROM func f JOIN pg_aggregate a ON a.aggfnoid = f.oid;
-- scores from 0 to 100 are estimates, and so is what they are made of; so are percentiles. What an
-- aggregate keeps of them are integers of 1e-6, so that its states are exact all the same
CREATE TEMP VIEW measuring AS
	SELECT * FROM func WHERE proname !~ '^(score_.*|(account_)?health_?.*|scale_.*|(usage|support|outcome|relationship|satisfaction|growth|advocacy)_factor|support_tickets|satisfaction_answers|usage_trend|engagement_consistency|percentile(s|_rank|_histogram|(_count)?_(agg|trans))?|scaling_coefficient)$';
-- functions that work for an aggregate, a type or an operator class
CREATE TEMP VIEW support AS
	SELECT f.* FROM func f
	WHERE f.oid IN (SELECT unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn]::oid[]) FROM agg)
		OR f.oid IN (SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend]::oid[]) FROM pg_type t
			JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid)
		OR f.oid IN (SELECT oprcode FROM pg_operator o
			JOIN member m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid)
		OR f.oid IN (SELECT amproc FROM pg_amproc);
-- tables whose rows belong to the version, as its functions do
CREATE TEMP TABLE shipped AS SELECT unnest(ARRAY['nudge.inputs', 'nudge.input_columns', 'nudge.shipped_channel_rules', 'nudge.shipped_presets', 'nudge.shipped_marts', 'nudge.shipped_metrics', 'nudge.shipped_metric_sources', 'nudge.shipped_views', 'nudge.shipped_staging_views', 'nudge.shipped_dashboards', 'nudge.shipped_widgets', 'nudge.shipped_widget_metrics', 'nudge.example_targets']) AS name;
-- base types of ours that an aggregate builds
CREATE TEMP VIEW state_type AS
	SELECT DISTINCT t.*, t.oid::regtype::text AS name
	FROM pg_type t
	JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
	JOIN agg a ON a.aggtranstype = t.oid
	WHERE t.typtype = 'b';

SELECT cmp_ok((SELECT count(*) FROM member), '>', 100::bigint, 'the extension has members');
SELECT cmp_ok((SELECT count(*) FROM state_type), '>', 0::bigint, 'the extension has state types');

-- All members
SELECT is_empty($$
	SELECT m.name FROM member m JOIN pg_class c ON c.oid = m.classid
	WHERE obj_description(m.objid, c.relname) IS NULL
		-- made by the server for a type, a table or a view
		AND NOT EXISTS (SELECT FROM pg_type t WHERE m.classid = 'pg_type'::regclass AND t.oid = m.objid
			AND (t.typelem <> 0 AND t.typcategory = 'A' OR t.typrelid <> 0))
		AND NOT EXISTS (SELECT FROM pg_cast t WHERE m.classid = 'pg_cast'::regclass AND t.oid = m.objid)
$$, 'every member has a comment');
SELECT is_empty($$
	SELECT m.name FROM member m
	WHERE m.classid IN ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_class'::regclass, 'pg_operator'::regclass)
		AND m.name NOT LIKE '% nudge.%' AND m.name NOT LIKE '%(nudge.%'
$$, 'every member lies in schema nudge');
SELECT is_empty($$
	SELECT f.name FROM func f WHERE f.proowner <> (SELECT extowner FROM pg_extension WHERE extname = 'nudge_metrics')
$$, 'the owner of the extension owns its functions');

-- Functions
SELECT is_empty($$ SELECT name FROM func WHERE proleakproof $$, 'nothing is leakproof');
SELECT is_empty($$
	SELECT name FROM func WHERE prosecdef
		AND NOT coalesce(proconfig::text LIKE '%search_path=pg_catalog, pg_temp%', false)
$$, 'a SECURITY DEFINER function pins search_path, pg_temp last');
-- or whoever has a table could write by them
SELECT is_empty($$
	SELECT f.name FROM func f WHERE f.prosecdef AND f.prorettype = 'trigger'::regtype
		AND EXISTS (SELECT FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a WHERE a.grantee = 0)
$$, 'not everybody may make triggers of a SECURITY DEFINER function');
SELECT is_empty($$
	SELECT name FROM func WHERE lanname = 'c' AND probin IS DISTINCT FROM '$libdir/nudge_metrics'
$$, 'C functions come from the module of the extension');
SELECT is_empty($$
	SELECT name FROM func WHERE lanname = 'c' AND prosrc !~ '^nm_'
$$, 'C symbols begin with nm_');
SELECT is_empty($$
	SELECT name FROM func WHERE lanname NOT IN ('c', 'sql', 'plpgsql', 'internal')
$$, 'no other language than C, SQL and PL/pgSQL');
SELECT is_empty($$
	SELECT name FROM func WHERE lanname = 'plpgsql'
		-- a procedure that commits cannot: it sets it in each of its transactions
		AND NOT (prokind = 'p' AND prosrc ~ 'nudge\.(pin_search_path|check_may_commit)\(\)')
		AND NOT coalesce(proconfig::text LIKE '%search_path=pg_catalog, pg_temp%', false)
$$, 'a PL/pgSQL function pins search_path');
-- a string body is parsed when it is called, with the search_path of the caller
SELECT is_empty($$
	SELECT name FROM func WHERE lanname = 'sql' AND prosqlbody IS NULL
		AND NOT coalesce(proconfig::text LIKE '%search_path=pg_catalog, pg_temp%', false)
$$, 'an SQL function has a parsed body, or pins search_path');
SELECT is_empty($$
	SELECT name FROM func WHERE prokind = 'f' AND provolatile = 'i' AND proparallel <> 's'
$$, 'an immutable function is parallel safe');
SELECT is_empty($$
	SELECT f.name FROM func f
	WHERE f.prokind = 'f' AND NOT f.proisstrict
		AND coalesce(obj_description(f.oid, 'pg_proc'), '') !~* 'not strict'
$$, 'a function that is not STRICT says so in its comment');
SELECT is_empty($$
	SELECT name FROM support WHERE provolatile <> 'i' OR proparallel <> 's'
$$, 'functions behind aggregates, types and operators are immutable and parallel safe');
SELECT is_empty($$
	SELECT DISTINCT f.name, r.type::regtype
	FROM func f, unnest(f.proargtypes::oid[] || coalesce(f.proallargtypes, '{}') || f.prorettype) r(type)
	WHERE r.type IN ('anyelement'::regtype, 'anyarray'::regtype, 'money'::regtype, 'real'::regtype)
$$, 'no function takes or gives anyelement, money or real');
-- what is counted or paid is exact; seconds and statistics are estimates anyhow
SELECT is_empty($$
	SELECT f.name, a.name AS argument
	FROM measuring f, unnest(coalesce(f.proallargtypes, f.proargtypes::oid[]),
		coalesce(f.proargmodes::text[], array_fill('i'::text, ARRAY[f.pronargs::integer])), f.proargnames) a(type, mode, name)
	WHERE a.type = 'double precision'::regtype
		AND (f.prokind = 'a' OR coalesce(a.name, '') !~ CASE WHEN a.mode IN ('i', 'v') THEN '^(alpha|confidence|threshold|fraction|relative_error)$'
			ELSE '(^|_)seconds(_|$)|^(z|p_value|chi_squared|average_users|survival|removal_effect|probability)$|^(rate|survival|lift|score|mean|share)_(low|high)$'
				|| '|^(t|degrees_of_freedom|margin_of_error)$'
				|| '|^(p[0-9]+|lowest|highest)(_ms|_utilisation)?$|^(relative_error|coefficient|cost_at_one|standard_error|r_squared|p_value_linear)$' END)
	UNION ALL
	SELECT f.name, 'result' FROM measuring f WHERE f.prorettype IN ('double precision'::regtype, 'double precision[]'::regtype)
	UNION ALL
	SELECT f.name, 'array' FROM measuring f
	WHERE coalesce(f.proallargtypes, f.proargtypes::oid[]) && ARRAY['double precision[]', 'real[]', 'money[]']::regtype[]::oid[]
$$, 'floating point is for seconds, scores, percentiles and statistics, and no other aggregate takes any');

-- Aggregates
SELECT is_empty($$
	SELECT name FROM agg WHERE pronargdefaults > 0 OR provariadic <> 0
$$, 'no aggregate has default or variadic arguments');
SELECT is_empty($$
	SELECT proname FROM agg GROUP BY proname HAVING count(DISTINCT pronargs) > 1
$$, 'no two aggregates of a name differ in the number of arguments');
SELECT is_empty($$
	SELECT a.name FROM agg a, unnest(a.proargtypes::oid[] || a.prorettype || a.aggtranstype) t(oid)
	JOIN pg_type p ON p.oid = t.oid WHERE p.typtype = 'p'
$$, 'no aggregate is polymorphic or has an internal state');
SELECT is_empty($$
	SELECT name FROM agg WHERE aggcombinefn = 0 OR proparallel <> 's' OR provolatile <> 'i'
$$, 'every aggregate can be combined and is parallel safe');
SELECT is_empty($$
	SELECT a.name FROM agg a JOIN pg_proc p ON p.oid IN (a.aggtransfn, a.aggcombinefn, a.aggfinalfn)
	WHERE p.proisstrict
$$, 'no function of an aggregate is STRICT');
SELECT is_empty($$
	SELECT name FROM agg WHERE aggtransspace <> 128
$$, 'every aggregate tells the planner the size of a small state');

-- Tables
SELECT is_empty($$
	SELECT m.name FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
	WHERE c.relkind IN ('r', 'p', 'S')
		AND c.oid <> ALL (ARRAY(SELECT s.name::regclass FROM shipped s))
		AND NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'nudge_metrics' AND c.oid = ANY (e.extconfig))
$$, 'pg_dump keeps the rows of every table that users fill');
SELECT is_empty($$
	SELECT s.name FROM shipped s, pg_class c
	WHERE c.oid = s.name::regclass
		AND (EXISTS (SELECT FROM pg_extension e WHERE c.oid = ANY (e.extconfig))
			OR EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner AND a.privilege_type <> 'SELECT'))
$$, 'tables of rows that are shipped are not dumped, and nobody may write them');
SELECT is_empty($$
	SELECT m.name FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
	WHERE c.relkind IN ('r', 'p')
		AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p')
		-- each change is a row of its own (doc/capture.md, doc/refresh.md)
		AND c.oid <> ALL ('{nudge.change_log,nudge.pending}'::regclass[])
$$, 'every table has a primary key');
SELECT is_empty($$
	SELECT m.name, a.attname FROM member m
	LEFT JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid AND t.typtype = 'c'
	JOIN pg_class c ON c.oid = CASE WHEN m.classid = 'pg_class'::regclass THEN m.objid ELSE t.typrelid END
		AND c.relkind IN ('r', 'p', 'v', 'm', 'c')
	JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE col_description(c.oid, a.attnum) IS NULL
$$, 'every column of a table, view or row type has a comment');
SELECT is_empty($$
	SELECT m.name, a.attname FROM member m
	JOIN pg_attribute a ON m.classid = 'pg_class'::regclass AND a.attrelid = m.objid AND a.attnum > 0
	WHERE a.atttypid IN ('money'::regtype, 'real'::regtype, 'double precision'::regtype)
$$, 'no table or view has floating point or money');

-- State types
SELECT is_empty($$
	SELECT t.name FROM state_type t
	WHERE t.typreceive = 0 OR t.typsend = 0 OR t.typalign <> 'd' OR t.typlen <> -1 OR t.typstorage <> 'x'
$$, 'state types have send and receive, eight-byte alignment, and can be toasted');
SELECT is_empty($$
	SELECT t.name FROM state_type t
	WHERE (SELECT count(*) FROM pg_opclass c JOIN pg_am am ON am.oid = c.opcmethod
			WHERE c.opcintype = t.oid AND c.opcdefault AND am.amname IN ('btree', 'hash')) <> 2
		OR NOT EXISTS (SELECT FROM agg a WHERE a.proname = 'rollup' AND a.proargtypes[0] = t.oid)
		OR NOT EXISTS (SELECT FROM func f WHERE f.proname = 'combine' AND f.proargtypes[0] = t.oid AND f.pronargs = 2)
$$, 'state types have btree and hash operator classes, rollup() and combine()');

SELECT * FROM finish();
ROLLBACK;
