--
-- cancel.sql
--		Calls on large states of every type, to be cut short by time limits.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

-- Many customers: each aggregate with bigint keys and days, or instants where
-- it takes no days.  Three customers: one aggregate of each type with text keys
-- and instants, many rows at the same time or none.
CREATE TABLE fuzz.large (n serial PRIMARY KEY, type regtype, key regtype, aggregate regprocedure, rows integer, keys integer, times text, form text);
INSERT INTO fuzz.large (type, key, aggregate, rows, keys, times)
	SELECT a.type, a.key, a.aggregate, s.rows, s.keys, s.times
	FROM (
		SELECT DISTINCT ON (CASE WHEN p.key = 'bigint'::regtype THEN p.name ELSE p.type::text END, p.key) p.*
		FROM (
			SELECT p.oid::regprocedure AS aggregate, p.proname AS name, p.prorettype::regtype AS type, p.proargtypes[0]::regtype AS key,
				'date'::regtype::oid = ANY (p.proargtypes::oid[]) AS days, 'timestamptz'::regtype::oid = ANY (p.proargtypes::oid[]) AS instants
			FROM pg_proc p
			WHERE p.pronamespace = 'nudge'::regnamespace AND p.prokind = 'a' AND p.proname LIKE '%\_agg'
		) p
		WHERE p.key = 'bigint'::regtype AND (p.days OR p.instants) OR p.key = 'text'::regtype AND p.instants
		ORDER BY CASE WHEN p.key = 'bigint'::regtype THEN p.name ELSE p.type::text END, p.key, NOT p.days, p.aggregate::text
	) a,
	(VALUES (400000, 150000, 'tied'), (200001, 3, 'tied'), (200001, 3, 'apart')) s(rows, keys, times)
	WHERE (s.keys > 3) = (a.key = 'bigint'::regtype)
	ORDER BY a.type::text, a.aggregate::text, s.rows, s.times;

DO $$
DECLARE
	l fuzz.large;
BEGIN
	FOR l IN SELECT * FROM fuzz.large LOOP
		EXECUTE format('UPDATE fuzz.large SET form = (SELECT state::text FROM (%s) s) WHERE n = %s',
			fuzz.state_query(l.aggregate, l.rows, l.keys, l.times), l.n);
		EXECUTE format('CREATE TABLE fuzz.large_%s AS SELECT form::%s AS state FROM fuzz.large WHERE n = %s', l.n, l.type, l.n);
	END LOOP;
END
$$;

-- the arguments that have to be there
CREATE FUNCTION fuzz.needed(large fuzz.large, a fuzz.accessors, i integer) RETURNS text
	LANGUAGE sql STABLE
RETURN CASE
	WHEN a.types[i - 1] = a.type THEN 'state'
	WHEN a.types[i - 1] IN (SELECT t.type FROM fuzz.types t) THEN
		(SELECT format('(SELECT state FROM fuzz.large_%s)', min(l.n)) FROM fuzz.large l WHERE l.type = a.types[i - 1] AND l.key = (large).key)
	WHEN a.names[i] = 'mode_a' THEN quote_literal('snapshot')
	WHEN a.names[i] = 'model' THEN quote_literal('linear')
	WHEN a.names[i] LIKE 'mode%' THEN quote_literal('event')
	WHEN a.names[i] = 'grain' THEN quote_literal('day')
	WHEN a.types[i - 1] = 'regclass'::regtype THEN coalesce((SELECT quote_literal(v.sound[1]) FROM fuzz.vocabulary v
		WHERE v.type = 'regclass'::regtype AND a.names[i] ~ ('^(' || v.name || ')$') ORDER BY v.n LIMIT 1), 'NULL')
	WHEN a.names[i] = 'end_day' THEN 'date ''2024-06-01'''
	WHEN a.names[i] = 'pattern' THEN quote_literal('(?1).*(?2)(?3)')
	WHEN a.names[i] = 'feature' THEN quote_literal('export')
	WHEN a.types[i - 1] = 'text[]'::regtype THEN quote_literal('{a,b,c}')
	WHEN a.types[i - 1] = 'date'::regtype THEN 'date ''2024-03-01'''
	WHEN a.types[i - 1] = 'timestamptz'::regtype THEN 'timestamptz ''2024-03-01'''
	WHEN a.types[i - 1] = 'text'::regtype THEN quote_literal('a')
	ELSE '1'
END;

-- Options that make a call hard.
CREATE TABLE fuzz.hard (function text, options text);
INSERT INTO fuzz.hard VALUES
	('retention_curve', 'horizon => 20000'), ('retention_curve', 'horizon => 20000, mode => ''streak'', entry => ''every_period'''),
	('retention_curve', 'horizon => 20000, mode => ''on_or_after'', entry => ''every_period'', return_state => state'),
	('retention_curve', 'mode => ''bracket'', edges => (SELECT array_agg(g) FROM generate_series(0, 19999) g)'),
	('retention_curve', 'horizon => 2000, mode => ''on_or_before'', entry => ''every_period'', as_of => ''2040-01-01'''),
	('retention_cohorts', 'grain => ''day'', periods => 1000, entry => ''every_period'', as_of => ''2034-01-01'''),
	('retention_cohorts', 'grain => ''day'', periods => 300, entry => ''every_period'', mode => ''streak'', return_state => state'),
	('retention_trend', 'age => 3, grain => ''day'', entry => ''every_period'', mode => ''on_or_after'''),
	('active_users', 'window_days => 20000, start_day => ''1990-01-01'', as_of => ''2040-01-01'''), ('stickiness', 'as_of => ''2040-01-01'''),
	('stickiness_histogram', 'start_day => ''1990-01-01'', end_day => ''2040-01-01'''), ('lifecycle', 'grain => ''day'', as_of => ''2040-01-01'''),
	('active_user_classes', 'grain => ''day'', as_of => ''2040-01-01'''), ('activity_survival', 'inactive_days => 1'),
	('funnel', 'within => ''7 days'''), ('funnel', 'within => ''7 days'', step_order => ''any'''), ('funnel', 'within => ''7 days'', step_order => ''strict'''),
	('funnel', 'within => ''7 days'', counting => ''totals'''), ('funnel', 'counting => ''sessions'', session_gap => ''1 hour'''),
	('funnel', 'exclusions => ''{c}'', steps => ''{a,b}'', exclusion => ''drop_user'''), ('funnel', 'optional => ''{b}'', grace => ''1 day'''),
	('funnel', 'within => ''1 day'', steps => ''{a,b,a,b,a,b,a,b,a,b,a,b,c,c,c,c,c,c}'''), ('funnel', 'step_order => ''any'', steps => ''{a,b,a,b,a,b,a,b,a,b,a,b,c,c,c,c,c,c}'''),
	('funnel', 'within => ''1 day'', max_gaps => ''{NULL,1 hour,2 hours}'', min_gaps => ''{NULL,1 second,1 second}'''),
	('funnel', 'within => ''7 days'', min_counts => ''{100,100,100}'''), ('funnel', 'baseline => state, as_of => ''2024-02-01'''),
	('funnel', 'within => ''7 days'', clickhouse_modes => ''{}'''), ('funnel', 'within => ''7 days'', clickhouse_modes => ''{strict_once}'''),
	('funnel', 'within => ''7 days'', clickhouse_modes => ''{strict_increase,strict_deduplication}'''), ('funnel', 'within => ''7 days'', clickhouse_modes => ''{strict_order,strict_once}'''),
	('funnel', 'within => ''7 days'', hold_constant => true'), ('funnel', 'entry => ''first'', as_of => ''2024-02-01'''),
	('funnel_users', 'within => ''7 days'', counting => ''totals'''),
	('sessions', 'gap => ''0'''), ('session_metrics', 'gap => ''0'', max_length => ''0'''), ('concurrent_users', 'grain => ''day'', gap => ''3 days'', as_of => ''2040-01-01'''),
	('event_transitions', 'session_gap => ''1 hour'''), ('paths', 'max_length => 1000, collapse_repeats => false'), ('paths', 'session_gap => ''0'', top => 1000000'),
	('paths', 'start_event => ''a'', end_event => ''ü'', max_length => 1000'),
	('feature_users', 'habit_weeks => 520, adopted_uses => 1'), ('feature_adoption', 'zone => ''Europe/Berlin'', as_of => ''2024-06-01'''),
	('feature_adoption', 'premium => (SELECT array_agg(g::text) FROM generate_series(1, 1000000) g)');
INSERT INTO fuzz.hard
	SELECT f, format('%L, ''{a,b,c}''%s', p, w)
	FROM unnest('{sequence_match,sequence_users}'::text[]) f, (VALUES (''), (', ''1 hour''')) w(w),
		(VALUES ('(?1).*(?2).*(?3).*(?1).*(?2).*(?3).*(?1).*(?3)(?3)(?3)(?3)(?3)(?3)(?3)(?3)(?3)(?3)'), ('(?1)(?!2)*(?1)(?!3)*(?1)(?!2)*(?1)(?3)(?3)(?3)(?3)(?3)(?3)(?3)'),
			('(?1)(?t>=1).*(?2)(?t!=1).*(?3)(?t<1)(?1)(?t==1)(?1)(?t==0)(?2)(?t==0)(?2)'), (repeat('.', 900) || '(?3)(?3)(?3)(?3)(?3)(?3)(?3)(?3)(?3)(?3)(?3)'),
			(repeat('(?1).*', 450)), (repeat('.(?t!=0.5).*', 300) || '(?3)(?3)(?3)(?3)(?3)(?3)(?3)(?3)')) p(p);
INSERT INTO fuzz.hard VALUES
	('sequence_next', '(SELECT array_agg(''a''::text) FROM generate_series(1, 100000))'), ('sequence_next', '''{}'', ''backward'', ''tail'''),
	('critical_path', '''{a,b,c,a,b,c}'', within => ''1 hour'''), ('as_funnel_state', '''{a,*}'''),
	('activity_exclude', '(SELECT array_agg(g::text) FROM generate_series(1, 1000000) g)'), ('activity_excluded', '(SELECT array_agg(g::text) FROM generate_series(1, 1000000) g)'),
	('activity_exclude', '(SELECT array_agg(''key '' || g) FROM generate_series(1, 1000000) g)'),
	('retention_summary', 'excluded => (SELECT array_agg(g::text) FROM generate_series(1, 1000000) g)');

CREATE TABLE fuzz.slow AS
	SELECT format('SELECT count(*) FROM fuzz.large_%s, LATERAL (SELECT t::text FROM %s(%s) t) x', l.n, a.name,
		(SELECT string_agg(fuzz.needed(l, a, i), ', ' ORDER BY i)
		 FROM generate_series(1, greatest(a.required, CASE WHEN a.names[2] = 'grain' THEN n.n END)) i)) AS call
	FROM fuzz.large l JOIN fuzz.accessors a ON a.type = l.type, (VALUES (1), (2)) n(n)
	WHERE (n.n = 1 OR a.names[2] = 'grain')
		AND a.name !~ '_state_(eq|ne|lt|le|gt|ge|hash|hash_extended)$'
		-- of the aggregates with many keys the last of the type
		AND l.n IN (SELECT max(m.n) FROM fuzz.large m WHERE m.times = 'tied' GROUP BY m.type, m.keys)
	UNION
	SELECT format('SELECT count(*) FROM fuzz.large_%s, LATERAL (SELECT t::text FROM %s(state, %s) t) x', l.n, a.name, h.options)
	FROM fuzz.large l JOIN fuzz.accessors a ON a.type = l.type JOIN fuzz.hard h ON a.name = 'nudge.' || h.function
	UNION ALL
	SELECT format('SELECT form::%s IS NULL FROM fuzz.large WHERE n = %s', type, n) FROM fuzz.large
	UNION ALL
	SELECT format('SELECT nudge.rollup(state) IS NULL FROM fuzz.large_%s, generate_series(1, 4)', n) FROM fuzz.large
	UNION ALL
	SELECT format('SELECT nudge.combine(state, state) IS NULL FROM fuzz.large_%s', n) FROM fuzz.large
	UNION ALL
	SELECT DISTINCT fuzz.state_query(aggregate, 3000000, many.keys) FROM fuzz.large, (VALUES (1000000), (100)) many(keys);
