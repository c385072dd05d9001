--
-- cancel.sql
--		Calls on large states of every type, to be cut short by a time limit.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

-- from the first aggregate with bigint keys and days, and from the one with
-- text keys and instants
CREATE TABLE fuzz.large (type regtype, aggregate regprocedure, form text);
DO $$
DECLARE
	agg record;
BEGIN
	FOR agg IN
		SELECT DISTINCT ON (p.prorettype, p.proargtypes[0]) p.prorettype::regtype AS type, p.oid::regprocedure AS signature
		FROM pg_proc p
		WHERE p.pronamespace = 'nudge'::regnamespace AND p.prokind = 'a' AND p.proname LIKE '%\_agg'
			AND (p.proargtypes[0] = 'bigint'::regtype AND 'date'::regtype::oid = ANY (p.proargtypes::oid[])
				OR p.proargtypes[0] = 'text'::regtype AND 'timestamptz'::regtype::oid = ANY (p.proargtypes::oid[]))
		ORDER BY p.prorettype, p.proargtypes[0], p.oid::regprocedure::text
	LOOP
		EXECUTE format('INSERT INTO fuzz.large SELECT %L, %L, state::text FROM (%s) s',
			agg.type, agg.signature, fuzz.state_query(agg.signature, 500000, 200000));
		EXECUTE format('CREATE TABLE fuzz.large_%s_%s AS SELECT form::%s AS state FROM fuzz.large WHERE aggregate = %L::regprocedure',
			agg.type::oid, agg.signature::oid, agg.type, agg.signature);
	END LOOP;
END
$$;

-- each accessor with as many arguments as have to be there, and with the
-- grain that gives most rows
CREATE TABLE fuzz.slow AS
	SELECT format('SELECT count(*) FROM fuzz.large_%s_%s, LATERAL (SELECT t::text FROM %s(state%s) t) x',
		l.type::oid, l.aggregate::oid, a.name,
		(SELECT coalesce(string_agg(CASE
				WHEN a.types[i - 1] = a.type THEN ', state'
				WHEN a.names[i] = 'mode_a' THEN ', ''snapshot'''
				WHEN a.names[i] LIKE 'mode%' THEN ', ''event'''
				WHEN a.names[i] = 'grain' THEN ', ''day'''
				WHEN a.names[i] = 'end_day' THEN ', date ''2024-06-01'''
				WHEN a.types[i - 1] = 'date'::regtype THEN ', date ''2024-03-01'''
				WHEN a.types[i - 1] = 'timestamptz'::regtype THEN ', timestamptz ''2024-03-01'''
				ELSE ', 1' END, '' ORDER BY i), '')
		 FROM generate_series(2, greatest(a.required,
			CASE WHEN a.names[2] = 'grain' AND n.n = 2 THEN 2 END)) i)) AS call
	FROM fuzz.large l JOIN fuzz.accessors a ON a.type = l.type, (VALUES (1), (2)) n(n)
	WHERE (n.n = 1 OR a.names[2] = 'grain')
		AND a.name !~ '_state_(eq|ne|lt|le|gt|ge|hash|hash_extended)$'
	UNION ALL
	SELECT format('SELECT form::%s IS NULL FROM fuzz.large WHERE aggregate::oid = %s', type, aggregate::oid) FROM fuzz.large
	UNION ALL
	SELECT format('SELECT nudge.rollup(state) IS NULL FROM fuzz.large_%s_%s, generate_series(1, 4)', type::oid, aggregate::oid) FROM fuzz.large
	UNION ALL
	SELECT format('SELECT nudge.combine(state, state) IS NULL FROM fuzz.large_%s_%s', type::oid, aggregate::oid) FROM fuzz.large
	UNION ALL
	SELECT fuzz.state_query(aggregate, 3000000, 1000000) FROM fuzz.large
	UNION ALL
	SELECT fuzz.state_query(aggregate, 3000000, 100) FROM fuzz.large;
