-- sequence_properties.sql
--		Patterns, next events, transitions, paths and sessions over random
--		histories, against their definitions in plain SQL and PL/pgSQL, which
--		share no code with the extension.
--
-- The histories follow from the seed alone; NM_SEED in the environment
-- replaces it.

\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS nudge_metrics;
CREATE EXTENSION IF NOT EXISTS pgtap;

BEGIN;
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL jit = off;

\set seed sequence
\getenv seed NM_SEED
\set users 300
\getenv users NM_USERS
CREATE SCHEMA nm_test;
SET LOCAL search_path = nm_test, nudge, public;

SELECT no_plan();
SELECT diag('seed: ' || :'seed');

CREATE TABLE settings AS SELECT :'seed'::text AS seed;

-- A number 0 .. n-1 that depends on the seed and on what it is for.
CREATE FUNCTION pick(what text, n integer) RETURNS integer
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (SELECT (('x' || substr(md5(s.seed || '/' || what), 1, 8))::bit(32)::bigint % n)::integer FROM settings s);

-- Histories ---------------------------------------------------------------

-- Up to ten rows a user, from microseconds to hours apart, some at the same
-- instant; a tie_break tells these apart, so that everybody's order is known.
CREATE TABLE ev AS
SELECT u, n, timestamptz '2023-12-31 23:00:00+00' + make_interval(secs => pick('start' || u, 100000)
		+ sum(pick(u || 'step' || n, 4) * (ARRAY[0.000001, 1, 1, 60, 700, 3600])[1 + pick(u || 'size' || n, 6)]) OVER (PARTITION BY u ORDER BY n)) AS at,
	n * 3 - 10 AS tie_break,
	(CASE u % 4 WHEN 0 THEN '{A,B}' WHEN 1 THEN '{A,B,C}' WHEN 2 THEN '{A,A,B,B,C,D,Z}' ELSE '{A,B,C,D,Z,été}' END::text[])
		[1 + pick(u || 'e' || n, CASE u % 4 WHEN 0 THEN 2 WHEN 1 THEN 3 WHEN 2 THEN 7 ELSE 6 END)] AS event
FROM generate_series(1, :users) u, generate_series(1, 1 + pick('rows' || u, 10)) n;

SELECT diag(format('%s rows of %s users, %s tied in time with another', count(*), count(DISTINCT u),
	count(*) FILTER (WHERE tied > 1))) FROM (SELECT *, count(*) OVER (PARTITION BY u, at) AS tied FROM ev) t;

CREATE TABLE s AS SELECT sequence_ranked_agg(u, at, event, tie_break) AS st FROM ev;
CREATE TABLE one AS SELECT u, sequence_ranked_agg(u, at, event, tie_break) AS st FROM ev GROUP BY u;

-- the rows as they went in
SELECT is_empty($$
	(SELECT r.* FROM s, sequence_rows(st) r EXCEPT ALL SELECT u::text, at, tie_break, event FROM ev)
	UNION ALL (SELECT u::text, at, tie_break, event FROM ev EXCEPT ALL SELECT r.* FROM s, sequence_rows(st) r) $$, 'sequence_rows gives the rows back');

-- Patterns ----------------------------------------------------------------

CREATE TABLE q (id integer GENERATED ALWAYS AS IDENTITY, pattern text, conditions text[], within interval);
INSERT INTO q (pattern, conditions, within) VALUES
	('(?1)', '{A}', NULL), ('(?1)(?2)', '{A,B}', NULL), ('(?1)(?1)', '{A}', NULL), ('(?1)(?1)(?2)', '{A,B}', NULL), ('(?1)(?2)(?1)', '{A,B,C}', NULL),
	('(?1).*(?2)', '{A,C}', NULL), ('(?1).*(?2)', '{A,D,B}', NULL), ('(?1).*(?2).*(?3)', '{A,B,C}', NULL), ('(?1).(?2)', '{A,B,C}', NULL), ('(?1)..*(?1)', '{A,B}', NULL),
	('(?3).*(?1)(?2)', '{A,B,C}', NULL), ('(?1)(?!2)(?3)', '{A,B,C}', NULL), ('(?1)(?!2)*(?3)', '{A,B,C}', NULL), ('(?1)(?!1)*(?1)', '{A,B,C,D}', NULL),
	('(?1).*(?2)(?!3)*(?1)', '{A,B,C}', NULL), ('(?!1)(?2)', '{A,B,C}', NULL), ('(?1)(?!2)*(?3)', '{A,B,C}', '10 minutes'),
	('(?1)(?2)', '{A,B}', '1 second'), ('(?1).*(?2)', '{A,B}', '1 minute'), ('(?1).*(?1).*(?2)', '{A,B}', '20 minutes'), ('(?1)(?2)', '{A,B}', '0 seconds'),
	('(?1)(?t>1)(?2)', '{A,B}', NULL), ('(?1)(?t>=60)(?2)', '{A,B,C}', NULL), ('(?1)(?t<2)(?2)', '{A,B}', NULL), ('(?1)(?t<=1)(?1)', '{A,B}', NULL),
	('(?1)(?t==1)(?2)', '{A,B,C}', NULL), ('(?1)(?t!=1)(?2)', '{A,B}', NULL), ('(?2)(?t<3000)(?1)(?t>=60)(?2)', '{A,B}', NULL), ('(?1)(?t<=3600)(?2)(?3)', '{A,B,C}', '2 hours'),
	('(?1)(?t>1)(?2)', '{A,B}', '20 minutes'), ('(?1)(?2)', '{été,A}', NULL), ('(?1)', '{nothing}', NULL), ('(?1).*(?2)', '{A,nothing}', NULL);

-- and some at random: elements of one row, stars, conditions on time between two
-- numbers, a window where the first element is a number
INSERT INTO q (pattern, conditions, within)
SELECT string_agg(CASE pick(k || 'kind' || i, 9) WHEN 0 THEN '.' WHEN 1 THEN '.*' WHEN 2 THEN '(?!' || number || ')' WHEN 3 THEN '(?!' || number || ')*'
		WHEN 4 THEN format('(?%s)(?t%s%s)(?%s)', number, (ARRAY['>=', '>', '<', '<=', '==', '!='])[1 + pick(k || 'op' || i, 6)], (ARRAY[0, 1, 2, 60, 3600])[1 + pick(k || 't' || i, 5)], 1 + pick(k || 'm' || i, 3))
		ELSE '(?' || number || ')' END, '' ORDER BY i) || '(?1)',
	(ARRAY['{A,B,C}', '{B,A,D}', '{C,B,A,Z}'])[1 + pick('conditions' || k, 3)]::text[], NULL
FROM generate_series(1, 30) k, generate_series(1, 1 + pick('elements' || k, 4)) i, LATERAL (SELECT 1 + pick(k || 'number' || i, 3) AS number) n GROUP BY k;
UPDATE q SET within = (ARRAY['1 s', '10 minutes', '2 hours'])[1 + pick('within' || id, 3)]::interval WHERE within IS NULL AND pattern ~ '^\(\?\d' AND pick('bound' || id, 4) = 0;

-- The elements of a pattern.
CREATE FUNCTION elements(pattern text) RETURNS text[] LANGUAGE sql IMMUTABLE
	RETURN ARRAY(SELECT m[1] FROM regexp_matches(pattern, '(\(\?!?\d+\)\*?|\(\?t[^)]*\)|\.\*?)', 'g') m);

-- The definition: element i and those behind it, from row p on.  A star, and a
-- condition on time, leave out as few rows as they can.  Gives the row after
-- the match and the rows of the numbered elements, and how far a try came.
CREATE FUNCTION match_from(e integer[], t double precision[], el text[], i integer, p integer, taken integer[], within double precision,
	OUT hit boolean, OUT behind integer, OUT marks integer[], OUT reached integer, OUT best integer[]) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	x text := el[i];
	n integer := substring(x FROM '\d+')::integer;
	number double precision;
	away double precision;
	r record;
	ok boolean;
BEGIN
	reached := i;
	best := taken;
	IF i > cardinality(el) THEN
		hit := true; behind := p; marks := taken;
		RETURN;
	END IF;
	hit := false;
	IF x LIKE '(?t%' THEN
		number := substring(x FROM '([\d.]+)\)')::double precision;
		n := NULL;
	END IF;
	LOOP
		-- a star or a condition on time may end here
		IF x LIKE '%*' OR x LIKE '(?t%' THEN
			ok := x LIKE '%*';
			IF NOT ok AND p <= cardinality(e) THEN
				away := round((t[p] - t[taken[cardinality(taken)]])::numeric, 6);
				ok := CASE substring(x FROM '[<>=!]+') WHEN '>' THEN away > number WHEN '>=' THEN away >= number WHEN '<' THEN away < number
					WHEN '<=' THEN away <= number WHEN '==' THEN away = number WHEN '!=' THEN away <> number END;
			END IF;
			IF ok THEN
				SELECT * INTO r FROM nm_test.match_from(e, t, el, i + 1, p, taken, within);
				IF r.reached > greatest(reached, CASE WHEN x LIKE '(?t%' THEN i + 1 END) THEN
					reached := r.reached; best := r.best;
				END IF;
				IF r.hit THEN
					hit := true; behind := r.behind; marks := r.marks;
					RETURN;
				END IF;
			END IF;
		END IF;
		-- one row more
		IF p > cardinality(e) OR (within IS NOT NULL AND cardinality(taken) > 0 AND round((t[p] - t[taken[1]])::numeric, 6) > within)
			OR (x LIKE '(?!%' AND e[p] = n) OR (x ~ '^\(\?\d' AND e[p] <> n) THEN
			RETURN;
		END IF;
		p := p + 1;
		IF x NOT LIKE '%*' AND x NOT LIKE '(?t%' THEN
			SELECT * INTO r FROM nm_test.match_from(e, t, el, i + 1, p, CASE WHEN x ~ '^\(\?\d' THEN taken || (p - 1) ELSE taken END, within);
			hit := r.hit; behind := r.behind; marks := r.marks; reached := r.reached; best := r.best;
			RETURN;
		END IF;
	END LOOP;
END
$$;

-- All matches of a history, one behind the other; if there is none, the try that
-- came furthest in the pattern.
CREATE FUNCTION matches_of(e integer[], t double precision[], el text[], within double precision, OUT match integer, OUT marks integer[]) RETURNS SETOF record
	LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	p integer := 1;
	r record;
	reached integer := 0;
	best integer[] := '{}';
BEGIN
	match := 0;
	WHILE p <= cardinality(e) LOOP
		SELECT * INTO r FROM nm_test.match_from(e, t, el, 1, p, '{}', within);
		IF r.hit THEN
			match := match + 1;
			marks := r.marks;
			RETURN NEXT;
			p := r.behind;
		ELSE
			IF r.reached > reached THEN
				reached := r.reached; best := r.best;
			END IF;
			p := p + 1;
		END IF;
	END LOOP;
	IF match = 0 THEN
		marks := best;
		RETURN NEXT;
	END IF;
END
$$;

CREATE TABLE history AS
SELECT q.id, ev.u, array_agg(array_position(q.conditions, event) ORDER BY at, tie_break) AS e, array_agg(extract(epoch FROM at)::float8 ORDER BY at, tie_break) AS t,
	array_agg(at ORDER BY at, tie_break) AS at
FROM q JOIN ev ON event = ANY (q.conditions) GROUP BY 1, 2;
CREATE TABLE want AS
SELECT h.id, h.u, m.match, ARRAY(SELECT h.at[k] FROM unnest(m.marks) WITH ORDINALITY x(k, o) ORDER BY o) AS times
FROM history h JOIN q USING (id), matches_of(h.e, h.t, elements(q.pattern), extract(epoch FROM q.within)::float8) m;
CREATE INDEX ON want (id, u);
ANALYZE want;

-- Equality ----------------------------------------------------------------

CREATE FUNCTION label(q q) RETURNS text LANGUAGE sql STABLE
	RETURN format('%s of %s%s', (q).pattern, (q).conditions, ', within ' || (q).within);

SELECT is_empty(format($$
	WITH have AS (SELECT e.user_id, e.match, e.times FROM s, q, sequence_events(st, pattern, conditions, within) e WHERE id = %1$s),
		want AS (SELECT u::text, match, times FROM want WHERE id = %1$s AND match > 0)
	(SELECT 'extension', * FROM have EXCEPT ALL SELECT 'extension', * FROM want) UNION ALL (SELECT 'definition', * FROM want EXCEPT ALL SELECT 'definition', * FROM have)
	ORDER BY 2, 3 LIMIT 6 $$, id), label(q) || ': sequence_events') FROM q ORDER BY id;
SELECT is_empty($$
	SELECT q.id, q.pattern, w.users, sequence_match(st, pattern, conditions, within), w.matches, sequence_count(st, pattern, conditions, within)
	FROM s, q, LATERAL (SELECT count(DISTINCT u) FILTER (WHERE match > 0) AS users, count(*) FILTER (WHERE match > 0) AS matches FROM want WHERE want.id = q.id) w
	WHERE w.users <> sequence_match(st, pattern, conditions, within) OR w.matches <> sequence_count(st, pattern, conditions, within) $$, 'sequence_match and sequence_count');
SELECT is_empty($$
	WITH want AS (SELECT f.id, f.u, f.times, (SELECT count(*) FROM want w WHERE w.id = f.id AND w.u = f.u AND match > 0) AS matches FROM want f WHERE match <= 1)
	SELECT q.id, q.pattern, h.*, w.* FROM q CROSS JOIN s CROSS JOIN LATERAL sequence_users(st, pattern, conditions, within) h
		FULL JOIN want w ON w.id = q.id AND w.u::text = h.user_id
	WHERE (h.matched, h.matches, coalesce(h.times, '{}')) IS DISTINCT FROM (coalesce(w.matches, 0) > 0, coalesce(w.matches, 0), coalesce(w.times, '{}'))
	ORDER BY 1, 3 LIMIT 5 $$, 'sequence_users: whether, how often, and the times of the first match or of the part of the pattern that comes furthest');
SELECT is_empty($$
	SELECT q.pattern, one.u FROM one, q WHERE sequence_match(one.st, pattern, conditions, within)
		<> (SELECT count(*) FROM (SELECT FROM want w WHERE w.u = one.u AND w.id = q.id AND match > 0 LIMIT 1) x) $$, 'the state of one user: 0 or 1');

-- The event beside a chain --------------------------------------------------

CREATE TABLE path AS SELECT u, array_agg(event ORDER BY at, tie_break) AS e FROM ev GROUP BY u;
SELECT is_empty(format($$
	WITH begin AS (SELECT u, e, CASE %3$L WHEN 'head' THEN 1 WHEN 'tail' THEN cardinality(e) WHEN 'first_match' THEN array_position(e, (%1$L::text[])[1])
			ELSE (SELECT max(i) FROM generate_subscripts(e, 1) i WHERE e[i] = (%1$L::text[])[1]) END AS b, CASE %2$L WHEN 'forward' THEN 1 ELSE -1 END AS d FROM path),
		want AS (SELECT u::text AS user_id, e[b + d * cardinality(%1$L::text[])] AS event FROM begin
			WHERE (SELECT coalesce(bool_and(e[b + d * (i - 1)] IS NOT DISTINCT FROM c), true) FROM unnest(%1$L::text[]) WITH ORDINALITY x(c, i))),
		have AS (SELECT n.user_id, n.event FROM s, sequence_next(st, %1$L, %2$L, %3$L) n WHERE n.event IS NOT NULL)
	(SELECT 'extension', * FROM have EXCEPT ALL SELECT 'extension', * FROM want)
	UNION ALL (SELECT 'definition', * FROM want WHERE event IS NOT NULL EXCEPT ALL SELECT 'definition', * FROM have) ORDER BY 2 LIMIT 5 $$, chain, direction, base),
	format('beside %s, %s from %s', chain, direction, base))
FROM unnest('{"{A}","{B}","{A,B}","{B,A}","{A,B,C}","{A,A}","{nothing}","{}"}'::text[]) chain,
	(VALUES ('forward', 'head'), ('forward', 'first_match'), ('forward', 'last_match'), ('backward', 'tail'), ('backward', 'first_match'), ('backward', 'last_match')) v(direction, base)
WHERE chain <> '{}' OR base IN ('head', 'tail');

-- Sessions ------------------------------------------------------------------

-- Row by row: a session ends where more than the gap passes, or where the row
-- is further than the longest session from its first.
CREATE FUNCTION walked(gap interval, max_length interval, as_of timestamptz DEFAULT NULL)
	RETURNS TABLE (u integer, i bigint, at timestamptz, event text, session integer, started timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH RECURSIVE r AS MATERIALIZED (
		SELECT e.u, row_number() OVER (PARTITION BY e.u ORDER BY e.at, e.tie_break) AS i, e.at, e.event FROM ev e WHERE as_of IS NULL OR e.at < as_of
	), w AS (
		SELECT r.u, r.i, r.at, r.event, 1 AS session, r.at AS started FROM r WHERE r.i = 1
		UNION ALL
		SELECT r.u, r.i, r.at, r.event, w.session + cut::integer, CASE WHEN cut THEN r.at ELSE w.started END
		FROM w JOIN r ON r.u = w.u AND r.i = w.i + 1, LATERAL (SELECT r.at - w.at > gap OR coalesce(r.at - w.started > max_length, false) AS cut) c
	)
	SELECT * FROM w;
END;
CREATE TABLE cut (id integer, gap interval, max_length interval, page_events text[], as_of timestamptz);
INSERT INTO cut VALUES (1, '30 minutes', NULL, NULL, NULL), (2, '1 second', NULL, NULL, NULL), (3, '60 seconds', '2 minutes', NULL, '2024-01-01 12:00+00'), (4, '0 seconds', NULL, '{A,C}', NULL),
	(5, '2 hours', '1 hour', '{nothing}', '2024-01-01 12:00:00.000001+00'), (6, '700 seconds', '0 seconds', NULL, NULL), (7, '1 day', NULL, '{A,A,B}', '2024-01-01 06:00+00');
CREATE TABLE want_sessions AS
SELECT c.id, w.u::text AS user_id, w.session, min(w.at) AS started_at, max(w.at) AS ended_at, count(*) AS events,
	count(*) FILTER (WHERE c.page_events IS NULL OR w.event = ANY (c.page_events)) AS pages, extract(epoch FROM max(w.at) - min(w.at))::float8 AS duration_seconds,
	(array_agg(w.event ORDER BY w.i))[1] AS entry_event, (array_agg(w.event ORDER BY w.i DESC))[1] AS exit_event
FROM cut c, walked(c.gap, c.max_length, c.as_of) w GROUP BY c.id, w.u, w.session;

SELECT is_empty($$
	WITH have AS (SELECT c.id, h.user_id, h.session, h.started_at, h.ended_at, h.events, h.pages, h.duration_seconds, h.entry_event, h.exit_event
		FROM cut c, s, sessions(st, c.gap, c.max_length, c.page_events, c.as_of) h)
	(SELECT 'extension', * FROM have EXCEPT ALL SELECT 'extension', * FROM want_sessions) UNION ALL (SELECT 'definition', * FROM want_sessions EXCEPT ALL SELECT 'definition', * FROM have)
	ORDER BY 2, 3, 4 LIMIT 6 $$, 'sessions equal their definition');
SELECT is_empty($$
	SELECT h.* FROM cut c, s, sessions(st, c.gap, c.max_length, c.page_events, c.as_of) h
	WHERE h.bounced <> (h.events = 1) OR h.complete IS DISTINCT FROM (h.ended_at + c.gap < c.as_of OR coalesce(h.started_at + c.max_length < c.as_of, false)) LIMIT 5 $$, 'a bounce is a session of one event; one is complete when nothing from as_of on can belong to it');
SELECT is_empty($$
	WITH want AS (SELECT id, count(*) AS sessions, count(DISTINCT user_id) AS users, avg(duration_seconds) AS average, percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_seconds) AS median,
			avg(pages) AS pages, count(*) FILTER (WHERE events = 1) AS bounces, count(DISTINCT user_id) FILTER (WHERE session > 1) AS returning FROM want_sessions GROUP BY id)
	SELECT w.*, m.* FROM cut c JOIN want w USING (id) CROSS JOIN s CROSS JOIN LATERAL session_metrics(st, c.gap, c.max_length, c.page_events, c.as_of) m
	WHERE (m.sessions, m.users, m.bounces, m.returning_users) IS DISTINCT FROM (w.sessions, w.users, w.bounces, w.returning)
		OR abs(m.average_duration_seconds - w.average) > 1e-9 * (1 + w.average) OR abs(m.median_duration_seconds - w.median) > 1e-9 * (1 + w.median) OR abs(m.pages_per_session - w.pages) > 1e-15
		OR abs(m.bounce_rate - w.bounces::numeric / w.sessions) > 1e-15 OR abs(m.return_rate - w.returning::numeric / w.users) > 1e-15 OR abs(m.sessions_per_user - w.sessions::numeric / w.users) > 1e-15 $$,
	'session_metrics follow from the sessions');
SELECT is_empty($$
	WITH have AS (SELECT u, at, tie_break, sessionize(at, '60 seconds') OVER w AS a, sessionize(at, '60 seconds', '2 minutes') OVER w AS b, sessionize(at AT TIME ZONE 'UTC', '60 seconds', '2 minutes') OVER w AS c
			FROM ev WINDOW w AS (PARTITION BY u ORDER BY at, tie_break)),
		numbered AS (SELECT *, row_number() OVER (PARTITION BY u ORDER BY at, tie_break) AS i FROM have)
	SELECT * FROM numbered n JOIN walked('60 seconds', NULL) a USING (u, i) JOIN walked('60 seconds', '2 minutes') b USING (u, i)
	WHERE n.a IS DISTINCT FROM a.session OR n.b IS DISTINCT FROM b.session OR n.c IS DISTINCT FROM b.session LIMIT 5 $$, 'sessionize equals the same walk');
-- users present at once: both ends of a session count, the peak is first there,
-- the mean is over the time of the period
SELECT is_empty(format($$
	WITH w AS MATERIALIZED (SELECT * FROM want_sessions WHERE id = %1$s),
	p AS (SELECT d::date AS period, d AT TIME ZONE %3$L AS s, (d + ('1 ' || %2$L)::interval) AT TIME ZONE %3$L AS e
		FROM (SELECT min(started_at) AS a, max(ended_at) AS b FROM w) r, generate_series(date_trunc(%2$L, r.a AT TIME ZONE %3$L), date_trunc(%2$L, r.b AT TIME ZONE %3$L), ('1 ' || %2$L)::interval) d),
	moments AS (SELECT p.period, m.at, (SELECT count(DISTINCT x.user_id) FROM w x WHERE x.started_at <= m.at AND x.ended_at >= m.at) AS n
		FROM p, LATERAL (SELECT p.s AS at UNION SELECT started_at FROM w WHERE started_at >= p.s AND started_at < p.e) m),
	want AS (SELECT p.period, (SELECT max(n) FROM moments m WHERE m.period = p.period) AS peak_users,
		(SELECT m.at FROM moments m WHERE m.period = p.period ORDER BY n DESC, at LIMIT 1) AS peak_at,
		(SELECT coalesce(sum(extract(epoch FROM least(x.ended_at, p.e) - greatest(x.started_at, p.s))), 0)::float8 FROM w x WHERE x.started_at < p.e AND x.ended_at > p.s) / extract(epoch FROM p.e - p.s)::float8 AS average_users FROM p),
	have AS (SELECT h.* FROM cut c, s, concurrent_users(st, %2$L, %3$L, c.gap, c.max_length, c.as_of) h WHERE c.id = %1$s)
	SELECT * FROM want w FULL JOIN have h USING (period)
	WHERE (w.peak_users, CASE WHEN w.peak_users > 0 THEN w.peak_at END) IS DISTINCT FROM (h.peak_users, CASE WHEN w.peak_users > 0 THEN h.peak_at END)
		OR abs(w.average_users - h.average_users) > 1e-9 * (1 + w.average_users) OR h.average_users IS NULL $$, id, grain, zone), format('concurrent users by %s, %s, gap %s', grain, zone, gap))
FROM cut, (VALUES ('day', 'UTC'), ('day', 'America/New_York'), ('week', 'Asia/Kolkata')) v(grain, zone) WHERE as_of IS NULL;

-- Transitions and paths -----------------------------------------------------

SELECT is_empty(format($$
	WITH pairs AS (SELECT u, event, at, lead(event) OVER w AS next_event, lead(at) OVER w - at AS away FROM ev WINDOW w AS (PARTITION BY u ORDER BY at, tie_break)),
	want AS (SELECT event, next_event, count(*) AS transitions, count(DISTINCT u) AS users, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM away)::float8) AS median
		FROM pairs WHERE next_event IS NOT NULL AND (%1$L::interval IS NULL OR away <= %1$L::interval) GROUP BY 1, 2),
	more AS (SELECT *, transitions / sum(transitions) OVER (PARTITION BY event) AS share FROM want)
	SELECT * FROM more m FULL JOIN (SELECT t.* FROM s, event_transitions(st, %1$L) t) h USING (event, next_event)
	WHERE (m.transitions, m.users) IS DISTINCT FROM (h.transitions, h.users) OR abs(m.share - h.share) > 1e-15 OR abs(m.median - h.median_seconds) > 1e-9 * (1 + m.median)
		OR h.share IS NULL OR h.median_seconds IS NULL $$, gap), format('transitions, gap %s', coalesce(gap, 'none')))
FROM unnest('{NULL,0 seconds,1 second,10 minutes}'::text[]) gap;

SELECT is_empty(format($$
	WITH r AS (SELECT u, at, tie_break, event, count(*) FILTER (WHERE cut) OVER (PARTITION BY u ORDER BY at, tie_break) AS part
			FROM (SELECT *, coalesce(at - lag(at) OVER w > %1$L::interval, false) AS cut FROM ev WINDOW w AS (PARTITION BY u ORDER BY at, tie_break)) x),
	kept AS (SELECT u, part, array_agg(event ORDER BY at, tie_break) AS e
		FROM (SELECT *, lag(event) OVER (PARTITION BY u, part ORDER BY at, tie_break) AS before FROM r) x WHERE NOT %2$L OR event IS DISTINCT FROM before GROUP BY u, part),
	begun AS (SELECT u, part, e[CASE WHEN %3$L::text IS NULL THEN 1 ELSE array_position(e, %3$L) END:] AS e FROM kept WHERE %3$L::text IS NULL OR %3$L = ANY (e)),
	ended AS (SELECT u, part, CASE WHEN %4$L::text IS NULL THEN e[:%5$s] WHEN %3$L::text IS NULL THEN e[stop - %5$s + 1:stop] ELSE e[:stop] END AS path
		FROM begun, LATERAL (SELECT array_position(e, %4$L::text, CASE WHEN %3$L::text IS NULL THEN 1 ELSE 2 END) AS stop) x WHERE %4$L::text IS NULL OR stop IS NOT NULL),
	counted AS (SELECT path, count(*) AS occurrences, count(DISTINCT u) AS users, count(*) / sum(count(*)) OVER () AS share FROM ended GROUP BY path)
	SELECT * FROM (SELECT * FROM counted WHERE cardinality(path) <= %5$s) w FULL JOIN (SELECT p.* FROM s, paths(st, %5$s, %3$L, %4$L, %1$L, %2$L, 100000) p) h USING (path)
	WHERE (w.occurrences, w.users) IS DISTINCT FROM (h.occurrences, h.users) OR abs(w.share - h.share) > 1e-15 OR h.share IS NULL $$, gap, collapse, first, last, n),
	format('paths of up to %s events, from %s to %s, gap %s%s', n, coalesce(first, 'the first'), coalesce(last, 'any'), coalesce(gap, 'none'), CASE WHEN collapse THEN ', repeats are one' ELSE '' END))
FROM (VALUES (NULL, true, NULL, NULL, 5), (NULL, false, NULL, NULL, 3), ('30 minutes', true, NULL, NULL, 4), ('1 second', false, 'A', NULL, 3), (NULL, true, 'B', NULL, 2), (NULL, true, 'A', 'C', 3),
	(NULL, false, 'A', 'B', 4), ('30 minutes', true, 'A', 'B', 10), (NULL, false, 'A', 'A', 5), (NULL, true, 'A', 'nothing', 5), (NULL, false, NULL, NULL, 1), (NULL, false, NULL, 'C', 3), (NULL, true, NULL, 'B', 2), (NULL, true, 'B', NULL, 1),
	('1 second', true, NULL, 'A', 4)) v(gap, collapse, first, last, n);
SELECT is_empty($$
	WITH everything AS (SELECT p.* FROM s, paths(st, 3, top => 100000) p), best AS (SELECT p.* FROM s, paths(st, 3, top => 4) p)
	SELECT FROM best HAVING count(*) <> 4 OR min(occurrences) < (SELECT max(occurrences) FROM everything WHERE path NOT IN (SELECT path FROM best)) $$, 'top keeps the most frequent');

-- As a funnel ---------------------------------------------------------------

SELECT is(md5(funnel_state_send(as_funnel_state(st, steps))), md5(funnel_state_send((SELECT funnel_agg(u, at, event, steps) FROM ev))), format('as funnel of %s: the bytes of funnel_agg', steps))
FROM s, (VALUES ('{A,B,C}'::text[]), ('{C,A}'), ('{A,B,*}'), ('{nothing}'), ('{été,Z}')) v(steps);
SELECT is_empty($$
	WITH f AS (SELECT f.* FROM funnel((SELECT funnel_agg(u, at, event, '{A,B,C}') FROM ev), '10 minutes', as_of => '2024-01-01 12:00+00') f)
	SELECT * FROM f FULL JOIN (SELECT c.* FROM s, critical_path(st, '{A,B,C}', '10 minutes', '2024-01-01 12:00+00') c) c USING (step)
	WHERE (f.event, f.users, f.drop_off, 1 - f.step_rate, f.overall_rate) IS DISTINCT FROM (c.event, c.users, c.drop_off, c.drop_off_rate, c.overall_rate) $$, 'critical_path is a funnel');

-- a pattern that leaves room is a funnel, one that does not is a strict one, for
-- users without rows tied in time
CREATE TABLE untied AS SELECT sequence_agg(u, at, event) AS st FROM ev WHERE u IN (SELECT u FROM ev GROUP BY u HAVING count(*) = count(DISTINCT at));
SELECT is(sequence_match(st, '(?1).*(?2).*(?3)', steps, within), f.users, format('%s within %s: pattern and funnel agree', steps, coalesce(w, 'any time')))
FROM untied, unnest('{"{A,B,C}","{B,A,B}","{A,A,B}"}'::text[]) a, unnest('{NULL,10 minutes,1 second}'::text[]) w, LATERAL (SELECT a::text[] AS steps, w::interval AS within) x,
	LATERAL funnel(as_funnel_state(st, ARRAY(SELECT DISTINCT unnest(steps))), within, steps) f WHERE f.step = 3;
SELECT is(sequence_match(st, '(?1)(?2)(?3)', steps || '{C,D,Z,été}', within), f.users, format('%s within %s: pattern and strict funnel agree', steps, coalesce(w, 'any time')))
FROM untied, unnest('{"{A,B,C}","{B,A,D}"}'::text[]) a, unnest('{NULL,10 minutes}'::text[]) w, LATERAL (SELECT a::text[] AS steps, w::interval AS within) x,
	LATERAL funnel(as_funnel_state(st, steps || '*'::text), within, steps, step_order => 'strict') f WHERE f.step = 3;

-- without a rank, events of an instant are in the order of their names
SELECT is_empty($$
	WITH tied AS (SELECT u, sequence_agg(u, at, event) AS st, array_agg(event ORDER BY at, event COLLATE "C") AS events FROM ev GROUP BY u)
	SELECT u, events, p.path FROM tied, paths(st, 100, collapse_repeats => false) p WHERE p.path IS DISTINCT FROM events $$, 'events of an instant are in the order of their names');

-- Order of rows, parts and keys ---------------------------------------------

CREATE FUNCTION bytes(sequence_state) RETURNS text LANGUAGE sql IMMUTABLE RETURN md5(sequence_state_send($1)) || ' ' || pg_column_size($1::text);

SELECT is((SELECT bytes(sequence_ranked_agg(u, at, event, tie_break ORDER BY md5(x || '/' || u || '/' || n))) FROM ev), bytes(st), format('shuffled (%s): the same bytes', x)) FROM s, generate_series(1, 3) x;
SELECT is((SELECT bytes(sequence_agg(u, at, event ORDER BY md5(x || '/' || u || '/' || n))) FROM ev), (SELECT bytes(sequence_agg(u, at, event)) FROM ev), format('shuffled (%s), ties without rank: the same bytes', x)) FROM generate_series(1, 2) x;
SELECT is((SELECT bytes(rollup(part ORDER BY p)) FROM (SELECT md5(p::text) AS p, sequence_ranked_agg(u, at, event, tie_break)::text::sequence_state AS part FROM (SELECT *, pick(u || 'part' || n, parts) AS p FROM ev) x GROUP BY p) y),
	bytes(st), format('%s parts, through their text, roll up to the whole', parts)) FROM s, unnest('{1,2,7,64}'::integer[]) parts;
SELECT is((SELECT bytes(rollup(one.st)) FROM one), bytes(st), 'a state a user, rolled up') FROM s;
SELECT ok(bool_and(bytes(combine(x.st, y.st)) = bytes(combine(y.st, x.st)) AND bytes(combine(combine(x.st, y.st), z.st)) = bytes(combine(x.st, combine(y.st, z.st)))), 'combine is commutative and associative')
FROM one x, one y, one z WHERE x.u < 5 AND y.u < 8 AND z.u BETWEEN 3 AND 9;
SELECT is((SELECT bytes(sequence_ranked_agg(u, at AT TIME ZONE 'UTC', event, tie_break)) FROM ev), bytes(st), 'timestamp is read as UTC') FROM s;
SELECT is_empty(format($$
	WITH a AS (SELECT r.* FROM sequence_rows((SELECT sequence_ranked_agg(%1$s, at, event, tie_break) FROM ev)) r)
	(TABLE a EXCEPT ALL SELECT (%1$s)::text, at, tie_break, event FROM ev) UNION ALL (SELECT (%1$s)::text, at, tie_break, event FROM ev EXCEPT ALL TABLE a) $$, k), k || ' as key: the same rows')
FROM unnest('{"u::bigint","md5(u::text)::uuid","''user '' || u"}'::text[]) k;
SELECT is_empty(format($$
	WITH k AS (SELECT sequence_ranked_agg(%1$s, at, event, tie_break) AS x FROM ev)
	SELECT FROM k, s WHERE sequence_count(x, '(?1).*(?2)', '{A,B}') <> sequence_count(st, '(?1).*(?2)', '{A,B}')
		OR (SELECT array_agg(p ORDER BY p) FROM paths(x) p) <> (SELECT array_agg(p ORDER BY p) FROM paths(st) p)
		OR (SELECT m FROM session_metrics(x) m) IS DISTINCT FROM (SELECT m FROM session_metrics(st) m) $$, k), k || ' as key: the same numbers')
FROM unnest('{"md5(u::text)::uuid","''user '' || u"}'::text[]) k;

\set file `mktemp`
\setenv NM_FILE :file
CREATE TEMP TABLE copied (LIKE s);
COPY s TO STDOUT (FORMAT binary) \g :file
\copy copied FROM PROGRAM 'cat "$NM_FILE"' (FORMAT binary)
\! rm -f "$NM_FILE"
SELECT is((SELECT bytes(st) FROM copied), bytes(st), 'copied in binary form: the same bytes') FROM s;

CREATE TABLE busy AS SELECT u + 1000 * k AS u, n, at, tie_break, event FROM ev, generate_series(0, 9) k;
ANALYZE busy;
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TABLE serial AS SELECT bytes(sequence_ranked_agg(u, at, event, tie_break)) AS b FROM busy;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT is((SELECT bytes(sequence_ranked_agg(u, at, event, tie_break)) FROM busy), b, 'parallel workers give the same bytes') FROM serial;

SELECT * FROM finish();
ROLLBACK;
