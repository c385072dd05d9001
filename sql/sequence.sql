-- Events in order: patterns, what comes next, transitions and paths.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET search_path = nudge, public;
\pset null '(null)'

-- Seconds as instants, and back.
CREATE FUNCTION pg_temp.at(s numeric) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$ SELECT timestamptz '2024-01-01 00:00:00+00' + s * interval '1 second' $$;
CREATE FUNCTION pg_temp.secs(t timestamptz[]) RETURNS integer[] LANGUAGE sql IMMUTABLE AS
	$$ SELECT coalesce(array_agg(extract(epoch FROM x - timestamptz '2024-01-01 00:00:00+00')::integer ORDER BY o), '{}') FROM unnest(t) WITH ORDINALITY u(x, o) $$;
-- A state from 'user:ABC': a letter a second.
CREATE FUNCTION pg_temp.letters(VARIADIC users text[]) RETURNS sequence_state LANGUAGE sql STABLE AS
	$$ SELECT nudge.sequence_agg(split_part(u, ':', 1), pg_temp.at(o - 1), l)
	FROM unnest(users) u, string_to_table(split_part(u, ':', 2), NULL) WITH ORDINALITY s(l, o) $$;

-- Rows are in order of user, time, tie break and name, whatever came first.
SELECT r.* FROM sequence_rows((SELECT sequence_ranked_agg(u, pg_temp.at(s), e, tie) FROM (VALUES
	('b', 2, 'x', 0), ('b', 1, 'z', 0), ('a', 5, 'n', 2), ('a', 5, 'm', 3), ('a', 5, 'p', 2), ('a', -1, 'q', -7)) v(u, s, e, tie))) r;
-- keys, times and their kinds
SELECT r.* FROM sequence_rows((SELECT sequence_agg(u, d, 'x') FROM (VALUES (-1::bigint, date '1969-12-31'), (3, '2024-02-29')) v(u, d))) r;
SELECT r.* FROM sequence_rows((SELECT sequence_agg(u, d, 'x') FROM (VALUES (uuid '00000000-0000-0000-0000-000000000001', timestamp '2024-02-29 12:00:00.000001')) v(u, d))) r;
SET timezone = 'America/New_York';
SELECT sequence_agg(1::bigint, timestamp '2024-01-01 12:00', 'x') = sequence_agg(1::bigint, timestamptz '2024-01-01 12:00+00', 'x') AS same,
	sequence_agg(1::bigint, date '2024-01-01', 'x') = sequence_agg(1::bigint, timestamptz '2024-01-01 00:00+00', 'x') AS same_day;
SET timezone = 'UTC';
-- without tie breaks it is the same as with zero
SELECT sequence_agg('u'::text, pg_temp.at(1), 'x') = sequence_ranked_agg('u'::text, pg_temp.at(1), 'x', 0) AS same;
-- any order of rows and any split give the same state
WITH r AS (SELECT (i * 37 % 11)::bigint AS u, pg_temp.at(i * 7919 % 101) AS at, 'e' || i % 5 AS e FROM generate_series(1, 300) i)
SELECT (SELECT sequence_agg(u, at, e ORDER BY at) FROM r) = (SELECT sequence_agg(u, at, e ORDER BY e DESC, u) FROM r) AS order_free,
	(SELECT sequence_agg(u, at, e) FROM r) = (SELECT rollup(s) FROM (SELECT sequence_agg(u, at, e) AS s FROM r GROUP BY u % 3, e) p) AS merged,
	(SELECT sequence_agg(u, at, e) FROM r) = (SELECT combine((SELECT sequence_agg(u, at, e) FROM r WHERE u < 5), (SELECT sequence_agg(u, at, e) FROM r WHERE u >= 5))) AS combined,
	(SELECT sequence_agg(u, at, e)::text::sequence_state FROM r) = (SELECT sequence_agg(u, at, e) FROM r) AS text_form;
WITH r AS (SELECT 'user ' || i % 50 AS u, pg_temp.at(i * 7919 % 101) AS at, 'e' || i % 5 AS e FROM generate_series(1, 9000) i)
SELECT (SELECT sequence_agg(u, at, e ORDER BY at) FROM r) = (SELECT rollup(s) FROM (SELECT sequence_agg(u, at, e) AS s FROM r GROUP BY e) p) AS merged;
-- no rows, no state
SELECT sequence_agg(1::bigint, now(), 'x') FILTER (WHERE false) IS NULL AS nothing;
SELECT sequence_match(NULL, '(?1)', '{a}'), sequence_count(NULL, '(?1)', '{a}');
SELECT count(*) FROM sequence_rows(NULL), sequence_users(NULL, '(?1)', '{a}'), sequence_events(NULL, '(?1)', '{a}'), sequence_next(NULL, '{a}'), event_transitions(NULL), paths(NULL);

-- Patterns -----------------------------------------------------------------

-- Published results (ClickHouse 00222_sequence_aggregate_function_family):
-- data 0 is condition 1, and so on.
CREATE TEMP TABLE family AS SELECT sequence_agg(1::bigint, pg_temp.at(o - 1), e) AS s FROM string_to_table('000012000011', NULL) WITH ORDINALITY x(e, o);
SELECT p AS pattern, sequence_match(s, p, c) AS match, sequence_count(s, p, c) AS count, pg_temp.secs(u.times) AS times
FROM family, (VALUES (1, '(?1)'), (2, '(?2)'), (3, '(?3)'), (4, '(?4)'), (5, '(?1)(?1)'), (6, '(?1)(?1)(?1)'), (7, '(?1)(?1)(?1)(?1)'), (8, '(?1)(?1)(?1)(?1)(?1)'),
	(9, '(?1)(?1)(?1)(?1)(?2)'), (10, '(?1)(?t>10)(?2)'), (11, '(?1)(?t>11)(?2)'), (12, '(?1)(?t<11)(?2)'), (13, '(?1)(?t<3)(?3)'), (14, '(?1)(?t<=2)(?3)'),
	(15, '(?1)(?t<2)(?3)'), (16, '(?2)(?t>=7)(?2)'), (17, '(?2)(?t>7)(?2)'), (18, '(?2)(?3)(?1)')) v(o, p),
	LATERAL (SELECT '{0,1,2,3}'::text[] AS c) c, LATERAL sequence_users(s, p, c) u ORDER BY o;
SELECT p AS pattern, sequence_match(s, p, '{1,2}') AS match, sequence_count(s, p, '{1,2}') AS count, pg_temp.secs(u.times) AS times
FROM family, (VALUES ('(?1)(?t==2)(?2)'), ('(?1)(?t==1)(?2)')) v(p), LATERAL sequence_users(s, p, '{1,2}') u;
-- duckdb-behavioral, sequence_match.test
CREATE TEMP TABLE shop AS SELECT sequence_agg(u, pg_temp.at(s), e) AS s FROM (VALUES ('u1', 0, 'view'), ('u1', 1, 'cart'), ('u1', 2, 'purchase'),
	('u2', 0, 'view'), ('u2', 1, 'view'), ('u3', 0, 'view'), ('u3', 1, 'purchase')) v(u, s, e);
SELECT p AS pattern, u.user_id, u.matched, u.matches, pg_temp.secs(u.times) AS times FROM shop, (VALUES ('(?1)(?2)(?3)'), ('(?1).*(?3)')) v(p), LATERAL sequence_users(s, p, '{view,cart,purchase}') u ORDER BY p, user_id;
SELECT sequence_match(s, '(?1).*(?3)', '{view,cart,purchase}'), sequence_count(s, '(?1).*(?3)', '{view,cart,purchase}'), sequence_count(s, '(?1)', '{view}') FROM shop;

-- A, not B, then C
CREATE TEMP TABLE abc AS SELECT pg_temp.letters('1:AC', '2:ABC', '3:AXC', '4:ABAC', '5:ACBC', '6:BC', '7:ABXAXXC', '8:AXXXXXBC') AS s;
SELECT p AS pattern, string_agg(u.user_id || '=' || u.matches || u.matched::text || pg_temp.secs(u.times)::text, ' ' ORDER BY u.user_id)
FROM abc, (VALUES ('(?1)(?!2)*(?3)'), ('(?1).*(?3)'), ('(?1)(?!2)(?3)'), ('(?1).(?3)'), ('(?1)(?!2)*(?!4)*(?3)'), ('(?!1)(?!1)(?3)'), ('(?1)(?!2)*.*(?3)'), ('(?!2)*(?3)'), ('.*(?3)(?!3)*'),
	('(?1)(?!2)*(?t>1)(?3)'), ('(?1)(?t!=1)(?3)'), ('(?1)(?t!=1)(?t!=2)(?3)'), ('(?1)(?t>=1)(?t<=2)(?3)')) v(p), LATERAL sequence_users(s, p, '{A,B,C,X}') u GROUP BY p ORDER BY p COLLATE "C";
-- a row of no condition is not there
SELECT sequence_match(s, '(?1)(?2)', '{A,C}') AS without_b, sequence_match(s, '(?1)(?2)', '{A,C,B}') AS with_b, sequence_match(s, '(?1)(?2)', '{A,C,B,X}') AS with_x FROM abc;
-- names that no row has, and a name twice
SELECT sequence_match(s, '(?1)(?2)', '{A,nobody}') AS none, sequence_match(s, '(?1)(?!2)', '{A,nobody,B}') AS b_is_not_nobody, sequence_match(s, '(?1)(?2)', '{A,A,X}') AS twice, sequence_match(s, '(?2)', '{A,A}') AS second FROM abc;
-- the first match begins as early as it can, and each element comes as early as it can
SELECT e.user_id, e.match, pg_temp.secs(e.times) FROM (SELECT pg_temp.letters('1:AABBCCABC', '2:ABABAB') AS s) x, LATERAL sequence_events(s, '(?1).*(?2).*(?3)', '{A,B,C}') e ORDER BY 1, 2;
SELECT e.user_id, e.match, pg_temp.secs(e.times) FROM (SELECT pg_temp.letters('1:AABBCCABC', '2:ABABAB') AS s) x, LATERAL sequence_events(s, '(?1)(?2)', '{A,B,C}') e ORDER BY 1, 2;
-- . and (?!N) have a row but no time
SELECT pg_temp.secs(times) FROM sequence_events(pg_temp.letters('1:ABCD'), '(?1).(?!1)(?4)', '{A,B,C,D}');
-- times are between the rows of the elements on both sides, also of . and (?!N)
SELECT p, sequence_match(pg_temp.letters('1:ABCCCD'), p, '{A,B,C,D}') FROM (VALUES ('(?1).(?t==4)(?4)'), ('(?1).(?t==3)(?4)'), ('(?1)(?t>=5).*(?4)'), ('(?1).*(?t>=5)(?4)'), ('(?1)(?t>=6).*(?4)'), ('(?1)(?t > 4.999999)(?4)'), ('(?1)(?t<=5.0)(?4)'), ('(?1)(?t<5)(?4)')) v(p);
-- the bound holds from the first row to the last, both ends included
SELECT w, sequence_match(s, '(?1)(?t>=1)(?2).*(?3)', '{A,B,C}', w) AS users, sequence_count(s, '(?1).*(?2).*(?3)', '{A,B,C}', w) AS matches
FROM (SELECT pg_temp.letters('1:AABBCCABC', '2:ABABABCC', '3:AXXXBXXXXC') AS s) x, (VALUES (interval '1 second'), ('2 seconds'), ('3 seconds'), ('8 seconds'), ('9 seconds'), (NULL)) v(w);
-- a later start can be within the bound where the first is not; without a match the longest part within it
SELECT u.user_id, u.matched, u.matches, pg_temp.secs(u.times) FROM (SELECT pg_temp.letters('1:AXXXAXB', '2:AXXXB', '3:XA', '4:XX') AS s) x, LATERAL sequence_users(s, '(?1).*(?2)', '{A,B,X}', '2 seconds') u ORDER BY 1;
SELECT pg_temp.secs(times) FROM sequence_users(pg_temp.letters('1:ABXXCABCX'), '(?1)(?2)(?3)(?4)(?1)', '{A,B,C,D}');
-- with differences left out, a later start may end sooner
SELECT pg_temp.secs(times) FROM sequence_events((SELECT sequence_agg(1::bigint, pg_temp.at(s), e) FROM (VALUES (0, 'A'), (1, 'A'), (5, 'B'), (6, 'B')) v(s, e)), '(?1)(?t!=5)(?2)', '{A,B}');
SELECT pg_temp.secs(times) FROM sequence_events((SELECT sequence_agg(1::bigint, pg_temp.at(s), e) FROM (VALUES (0, 'A'), (1, 'A'), (5, 'B'), (6, 'B')) v(s, e)), '(?1)(?t!=5)(?2)', '{A,B}', '5 seconds');
-- ties are in order of their names, or as the tie break says
SELECT sequence_match((SELECT sequence_agg(1::bigint, pg_temp.at(0), e) FROM (VALUES ('b'), ('a')) v(e)), '(?1)(?2)', '{a,b}') AS by_name,
	sequence_match((SELECT sequence_ranked_agg(1::bigint, pg_temp.at(0), e, r) FROM (VALUES ('b', 1), ('a', 2)) v(e, r)), '(?1)(?2)', '{a,b}') AS by_rank;
-- the whole range of times
SELECT p, sequence_match((SELECT sequence_agg(1::bigint, t, e) FROM (VALUES (timestamptz '4714-11-24 00:00:00+00 BC', 'a'), ('294276-12-31 23:59:59.999999+00', 'b')) v(t, e)), p, '{a,b}')
FROM (VALUES ('(?1)(?2)'), ('(?1)(?t>9000000000000)(?2)'), ('(?1)(?t<9000000000000)(?2)'), ('(?1)(?t!=1)(?2)')) v(p);
SELECT sequence_match((SELECT sequence_agg(1::bigint, t, e) FROM (VALUES (timestamptz '4714-11-24 00:00:00+00 BC', 'a'), ('294276-12-31 23:59:59.999999+00', 'b')) v(t, e)), '(?1)(?2)', '{a,b}', '3660000 days');

-- An oracle: all chains by brute force, over all strings of length 6 of 3 letters.
CREATE TEMP TABLE strings AS SELECT string_agg(substr('ABC', 1 + (i / (3 ^ k)::int) % 3, 1), '' ORDER BY k) AS w FROM generate_series(0, 728) i, generate_series(0, 5) k GROUP BY i;
CREATE TEMP TABLE all_strings AS SELECT sequence_agg(w, pg_temp.at(o), l) AS s FROM strings, string_to_table(w, NULL) WITH ORDINALITY t(l, o);
SELECT p AS pattern, count(*), count(*) FILTER (WHERE u.matched) AS matched, count(*) FILTER (WHERE u.matched <> (user_id ~ r)) AS wrong, count(*) FILTER (WHERE u.matches <> n) AS wrong_count
FROM all_strings, (VALUES ('(?1)(?!2)*(?3)', 'A[^B]*?C'), ('(?1).*(?2).*(?2)', 'A.*?B.*?B'), ('(?1)(?!2)*(?!3)*(?1)', 'A[^B]*?[^C]*?A'), ('(?1).*(?2)', 'A.*?B'), ('(?1).(?!1)(?2)', 'A.[^A]B'), ('(?1)(?t>=2)(?t<=3)(?2)', 'A.{1,2}?B'),
	('(?1)(?t!=2)(?2)', 'A(.{2,}?)??B'), ('.*(?!1)(?!2)*(?t<3)(?2).*', '[^A][^B]{0,1}?B')) v(p, r),
	LATERAL sequence_users(s, p, '{A,B,C}') u, LATERAL (SELECT count(*) AS n FROM regexp_matches(user_id, r, 'g')) o GROUP BY p ORDER BY p COLLATE "C";

-- What comes next ------------------------------------------------------------

-- Published results (ClickHouse 01656_sequence_next_node_long).
CREATE TEMP TABLE ids AS SELECT pg_temp.letters('1:ABCD', '2:BBDC', '3:AB', '4:AAABC', '5:ABAC', '6:ABABC') AS s;
SELECT direction, base, chain, (SELECT string_agg(coalesce(event, '-'), ',' ORDER BY user_id) FROM sequence_next(s, chain, direction, base)) AS next
FROM ids, (VALUES (1, 'forward', 'head', '{A}'::text[]), (2, 'forward', 'head', '{A,B}'), (3, 'forward', 'head', '{B}'), (4, 'backward', 'tail', '{C}'), (5, 'backward', 'tail', '{D}'),
	(6, 'forward', 'first_match', '{B}'), (7, 'forward', 'first_match', '{B,A}'), (8, 'forward', 'first_match', '{A,B,C}'), (9, 'backward', 'first_match', '{B}'),
	(10, 'forward', 'head', '{}'), (11, 'backward', 'tail', '{}'), (12, 'forward', 'last_match', '{B}'), (13, 'backward', 'last_match', '{B,A}'), (14, 'forward', 'first_match', '{nobody}')) v(o, direction, base, chain) ORDER BY o;
SELECT n.* FROM ids, sequence_next(s, '{A}') n ORDER BY user_id;

-- Transitions ----------------------------------------------------------------

SELECT t.* FROM ids, event_transitions(s) t ORDER BY event, next_event;
-- the same from plain SQL; a gap cuts
CREATE TEMP TABLE walks AS SELECT (i * 13 % 17)::bigint AS u, pg_temp.at((i * 7919 % 1009) * 37) AS at, 'e' || i % 7 % 4 AS e FROM generate_series(1, 900) i;
CREATE TEMP TABLE hops AS SELECT u, at, e, lead(e) OVER w AS next, lead(at) OVER w - at AS d FROM walks WINDOW w AS (PARTITION BY u ORDER BY at, e);
SELECT gap, count(*) AS pairs, count(*) FILTER (WHERE (a.n, a.u, a.median) IS DISTINCT FROM (b.transitions, b.users, b.median_seconds) OR abs(a.share - b.share) > 1e-15) AS wrong, sum(transitions) AS transitions
FROM (VALUES (interval '10 minutes'), ('20 minutes'), ('1000 hours')) v(gap),
	LATERAL (SELECT e AS event, next AS next_event, count(*) AS n, count(DISTINCT u) AS u, count(*) / sum(count(*)) OVER (PARTITION BY e) AS share, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM d)::float8) AS median
		FROM hops WHERE d <= gap GROUP BY 1, 2) a
	FULL JOIN event_transitions((SELECT sequence_agg(u, at, e) FROM walks), gap) b USING (event, next_event) GROUP BY gap ORDER BY gap;
SELECT count(*), sum(transitions) FROM event_transitions((SELECT sequence_agg(u, at, e) FROM walks));
SELECT count(*) FROM event_transitions((SELECT sequence_agg(1::bigint, pg_temp.at(0), 'alone')));

-- Paths ------------------------------------------------------------------------

CREATE TEMP TABLE trips AS SELECT pg_temp.letters('1:HSPB', '2:HSPB', '3:HHHSSP', '4:SHSPHB', '5:B', '6:HSHSHSPPB') AS s;
SELECT p.* FROM trips, paths(s) p;
SELECT p.* FROM trips, paths(s, 3) p;
SELECT p.* FROM trips, paths(s, 3, top => 2) p;
SELECT p.* FROM trips, paths(s, collapse_repeats => false, top => NULL) p;
-- from the first start_event on; up to the first end_event; both
SELECT p.* FROM trips, paths(s, 3, start_event => 'H') p;
SELECT p.* FROM trips, paths(s, 3, end_event => 'P') p;
SELECT p.* FROM trips, paths(s, 10, 'H', 'B') p;
-- longer ones are counted in the share only
SELECT p.* FROM trips, paths(s, 4, 'H', 'B') p;
SELECT p.* FROM trips, paths(s, 4, 'H', 'H') p;
SELECT p.* FROM trips, paths(s, 4, 'nobody') p;
SELECT p.* FROM trips, paths(s, 4, end_event => 'nobody') p;
SELECT p.* FROM trips, paths(s, 1) p;
SELECT p.* FROM trips, paths(s, 1, 'H') p;
-- sessions: a user can take a path twice
SELECT p.* FROM paths((SELECT sequence_agg(u, pg_temp.at(s), e) FROM (VALUES (1::bigint, 0, 'a'), (1, 10, 'b'), (1, 100, 'a'), (1, 110, 'b'), (1, 120, 'c'), (1, 200, 'a'), (1, 210, 'b'), (2, 0, 'a'), (2, 10, 'b')) v(u, s, e)), session_gap => '10 seconds') p;
SELECT p.* FROM paths((SELECT sequence_agg(u, pg_temp.at(s), e) FROM (VALUES (1::bigint, 0, 'a'), (1, 10, 'b'), (1, 100, 'a'), (1, 110, 'b'), (1, 120, 'c'), (1, 200, 'a'), (1, 210, 'b'), (2, 0, 'a'), (2, 10, 'b')) v(u, s, e)), session_gap => '9 seconds') p;
-- an event at the end of one session may begin the next: repeats are of one session
SELECT p.* FROM paths((SELECT sequence_agg(1::bigint, pg_temp.at(s), 'a') FROM generate_series(0, 9) s), session_gap => '0') p;
-- the same from plain SQL, and the paths that are kept are the first in order
CREATE TEMP TABLE plain AS SELECT string_to_array(string_agg(e, ',' ORDER BY at), ',') AS events, u FROM (SELECT *, row_number() OVER (PARTITION BY u ORDER BY at) AS r FROM (SELECT *, lag(e) OVER (PARTITION BY u ORDER BY at) IS DISTINCT FROM e AS new FROM (SELECT i % 301 AS u, i AS at, 'e' || hashint4(i) % 3 AS e FROM generate_series(1, 2000) i) x) y WHERE new) z WHERE r <= 3 GROUP BY u;
WITH a AS (SELECT *, row_number() OVER (ORDER BY occurrences DESC, path COLLATE "C") AS r FROM (SELECT events AS path, count(*) AS occurrences, count(*) AS users FROM plain GROUP BY 1) x),
	b AS (SELECT *, row_number() OVER () AS r FROM paths((SELECT sequence_agg(u::bigint, pg_temp.at(at), e) FROM (SELECT i % 301 AS u, i AS at, 'e' || hashint4(i) % 3 AS e FROM generate_series(1, 2000) i) x), 3, top => NULL))
SELECT count(*), count(*) FILTER (WHERE (a.path, a.occurrences, a.users, a.r) IS DISTINCT FROM (b.path, b.occurrences, b.users, b.r)) AS wrong, sum(b.occurrences) AS occurrences FROM a FULL JOIN b USING (path);
SELECT top, count(*) AS rows, bool_and(p.r = a.r) AS first_of_all FROM (VALUES (1), (2), (3), (7), (1000)) v(top), LATERAL (SELECT sequence_agg((i % 301)::bigint, pg_temp.at(i), 'e' || hashint4(i) % 3) AS s FROM generate_series(1, 2000) i) x,
	LATERAL (SELECT *, row_number() OVER () AS r FROM paths(s, 3, top => v.top)) p JOIN LATERAL (SELECT *, row_number() OVER () AS r FROM paths(s, 3, top => NULL)) a USING (path) GROUP BY top ORDER BY top;

-- Large and small ----------------------------------------------------------------

-- one user with many events, all elements of a long pattern
CREATE TEMP TABLE long AS SELECT sequence_agg('u'::text, pg_temp.at(i / 3), CASE WHEN i % 5 = 0 THEN 'a' ELSE 'b' END) AS s FROM generate_series(0, 99999) i;
SELECT sequence_count(s, '(?1)(?2)(?2)', '{a,b}'), sequence_count(s, '(?1).*(?2).*(?1)', '{a,b}'), sequence_match(s, repeat('(?1).*', 499) || '(?2)', '{a,c}') AS none,
	sequence_match(s, repeat('.*(?2).*(?1)(?t>=1)', 20) || '.', '{a,b}') AS many, sequence_count(s, '(?1)(?t!=1)(?t!=2)(?t<=3)(?2)', '{a,b}') AS holes FROM long;
SELECT matched, array_length(times, 1) FROM long, sequence_users(s, repeat('(?1).*', 100) || '(?2)', '{a,c}');
SELECT t.* FROM long, event_transitions(s) t;
SELECT p.* FROM long, paths(s, 4, 'a', NULL) p;

-- Errors -------------------------------------------------------------------------

SELECT sequence_agg(NULL::bigint, now(), 'x');
SELECT sequence_agg(1::bigint, NULL::timestamptz, 'x');
SELECT sequence_agg(1::bigint, now(), NULL);
SELECT sequence_ranked_agg(1::bigint, now(), 'x', NULL);
SELECT sequence_agg(1::bigint, timestamptz 'infinity', 'x');
SELECT sequence_agg(1::bigint, timestamp '-infinity', 'x');
SELECT sequence_agg(1::bigint, date 'infinity', 'x');
SELECT sequence_agg(1::bigint, date '300000-01-01', 'x');
SELECT sequence_trans(NULL, 1::bigint, now(), 'x');
SELECT combine(sequence_agg(1::bigint, now(), 'x'), sequence_agg('1'::text, now(), 'x'));
-- a state of days, one with a parameter, one with a time that is none: no aggregate makes such
SELECT translate(encode('\x4E050100000000010000000000000001000000010000000000000001000000010000000000000000000000000000000178', 'base64'), E'=\n', '')::sequence_state;
SELECT overlay(sequence_agg(1::bigint, pg_temp.at(0), 'x')::text placing 'B' from 13 for 1)::sequence_state;
SELECT overlay(sequence_agg(1::bigint, pg_temp.at(0), 'x')::text placing 'X/////////' from 38 for 10)::sequence_state;
SELECT sequence_match(s, NULL, '{A}') FROM abc;
SELECT sequence_match(s, '(?1)', NULL) FROM abc;
SELECT sequence_match(s, '(?1)', '{A,NULL}') FROM abc;
SELECT sequence_match(s, '(?1)', '{{A,B},{C,D}}') FROM abc;
DO $$
DECLARE p text; d text;
BEGIN
	FOREACH p IN ARRAY '{"", ".*", "(?1)*", "(?1", "(?)", "(?1)x", "ä(?1)", "(?1) ä", "(?t>1)(?1)", "(?1)(?t>1)", "(?1)(?t=1)(?1)", "(?1)(?t>)(?1)", "(?1)(?t>.)(?1)", "(?1)(?t>1.0000001)(?1)", "(?1)(?t>99999999999999)(?1)", "(?1)(?t>1s)(?1)", "(?0)", "(?2)", "(?99999999999)", "(?!2)*", "(?!)", "**"}'::text[] LOOP
		BEGIN
			PERFORM nudge.sequence_match((SELECT s FROM abc), p, '{A}');
			RAISE NOTICE '% is fine', p;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL;
			RAISE NOTICE '%: % % %', p, SQLSTATE, SQLERRM, d;
		END;
	END LOOP;
END $$;
SELECT sequence_match(s, '(?1)(?', '{A}') FROM abc;
SELECT sequence_match(s, '(?2)', '{A}') FROM abc;
SELECT sequence_match(s, repeat('(?1)', 1001), '{A}') FROM abc;
SELECT sequence_match(s, '(?1)', array_fill('A'::text, '{1001}')) FROM abc;
SELECT sequence_match(s, repeat('.', 1000), '{a}') FROM (SELECT sequence_agg(1::bigint, timestamptz 'epoch' + i * interval '1 day', 'a') AS s FROM generate_series(1, 270000) i) x;
SELECT sequence_match(s, '(?1)', '{A}', '1 month') FROM abc;
SELECT sequence_match(s, '(?1)', '{A}', '-1 day') FROM abc;
SELECT count(*) FROM abc, sequence_next(s, NULL);
SELECT count(*) FROM abc, sequence_next(s, '{A}', 'sideways');
SELECT count(*) FROM abc, sequence_next(s, '{A}', NULL);
SELECT count(*) FROM abc, sequence_next(s, '{A}', 'forward', 'middle');
SELECT count(*) FROM abc, sequence_next(s, '{A}', 'forward', 'tail');
SELECT count(*) FROM abc, sequence_next(s, '{}', 'backward', 'first_match');
SELECT count(*) FROM abc, event_transitions(s, '1 year');
SELECT count(*) FROM abc, paths(s, 0);
SELECT count(*) FROM abc, paths(s, 101);
SELECT count(*) FROM abc, paths(s, NULL);
SELECT count(*) FROM abc, paths(s, top => 0);
SELECT count(*) FROM abc, paths(s, collapse_repeats => NULL);
