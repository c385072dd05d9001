-- score_properties.sql
--		Drops, falls, runs, trends, baselines, histories and triggers over random
--		scores, against their definitions in plain SQL, which share no code with
--		the extension.
--
-- The scores follow from the seed alone; NM_SEED in the environment replaces
-- it.

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
SET LOCAL intervalstyle = 'postgres';
SET LOCAL jit = off;

\set seed score
\getenv seed NM_SEED
\set entities 60
\getenv entities NM_ENTITIES
CREATE SCHEMA nm_test;
SET LOCAL search_path = nm_test, nudge, public;

SELECT no_plan();
SELECT diag('seed: ' || :'seed');

CREATE TABLE settings AS SELECT :'seed'::text AS seed;

-- A number 0 .. n-1 that depends on the seed and on what it is for.
CREATE FUNCTION pick(what text, n integer) RETURNS integer
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (SELECT (('x' || substr(md5(s.seed || '/' || what), 1, 8))::bit(32)::bigint % n)::integer FROM settings s);

-- Scores ------------------------------------------------------------------

-- Up to 80 scores of an entity around 2000-01-01, from microseconds to weeks
-- apart, some at the same instant; of few different scores, or of millionths.
CREATE TABLE scored AS
SELECT e, n, timestamptz '1999-10-01 00:00Z' + make_interval(days => pick('start' || e, 40)) + sum(interval '1 second' * (pick(e || 'step' || n, 3) * (ARRAY[0.000001, 3600, 86400, 86400, 604800])[1 + pick(e || 'size' || n, 5)]))
		OVER (PARTITION BY e ORDER BY n) AS at,
	CASE e % 3 WHEN 0 THEN 60 + 5 * pick(e || 'score' || n, 8) WHEN 1 THEN (pick(e || 'score' || n, 100000) - 20000) / 1000000::numeric
		ELSE 50 + n * (e % 5 - 2) / 3.0 + pick(e || 'score' || n, 300) / 100.0 END::numeric(20, 6) AS score
FROM generate_series(1, :entities) e, generate_series(1, 1 + pick('rows' || e, CASE e % 6 WHEN 0 THEN 4 ELSE 80 END)) n;

SELECT diag(format('%s scores of %s entities, %s tied in time with another', count(*), count(DISTINCT e), count(*) FILTER (WHERE tied > 1)))
FROM (SELECT *, count(*) OVER (PARTITION BY e, at) AS tied FROM scored) t;

CREATE TABLE s AS SELECT e, score_agg(at, score::double precision) AS st FROM scored GROUP BY e;
-- one reading to an instant
CREATE TABLE reading AS SELECT e, at, round(avg(score), 6) AS score, count(*) AS n FROM scored GROUP BY e, at;
CREATE INDEX ON reading (e, at);
-- where to look: at readings, near them, far behind and long before
CREATE TABLE look AS
	SELECT e, at + d AS as_of FROM reading, unnest('{0,1 microsecond,-1 microsecond,5 days,30 days,400 days}'::interval[]) d WHERE pick(e || 'look' || at || d, 12) = 0
	UNION SELECT e, '1999-09-01Z' FROM reading;
SELECT diag(format('%s readings, looked at %s times', (SELECT count(*) FROM reading), (SELECT count(*) FROM look)));
-- spans that are differences of readings too, where an edge is
CREATE TABLE span AS SELECT w FROM unnest('{1 microsecond,2 hours,1 day,2 days,7 days,14 days,30 days,200 days}'::interval[]) w;

SELECT is_empty($$ (SELECT e, r.at, r.score::numeric(20, 6) FROM s, score_rows(st) r EXCEPT ALL SELECT e, at, score FROM scored)
	UNION ALL (SELECT e, at, score FROM scored EXCEPT ALL SELECT e, r.at, r.score::numeric(20, 6) FROM s, score_rows(st) r) $$, 'score_rows gives the rows back');
SELECT is_empty($$ (SELECT e, r.at, r.score::numeric, r.scores FROM s, score_readings(st) r EXCEPT ALL SELECT * FROM reading)
	UNION ALL (SELECT * FROM reading EXCEPT ALL SELECT e, r.at, r.score::numeric, r.scores FROM s, score_readings(st) r) $$, 'a reading is the mean of the scores of an instant');

-- The latest reading of an entity at an instant.
CREATE FUNCTION latest(e integer, as_of timestamptz) RETURNS reading LANGUAGE sql STABLE
	RETURN (SELECT r FROM reading r WHERE r.e = latest.e AND r.at <= as_of ORDER BY r.at DESC LIMIT 1);

SELECT is_empty($$ SELECT * FROM look JOIN s USING (e), LATERAL (SELECT latest(e, as_of) AS r) l WHERE score_at(st, as_of)::numeric IS DISTINCT FROM (r).score $$, 'score_at is the latest reading');
SELECT is_empty($$ SELECT * FROM look JOIN s USING (e), span, LATERAL (SELECT latest(e, as_of) AS r) l
	WHERE score_at(st, as_of, w)::numeric IS DISTINCT FROM CASE WHEN (r).at >= as_of - w THEN (r).score END $$, 'score_at is not older than max_age');

-- Drops and falls ---------------------------------------------------------

CREATE FUNCTION want_drop(e integer, w interval, as_of timestamptz) RETURNS numeric LANGUAGE sql STABLE
	RETURN (SELECT max(r.score) - (latest(want_drop.e, as_of)).score FROM reading r WHERE r.e = want_drop.e AND r.at > as_of - w AND r.at <= as_of);
SELECT is_empty($$ SELECT e, w, as_of, score_drop(st, w, as_of), want_drop(e, w, as_of) FROM look JOIN s USING (e), span WHERE score_drop(st, w, as_of)::numeric IS DISTINCT FROM want_drop(e, w, as_of) $$,
	'score_drop is the maximum of the window minus the latest reading');
SELECT is_empty($$ SELECT * FROM s, span, score_drops(st, w) d WHERE score_drop(st, w, d.at) IS DISTINCT FROM d.score_drop OR score_at(st, d.at) IS DISTINCT FROM d.score $$, 'score_drops is score_drop at each reading');
SELECT results_eq($$ SELECT e, w, count(*) FROM s, span, score_drops(st, w) GROUP BY 1, 2 ORDER BY 1, 2 $$, $$ SELECT e, w, count(*) FROM reading, span GROUP BY 1, 2 ORDER BY 1, 2 $$, 'score_drops has each reading');
SELECT is_empty($$ SELECT * FROM s, span, score_drops(st, w) d,
		LATERAL (SELECT r.at, r.score FROM reading r WHERE r.e = s.e AND r.at > d.at - w AND r.at <= d.at ORDER BY r.score DESC, r.at DESC LIMIT 1) p
	WHERE (d.peak::numeric, d.peak_at) IS DISTINCT FROM (p.score, p.at) $$, 'the peak, and when it was last reached');
SELECT is_empty($$ WITH b AS (SELECT e, min(as_of) AS a, max(as_of) AS b, w FROM (SELECT e, as_of, w FROM look, span WHERE pick('bounds' || e || as_of || w, 5) = 0) x GROUP BY e, w HAVING min(as_of) < max(as_of))
	SELECT * FROM b JOIN s USING (e), LATERAL (
		(SELECT d.* FROM score_drops(st, w, a, b) d EXCEPT ALL SELECT d.* FROM score_drops(st, w) d WHERE d.at >= a AND d.at < b)
		UNION ALL (SELECT d.* FROM score_drops(st, w) d WHERE d.at >= a AND d.at < b EXCEPT ALL SELECT d.* FROM score_drops(st, w, a, b) d)) x $$, 'bounds of score_drops choose rows alone');
-- the largest of all pairs; the first of equals, by its end, then from the latest peak
CREATE FUNCTION want_fall(e integer, w interval, as_of timestamptz, OUT fall numeric, OUT peak numeric, OUT peak_at timestamptz, OUT trough numeric, OUT trough_at timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT a.score - b.score, CASE WHEN a.score > b.score THEN a.score END, CASE WHEN a.score > b.score THEN a.at END, CASE WHEN a.score > b.score THEN b.score END, CASE WHEN a.score > b.score THEN b.at END
	FROM reading a JOIN reading b ON b.e = a.e AND b.at >= a.at AND (w IS NULL OR a.at > b.at - w)
	WHERE a.e = want_fall.e AND b.at <= as_of
	ORDER BY 1 DESC, b.at, a.at DESC LIMIT 1;
END;
SELECT is_empty($$ SELECT * FROM look JOIN s USING (e), (SELECT w FROM span UNION ALL SELECT NULL) span, score_max_fall(st, w, as_of) f, want_fall(e, w, as_of) x
	WHERE pick('fall' || e || as_of, 4) = 0 AND (f.fall::numeric, f.peak::numeric, f.peak_at, f.trough::numeric, f.trough_at) IS DISTINCT FROM (x.fall, x.peak, x.peak_at, x.trough, x.trough_at) $$, 'score_max_fall is the largest fall');

-- Runs --------------------------------------------------------------------

-- Readings on a side, numbered by how many breaks came before; a run ends at
-- the reading that breaks it, at the one before a gap, or not yet.
CREATE FUNCTION want_run(e integer, threshold numeric, direction text, max_gap interval, as_of timestamptz)
	RETURNS TABLE (started_at timestamptz, until timestamptz, readings bigint, goes_on boolean) LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH r AS (
		SELECT r.at, CASE direction WHEN 'above' THEN r.score > threshold WHEN 'at_least' THEN r.score >= threshold WHEN 'below' THEN r.score < threshold ELSE r.score <= threshold END AS holds,
			lag(r.at) OVER w AS before, lead(r.at) OVER w AS next
		FROM reading r WHERE r.e = want_run.e AND r.at <= as_of WINDOW w AS (ORDER BY r.at)
	), n AS (
		SELECT r.*, count(*) FILTER (WHERE NOT r.holds OR (max_gap IS NOT NULL AND r.at - r.before > max_gap)) OVER (ORDER BY r.at) - CASE WHEN r.holds THEN 0 ELSE 1 END AS run FROM r
	), g AS (
		SELECT min(n.at) AS started_at, max(n.at) AS last, count(*) AS readings, (array_agg(n.next ORDER BY n.at DESC))[1] AS next FROM n WHERE n.holds GROUP BY n.run
	)
	SELECT g.started_at, CASE WHEN max_gap IS NOT NULL AND coalesce(g.next, as_of) - g.last > max_gap THEN g.last ELSE coalesce(g.next, as_of) END, g.readings,
		g.next IS NULL AND (max_gap IS NULL OR as_of - g.last <= max_gap)
	FROM g;
END;
CREATE TABLE run_case AS SELECT e, as_of, threshold, direction, max_gap FROM look, unnest('{60,75,80,50,0.02,0.029123}'::numeric[]) threshold, unnest('{above,at_least,below,at_most}'::text[]) direction, unnest('{NULL,1 day,2 days,30 days}'::interval[]) max_gap
	WHERE pick('run' || e || as_of || threshold || direction || coalesce(max_gap::text, ''), 12) = 0;
SELECT is_empty($$
	SELECT c.*, r, l, o FROM run_case c JOIN s USING (e), score_sustained(st, threshold::double precision, direction, max_gap, as_of) r
		LEFT JOIN LATERAL (SELECT * FROM want_run(c.e, threshold, direction, max_gap, as_of) ORDER BY until - started_at DESC, started_at LIMIT 1) l ON true
		LEFT JOIN LATERAL (SELECT * FROM want_run(c.e, threshold, direction, max_gap, as_of) WHERE goes_on) o ON true
	WHERE (latest(c.e, as_of)).at IS NULL AND r IS NOT NULL OR (latest(c.e, as_of)).at IS NOT NULL AND
		(r.started_at, r.ended_at, r.readings, r.is_current, r.current_since) IS DISTINCT FROM (l.started_at, CASE WHEN NOT l.goes_on THEN l.until END, coalesce(l.readings, 0), o.started_at IS NOT NULL, o.started_at)
	OR abs(r.days - coalesce(extract(epoch FROM l.until - l.started_at), 0) / 86400) > 1e-9 OR abs(r.current_days - coalesce(extract(epoch FROM as_of - o.started_at), 0) / 86400) > 1e-9 $$, 'the longest run and the current one');
SELECT cmp_ok(count(*), '>', 20::bigint, 'some longest runs go on, and some do not') FROM run_case c JOIN s USING (e), score_sustained(st, threshold::double precision, direction, max_gap, as_of) r WHERE r.is_current AND r.ended_at IS NOT NULL;

-- Trend -------------------------------------------------------------------

-- two numbers are near, or both are none
CREATE FUNCTION near(a double precision, b double precision) RETURNS boolean LANGUAGE sql IMMUTABLE
	RETURN (a IS NULL AND b IS NULL) OR coalesce(abs(a - b) <= 1e-7 * greatest(1, abs(a), abs(b)), false);
CREATE TABLE want_trend AS
SELECT l.e, l.as_of, w, count(r.at) AS n, min(r.at) AS first_at, max(r.at) AS last_at, regr_slope(y, x) AS slope, regr_intercept(y, x) AS intercept, regr_r2(y, x) AS r2, regr_sxx(y, x) AS sxx, regr_syy(y, x) AS syy, regr_sxy(y, x) AS sxy
FROM (SELECT e, as_of, w FROM look, (SELECT w FROM span WHERE w >= '2 days' UNION ALL SELECT NULL) span WHERE pick('trend' || e || as_of || coalesce(w::text, ''), 3) = 0) l
	LEFT JOIN LATERAL (SELECT r.at, r.score::double precision AS y, extract(epoch FROM r.at - first_value(r.at) OVER (ORDER BY r.at))::double precision / 86400 AS x
		FROM reading r WHERE r.e = l.e AND (w IS NULL OR r.at > as_of - w) AND r.at <= as_of) r ON true
GROUP BY 1, 2, 3;
-- instants a microsecond apart have a slope that rounding makes up
SELECT is_empty($$
	SELECT e, as_of, w, t, m FROM want_trend m JOIN s USING (e), score_trend(st, w, as_of) t
	WHERE (latest(e, as_of)).at IS NOT NULL AND (t.readings, t.first_at, t.last_at) IS DISTINCT FROM (n, m.first_at, m.last_at)
		OR sxx > 1e-3 AND NOT (near(t.slope_per_day, slope) AND near(t.slope_per_30_days, slope * 30) AND near(t.fitted_start, intercept)
			AND near(t.fitted_end, intercept + slope * extract(epoch FROM m.last_at - m.first_at)::double precision / 86400) AND near(t.change, t.fitted_end - t.fitted_start)
			AND (syy < 1e-9 OR near(t.r_squared, r2)) AND (n < 3 OR syy < 1e-9 OR r2 > 0.9999 OR near(t.standard_error, sqrt(greatest(0, syy - sxy ^ 2 / sxx) / (n - 2) / sxx)))) $$, 'slope and fit are those of regr_*');
SELECT is_empty($$ SELECT * FROM want_trend m JOIN s USING (e), score_trend(st, w, as_of) t, score_trend(st, w, as_of, 0.5) u
	WHERE t.significant IS DISTINCT FROM (CASE WHEN t.readings >= 3 AND t.slope_per_day IS NOT NULL THEN t.p_value < 0.05 END) OR u.significant IS DISTINCT FROM (CASE WHEN t.readings >= 3 AND t.slope_per_day IS NOT NULL THEN t.p_value < 0.5 END)
		OR t.direction IS DISTINCT FROM (CASE WHEN NOT t.significant THEN 'flat' WHEN t.significant THEN CASE WHEN t.slope_per_day > 0 THEN 'rising' ELSE 'falling' END END) $$, 'the direction follows from p and slope');
-- p of 1 and 2 degrees of freedom has a closed form
SELECT is_empty($$ SELECT * FROM (SELECT t.*, abs(t.slope_per_day / t.standard_error) AS stat FROM want_trend m JOIN s USING (e), score_trend(st, w, as_of) t WHERE t.standard_error > 1e-6) t
	WHERE readings = 3 AND NOT near(p_value, 1 - 2 / pi() * atan(stat)) OR readings = 4 AND NOT near(p_value, 1 - stat / sqrt(stat ^ 2 + 2)) $$, 'p of three and of four readings');

-- Baseline, history, comparison -------------------------------------------

SELECT is_empty($$
	SELECT e, w, as_of, b, x FROM look JOIN s USING (e), span, score_baseline(st, w, as_of) b,
		LATERAL (SELECT min(at) AS began FROM reading r WHERE r.e = look.e) f,
		LATERAL (SELECT round(avg(score), 6) AS mean, count(*) AS n FROM reading r WHERE r.e = look.e AND r.at >= began AND r.at < began + w AND r.at <= as_of) x
	WHERE began <= as_of AND (b.baseline::numeric, b.readings, b.since, b.until, b.complete, b.score::numeric, b.change::numeric)
		IS DISTINCT FROM (x.mean, x.n, began, began + w, began + w <= as_of, (latest(e, as_of)).score, (latest(e, as_of)).score - x.mean) $$, 'the baseline is the mean of the first readings');
CREATE TABLE want_history AS SELECT * FROM (VALUES ('day', '1 day'::interval), ('month', '1 month'), ('quarter', '3 months')) g(grain, step), unnest('{UTC,America/New_York,Asia/Kathmandu}'::text[]) zone;
SELECT is_empty(format($$
	SELECT e, as_of, h, x FROM look JOIN s USING (e), score_history(st, '1999-09-30', '2000-04-02', %1$L, %2$L, as_of) h,
		LATERAL (SELECT h.period::timestamp AT TIME ZONE %2$L AS a, (date_trunc(%1$L, h.period::timestamp) + %3$L) AT TIME ZONE %2$L AS b) p,
		LATERAL (SELECT round(avg(r.score), 6) AS mean, min(r.score) AS lowest, max(r.score) AS highest, count(*) AS n FROM reading r WHERE r.e = look.e AND r.at >= a AND r.at < b AND r.at <= as_of) x
	WHERE pick('history' || e || as_of || %2$L, CASE %1$L WHEN 'day' THEN 60 ELSE 5 END) = 0 AND (h.period_end::timestamp AT TIME ZONE %2$L, h.opening::numeric, h.closing::numeric, h.mean::numeric, h.lowest::numeric, h.highest::numeric, h.readings, h.complete) IS DISTINCT FROM
		(b, CASE WHEN a <= as_of THEN (latest(e, a - interval '1 microsecond')).score END, CASE WHEN a <= as_of THEN (latest(e, least(as_of, b - interval '1 microsecond'))).score END,
		x.mean, x.lowest, x.highest, x.n, b <= as_of) $$, grain, zone, step), format('history by %s in %s', grain, zone)) FROM want_history;
SELECT results_eq($$ SELECT e, min(period), max(period_end), sum(h.readings)::bigint FROM s, score_history(st) h GROUP BY e ORDER BY e $$,
	$$ SELECT e, date_trunc('month', min(at))::date, (date_trunc('month', max(at)) + interval '1 month')::date, count(*) FROM reading GROUP BY e ORDER BY e $$, 'a history without bounds has every reading');
CREATE TABLE peers AS SELECT rollup(st) AS st FROM s;
SELECT is_empty($$
	SELECT e, as_of, w, c, x FROM look JOIN s USING (e), span, score_compare(s.st, (SELECT st FROM peers), w, as_of) c,
		LATERAL (SELECT latest(e, as_of) AS l) l, LATERAL (SELECT round(avg(p.score), 6) AS mean, count(*) AS n FROM scored p WHERE p.at > as_of - w AND p.at <= as_of) x
	WHERE pick('compare' || e || as_of, 4) = 0 AND CASE WHEN (l).at > as_of - w
		THEN (c.score::numeric, c.scored_at, c.peer_mean::numeric, c.difference::numeric, c.peer_scores) IS DISTINCT FROM ((l).score, (l).at, x.mean, (l).score - x.mean, x.n) ELSE c.score IS NOT NULL OR c.peer_scores IS NOT NULL END $$,
	'an entity beside all scores of its peers in the same window');

-- Triggers and summary ----------------------------------------------------

SELECT is_empty($$
	SELECT e, as_of, t, d, x.* FROM look JOIN s USING (e), (VALUES ('critical_drop', interval '14 days', 4, true), ('high_drop', '30 days', 5, false), ('medium_drop', '7 days', 1.234567, false)) v(name, w, bound, strict),
		LATERAL score_triggers(st, as_of, 4, '14 days', 5, '30 days', 1.234567, '7 days') t, LATERAL (SELECT want_drop(e, w, as_of) AS d) y,
		-- the first reading of those at which it fires without a break up to the last
		LATERAL (SELECT min(r.at) AS since FROM reading r WHERE r.e = look.e AND r.at <= as_of AND r.at > coalesce((SELECT max(q.at) FROM reading q WHERE q.e = look.e AND q.at <= as_of
			AND CASE WHEN strict THEN want_drop(look.e, w, q.at) <= bound ELSE want_drop(look.e, w, q.at) < bound END), '-infinity')) x
	WHERE pick('trigger' || e || as_of, 6) = 0 AND t.trigger = name AND ((t.fired, t.value::numeric, t.threshold::numeric) IS DISTINCT FROM (CASE WHEN strict THEN d > bound ELSE d >= bound END, d, bound)
		OR t.since IS DISTINCT FROM CASE WHEN t.fired THEN x.since END) $$, 'drops fire, and since when');
SELECT is_empty($$
	SELECT e, as_of, g, t, o FROM look JOIN s USING (e), unnest('{NULL,2 days,30 days}'::interval[]) g, LATERAL score_triggers(st, as_of, below => 75, max_gap => g) t, LATERAL (SELECT latest(e, as_of) AS l) l
		LEFT JOIN LATERAL (SELECT * FROM want_run(look.e, 75, 'below', g, as_of) WHERE goes_on) o ON true
	WHERE t.trigger = 'low_score' AND CASE WHEN (l).at IS NULL OR as_of - (l).at > g THEN t.fired IS NOT NULL OR t.value IS NOT NULL OR t.since IS NOT NULL
		ELSE (t.fired, t.value::numeric, t.since) IS DISTINCT FROM ((l).score < 75, (l).score, o.started_at) END $$, 'a low score fires, and since when');
SELECT is_empty($$
	SELECT e, as_of, g, t, o FROM look JOIN s USING (e), unnest('{NULL,2 days,30 days}'::interval[]) g, LATERAL score_triggers(st, as_of, above => 65, above_for => '3 days', max_gap => g) t, LATERAL (SELECT latest(e, as_of) AS l) l
		LEFT JOIN LATERAL (SELECT *, extract(epoch FROM as_of - started_at) / 86400 AS days FROM want_run(look.e, 65, 'above', g, as_of) WHERE goes_on) o ON true
	WHERE t.trigger = 'sustained_high_score' AND CASE WHEN (l).at IS NULL OR as_of - (l).at > g THEN t.fired IS NOT NULL OR t.value IS NOT NULL OR t.since IS NOT NULL
		ELSE t.fired IS DISTINCT FROM coalesce(o.days >= 3, false) OR abs(t.value - coalesce(o.days, 0)) > 1e-9 OR t.threshold <> 3 OR t.since IS DISTINCT FROM CASE WHEN t.fired THEN o.started_at + interval '3 days' END END $$, 'a score that stays high fires, and since when');
SELECT is_empty($$
	SELECT e, as_of, m, y FROM look JOIN s USING (e), score_summary(st, as_of) m, score_trend(st, as_of => as_of) t, score_baseline(st, as_of => as_of) b, LATERAL (SELECT latest(e, as_of) AS l) l,
		LATERAL (SELECT min(score) AS lo, max(score) AS hi, round(avg(score), 6) AS mean FROM reading r WHERE r.e = look.e AND r.at > as_of - interval '365 days' AND r.at <= as_of) y,
		LATERAL (SELECT max(a.score - z.score) AS fall FROM reading a JOIN reading z ON z.e = a.e AND z.at >= a.at WHERE a.e = look.e AND a.at > as_of - interval '365 days' AND z.at <= as_of) f
	WHERE pick('summary' || e || as_of, 3) = 0 AND (m.score::numeric, m.scored_at, m.change_30_days::numeric, m.change_90_days::numeric, m.drop_14_days::numeric, m.drop_30_days::numeric, m.max_fall_365_days::numeric, m.lowest_365_days::numeric, m.highest_365_days::numeric, m.mean_365_days::numeric)
		IS DISTINCT FROM ((l).score, (l).at, CASE WHEN (l).at > as_of - interval '30 days' THEN (l).score - (latest(e, as_of - interval '30 days')).score END, CASE WHEN (l).at > as_of - interval '90 days' THEN (l).score - (latest(e, as_of - interval '90 days')).score END,
			want_drop(e, '14 days', as_of), want_drop(e, '30 days', as_of), f.fall, y.lo, y.hi, y.mean)
		OR (m.slope_per_30_days, m.direction, m.baseline, m.change_from_baseline, m.baseline_complete) IS DISTINCT FROM (t.slope_per_30_days, t.direction, b.baseline, b.change, b.complete) $$, 'the summary has what the others say');

-- As of an instant is without later rows -----------------------------------

CREATE TABLE cut AS SELECT look.e, as_of, s.st, (SELECT score_agg(at, score::double precision) FROM scored r WHERE r.e = look.e AND r.at <= as_of) AS early FROM look JOIN s USING (e);
SELECT is_empty(format($$ SELECT * FROM cut WHERE early IS NOT NULL AND (SELECT array_agg(r::text) FROM %s r) IS DISTINCT FROM (SELECT array_agg(r::text) FROM %s r) $$,
	format(call, 'st'), format(call, 'early')), call)
FROM unnest('{"score_at(%s, as_of)","score_drop(%s, ''30 days'', as_of)","score_max_fall(%s, ''30 days'', as_of)","score_sustained(%s, 75, as_of => as_of)","score_trend(%s, as_of => as_of)","score_baseline(%s, as_of => as_of)",
	"score_history(%s, as_of => as_of)","score_triggers(%s, as_of)","score_summary(%s, as_of)","score_compare(%s, (SELECT st FROM peers), as_of => as_of)"}'::text[]) call;
SELECT is_empty($$ SELECT * FROM cut, LATERAL (SELECT max(at) AS m FROM score_rows(early)) x WHERE early IS NOT NULL AND (score_at(early), score_drop(early, '30 days')) IS DISTINCT FROM (score_at(st, m), score_drop(st, '30 days', m)) $$, 'without as_of it is the last reading');

-- The same bytes whatever the way -----------------------------------------

CREATE FUNCTION bytes(state score_state) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN md5(score_state_send(state)) || length(score_state_send(state));
CREATE TABLE whole AS SELECT row_number() OVER (ORDER BY e, n) AS id, at, score::double precision AS score FROM scored;
CREATE TABLE kind (what text, args text, b text);
INSERT INTO kind (what, args) SELECT t, format('%s, score', t) FROM unnest('{at,at AT TIME ZONE ''UTC'',(at AT TIME ZONE ''UTC'')::date}'::text[]) t;
CREATE FUNCTION bytes_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	b text;
BEGIN
	EXECUTE query INTO STRICT b;
	RETURN b;
END
$$;
UPDATE kind SET b = bytes_of(format('SELECT bytes(score_agg(%s)) FROM whole', args));
SELECT is((SELECT array_agg(DISTINCT bytes_of(format('SELECT bytes(score_agg(%s ORDER BY md5(%s || %L || id))) FROM whole', args, n, :'seed'))) FROM generate_series(1, 3) n), ARRAY[b], what || ': any order gives the same bytes') FROM kind;
SELECT is((SELECT array_agg(DISTINCT bytes_of(format('SELECT bytes(rollup(part ORDER BY md5(%L || p))) FROM (SELECT p, (SELECT score_agg(%s) FROM whole WHERE id %% %s = p)::text::score_state AS part
		FROM generate_series(0, %3$s) p OFFSET 0) q', :'seed', args, n))) FROM unnest('{1,2,7,64}'::integer[]) n), ARRAY[b], what || ': parts, merged as text, give the same bytes') FROM kind;
SELECT is(bytes_of(format('SELECT bytes(rollup(part)) FROM (SELECT score_agg(%s) AS part FROM whole GROUP BY id) q', args)), b, what || ': one row a part gives the same bytes') FROM kind;
SELECT is(bytes_of(format('SELECT bytes(rollup(part)) FROM (SELECT rollup(one) AS part FROM (SELECT id, score_agg(%s) AS one FROM whole GROUP BY id) q GROUP BY id %% 9) p', args)), b, what || ': a rollup of rollups gives the same bytes') FROM kind;
SELECT is(bytes_of('SELECT bytes(score_agg(at AT TIME ZONE ''UTC'', score)) FROM whole'), bytes(st), 'a timestamp is read as UTC') FROM peers;
SELECT is(bytes_of('SELECT bytes(score_agg((at AT TIME ZONE ''UTC'')::date, score)) FROM whole'), bytes_of('SELECT bytes(score_agg(date_trunc(''day'', at), score)) FROM whole'), 'a date is its midnight in UTC');
SELECT is(bytes(combine(st, NULL)), bytes(st), 'combine with NULL on the right') FROM peers;
SELECT is(bytes(combine(NULL, st)), bytes(st), 'combine with NULL on the left') FROM peers;
SELECT is_empty($$ SELECT * FROM s a JOIN s b ON b.e = a.e + 1 WHERE bytes(combine(a.st, b.st)) <> bytes(combine(b.st, a.st)) $$, 'combine goes either way');

-- Over tables -------------------------------------------------------------

CREATE TABLE client AS SELECT 'e' || e AS customer, timestamptz '1999-01-01Z' AS created_at, (ARRAY['a', 'b', NULL])[1 + e % 3] AS segment FROM generate_series(1, :entities, 2) e;
CREATE TABLE scores AS SELECT 'e' || e AS entity, at, score FROM scored;
SELECT is_empty($$ SELECT * FROM (SELECT entity, bytes(state) AS b FROM score_states('nm_test.scores')) x FULL JOIN (SELECT 'e' || e AS entity, bytes(st) AS b FROM s) y USING (entity) WHERE x.b IS DISTINCT FROM y.b $$, 'score_states has the state of each entity');
CREATE TABLE report_at AS SELECT as_of FROM (SELECT DISTINCT as_of FROM look) l WHERE pick('report' || as_of, 40) = 0;
SELECT is_empty(format($$
	WITH want AS MATERIALIZED (
		SELECT 'e' || s.e AS entity, c.segment, (latest(s.e, %1$L)).at AS scored_at, CASE WHEN %2$L::interval IS NULL OR %1$L - (latest(s.e, %1$L)).at <= %2$L THEN (latest(s.e, %1$L)).score END AS score, m.change_30_days, m.drop_14_days, m.drop_30_days, m.direction, m.baseline
		FROM s LEFT JOIN client c ON c.customer = 'e' || s.e, LATERAL score_summary(st, %1$L) m WHERE (latest(s.e, %1$L)).at IS NOT NULL
	), full_want AS (
		SELECT w.*, CASE WHEN segment IS NOT NULL THEN count(score) OVER p END AS n, CASE WHEN segment IS NOT NULL THEN round(avg(score) OVER p, 6) END AS mean, CASE WHEN segment IS NOT NULL THEN score - round(avg(score) OVER p, 6) END AS diff FROM want w WINDOW p AS (PARTITION BY segment)
	)
	SELECT * FROM full_want w FULL JOIN score_report('nm_test.scores', 'nm_test.client', %1$L, max_age => %2$L) r USING (entity)
	WHERE (r.segment, r.scored_at, r.score::numeric, r.change_30_days, r.drop_14_days, r.drop_30_days, r.direction, r.baseline, r.segment_entities, r.segment_mean::numeric, r.difference_from_segment::numeric) IS DISTINCT FROM
		(w.segment, w.scored_at, w.score, w.change_30_days, w.drop_14_days, w.drop_30_days, w.direction, w.baseline, w.n, w.mean, w.diff) $$, as_of, g), format('score_report as of %s, at most %s old', as_of, coalesce(g::text, 'however'))) FROM report_at, unnest('{NULL,10 days}'::interval[]) g;
SELECT results_eq($$ SELECT * FROM score_report('nm_test.scores', 'nm_test.client') $$, format($$ SELECT * FROM score_report('nm_test.scores', 'nm_test.client', %L) $$, max(at)), 'as of nothing it is the latest score of all') FROM scored;

-- neither the session's zone nor a worker matters
CREATE TABLE before AS SELECT md5(string_agg(h::text, ',' ORDER BY e, h.period)) AS whole FROM s, score_history(st, zone => 'Europe/Berlin') h;
SET LOCAL timezone = 'Australia/Lord_Howe';
SET LOCAL datestyle = 'SQL, DMY';
SELECT is(bytes_of(format('SELECT bytes(score_agg(%s)) FROM whole', args)), b, what || ': another TimeZone, the same bytes') FROM kind;
SET LOCAL datestyle = 'ISO, YMD';
SELECT is((SELECT md5(string_agg(h::text, ',' ORDER BY e, h.period)) FROM s, score_history(st, zone => 'Europe/Berlin') h), whole, 'another TimeZone: the same history') FROM before;
SET LOCAL timezone = 'UTC';
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
ANALYZE whole;
SELECT is(bytes_of(format('SELECT bytes(score_agg(%s)) FROM whole', args)), b, what || ': a parallel plan gives the same bytes') FROM kind;
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		plan := plan || line || E'\n';
	END LOOP;
	RETURN plan;
END
$$;
SELECT matches(plan_of('SELECT score_agg(at, score) FROM whole'), 'Partial Aggregate', 'that plan is parallel');

SELECT * FROM finish();
ROLLBACK;
