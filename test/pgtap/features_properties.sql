-- features_properties.sql
--		Feature adoption over random histories, against its definitions in plain
--		SQL, which share no code with the extension.
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

\set seed features
\getenv seed NM_SEED
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

-- 120 users, each with a few features of its own: some once, some week by week.
-- Berlin and Los Angeles end their summer in these 85 days, and Apia leaves out
-- Friday, 30 December 2011.  Many rows lie at midnight somewhere, or at the
-- time of another row.
CREATE TABLE r AS
SELECT row_number() OVER () AS id, x.*
FROM (
	SELECT u::bigint, CASE pick(u || f || 'even' || n, 5)
			WHEN 0 THEN date_trunc('day', at)
			WHEN 1 THEN date_trunc('day', at) + (ARRAY['22:59:59.999999', '23:00', '8:00', '7:59:59.999999', '10:00', '9:59:59.999999']::interval[])[1 + pick(u || f || 'edge' || n, 6)]
			WHEN 2 THEN date_trunc('hour', at) ELSE at END AS at, feature,
		(CASE WHEN pick(u || 'looks' || f, 6) = 0 THEN '{viewed}' ELSE '{viewed,used,used,used,used,completed}' END::text[])[1 + pick(u || f || 'action' || n, CASE WHEN pick(u || 'looks' || f, 6) = 0 THEN 1 ELSE 6 END)] AS action,
		(ARRAY[true, true, false, NULL])[1 + pick(u || f || 'good' || n, 4)] AS success,
		(ARRAY['0', '0.000001 s', '1 s', '90 min', '2 days', NULL, NULL]::interval[])[1 + pick(u || f || 'took' || n, 7)] AS took,
		(ARRAY[0, 1, -2.5, 1000000.000001, NULL, NULL, NULL])[1 + pick(u || f || 'worth' || n, 7)]::numeric AS worth
	FROM generate_series(1, 120) u, unnest('{export,search,été,"",a b}'::text[]) WITH ORDINALITY v(feature, o), LATERAL (SELECT o::text AS f) w,
		LATERAL generate_series(1, CASE pick(u || 'often' || f, 4) WHEN 0 THEN 0 WHEN 1 THEN 1 + pick(u || 'few' || f, 4) ELSE 12 END) n,
		LATERAL (SELECT timestamptz '2011-10-15 00:00+00' + CASE WHEN pick(u || 'often' || f, 4) = 3
			THEN make_interval(days => 7 * (n::integer - 1) + pick(u || f || 'day' || n, 8), secs => pick(u || f || 'time' || n, 86400) + 0.000001 * pick(u || f || 'us' || n, 1000000))
			ELSE make_interval(secs => pick(u || f || 'time' || n, 85 * 86400)) END AS at) t
	UNION ALL
	-- some sign up twice, some late, some never; some do nothing else
	SELECT u, timestamptz '2011-10-15 00:00+00' + make_interval(hours => pick('late' || u || n, CASE pick('slow' || u, 3) WHEN 0 THEN 1200 ELSE 24 END)),
		CASE u % 2 WHEN 0 THEN 'export' END, CASE u % 3 WHEN 0 THEN 'Signed_Up' ELSE 'signed_up' END, true, '1 s', NULL
	FROM generate_series(1, 130) u, generate_series(1, pick('signs' || u, 3)) n
) x;
UPDATE r SET action = 'used', at = (SELECT min(o.at) FROM r o WHERE o.u = r.u AND o.feature = r.feature AND o.action = 'used') WHERE r.action = 'used' AND r.id % 13 = 0;
SELECT diag(format('%s rows of %s users, %s tied in time with another', count(*), count(DISTINCT u), count(*) FILTER (WHERE tied > 1)))
FROM (SELECT *, count(*) OVER (PARTITION BY u, feature, action, at) AS tied FROM r) t;

CREATE TABLE s AS SELECT feature_agg(u, at, feature, action, success, took, worth) AS st FROM r;

-- The definitions ---------------------------------------------------------

CREATE FUNCTION week_of(day date, week_start text) RETURNS date LANGUAGE sql IMMUTABLE
	RETURN day - ((extract(isodow FROM day)::integer + 7 - array_position('{monday,tuesday,wednesday,thursday,friday,saturday,sunday}', week_start)) % 7);

-- Each user's way with each feature.
CREATE FUNCTION expected_users(as_of timestamptz, zone text, adopted_uses integer, habit_weeks integer, week_start text)
	RETURNS TABLE (u bigint, feature text, stage text, first_viewed timestamptz, first_used timestamptz, adopted_at timestamptz, last_used timestamptz,
		uses bigint, known bigint, successes bigint, completions bigint, to_first_use double precision, to_adopt double precision, habitual boolean, worth numeric) LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH seen AS MATERIALIZED (
		SELECT *, (r.at AT TIME ZONE zone)::date AS day, row_number() OVER (PARTITION BY r.u, r.feature, lower(r.action) ORDER BY r.at) AS nth FROM r WHERE as_of IS NULL OR r.at < as_of
	), last AS (
		SELECT week_of(CASE WHEN as_of IS NULL THEN (SELECT max(x.day) + 1 FROM seen x) ELSE (as_of AT TIME ZONE zone)::date END, week_start) AS week
	), signed AS (
		SELECT x.u, min(x.at) AS at FROM seen x WHERE lower(x.action) = 'signed_up' GROUP BY x.u
	), way AS (
		SELECT x.u, x.feature, min(x.at) FILTER (WHERE x.action = 'viewed') AS viewed, min(x.at) FILTER (WHERE x.action = 'used') AS used,
			min(x.at) FILTER (WHERE x.action = 'used' AND x.nth = adopted_uses) AS adopted, max(x.at) FILTER (WHERE x.action = 'used') AS used_last,
			count(*) FILTER (WHERE x.action = 'used') AS uses, count(x.success) FILTER (WHERE x.action = 'used') AS known,
			count(*) FILTER (WHERE x.action = 'used' AND x.success) AS good, count(*) FILTER (WHERE x.action = 'completed') AS completions, sum(x.worth) AS worth,
			count(DISTINCT week_of(x.day, week_start)) FILTER (WHERE x.action = 'used' AND x.day < l.week AND x.day >= l.week - 7 * habit_weeks) = habit_weeks AS habitual
		FROM seen x, last l WHERE lower(x.action) <> 'signed_up' GROUP BY x.u, x.feature
	)
	SELECT w.u, w.feature, CASE WHEN w.habitual THEN 'habitual' WHEN w.uses >= adopted_uses THEN 'adopted' WHEN w.uses > 0 THEN 'tried' ELSE 'discovered' END,
		w.viewed, w.used, w.adopted, w.used_last, w.uses, w.known, w.good, w.completions,
		(CASE WHEN g.at > w.used THEN 0 ELSE extract(epoch FROM w.used - g.at) END)::double precision,
		(CASE WHEN g.at > w.adopted THEN 0 ELSE extract(epoch FROM w.adopted - g.at) END)::double precision, w.habitual, w.worth
	FROM way w LEFT JOIN signed g USING (u);
END;

CREATE FUNCTION half(amounts double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE
	RETURN (SELECT round(((array_agg(a ORDER BY a))[(count(*) + 1) / 2] + (array_agg(a ORDER BY a))[count(*) / 2 + 1])::numeric / 2, 9)::double precision FROM unnest(amounts) a WHERE a IS NOT NULL);

CREATE FUNCTION expected_adoption(total_users bigint, as_of timestamptz, zone text, adopted_uses integer, habit_weeks integer, week_start text)
	RETURNS TABLE (feature text, users bigint, discovered bigint, tried bigint, adopted bigint, habitual bigint, adoption_rate numeric, uses bigint, frequency numeric,
		success_rate numeric, completions bigint, completion_rate numeric, duration double precision, first_use double precision, adopt double precision, worth numeric) LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH each AS MATERIALIZED (
		SELECT * FROM expected_users(as_of, zone, adopted_uses, habit_weeks, week_start)
	), everybody AS (
		SELECT coalesce(total_users, count(DISTINCT r.u)) AS n FROM r WHERE as_of IS NULL OR r.at < as_of
	), took AS (
		SELECT r.feature, array_agg(extract(epoch FROM r.took)::double precision) AS all FROM r WHERE r.action = 'used' AND (as_of IS NULL OR r.at < as_of) GROUP BY r.feature
	)
	SELECT e.feature, y.n, count(*), count(*) FILTER (WHERE e.uses > 0), count(*) FILTER (WHERE e.uses >= adopted_uses), count(*) FILTER (WHERE e.habitual),
		count(*) FILTER (WHERE e.uses > 0)::numeric / nullif(y.n, 0), sum(e.uses)::bigint, sum(e.uses) / nullif(count(*) FILTER (WHERE e.uses > 0), 0),
		sum(e.successes) / nullif(sum(e.known), 0), sum(e.completions)::bigint, sum(e.completions) / nullif(sum(e.uses), 0),
		half(min(t.all)), half(array_agg(e.to_first_use)), half(array_agg(e.to_adopt)), coalesce(sum(e.worth), 0)
	FROM each e CROSS JOIN everybody y LEFT JOIN took t ON t.feature = e.feature GROUP BY e.feature, y.n;
END;

-- Equality ----------------------------------------------------------------

-- ways to ask; some times are those of a row, or begin a week
CREATE TABLE ask (id integer GENERATED ALWAYS AS IDENTITY, as_of timestamptz, zone text, adopted_uses integer, habit_weeks integer, week_start text);
INSERT INTO ask (as_of, zone, adopted_uses, habit_weeks, week_start) VALUES
	(NULL, 'UTC', 3, 4, 'monday'), (NULL, 'Pacific/Apia', 1, 1, 'friday'), (NULL, 'Europe/Berlin', 2, 11, 'sunday'), ('2011-12-12 00:00+00', 'UTC', 3, 4, 'monday'),
	('2011-12-11 23:59:59.999999+00', 'UTC', 3, 4, 'monday'), ('2011-12-11 23:00+00', 'Europe/Berlin', 3, 8, 'monday'), ('2011-12-11 22:59:59.999999+00', 'Europe/Berlin', 3, 8, 'monday'),
	('2011-12-30 10:00+00', 'Pacific/Apia', 4, 2, 'friday'), ('2011-12-30 09:59:59.999999+00', 'Pacific/Apia', 4, 2, 'friday'), ('2012-01-06 12:00+00', 'Pacific/Apia', 4, 3, 'saturday'),
	('2011-11-06 08:00+00', 'America/Los_Angeles', 5, 3, 'sunday'), ('2011-11-07 08:00+00', 'America/Los_Angeles', 5, 3, 'monday'), ('2011-10-20 00:00+00', 'UTC', 1, 1, 'thursday'),
	('2011-10-15 00:00+00', 'UTC', 1, 1, 'monday'), ('2011-10-15 00:00:00.000001+00', 'UTC', 1, 1, 'monday'), ('2030-01-01 00:00+00', 'UTC', 2, 1, 'monday'), (NULL, 'UTC', 2147483647, 520, 'tuesday');
-- the last day of all is the last of a week
INSERT INTO ask (as_of, zone, adopted_uses, habit_weeks, week_start)
	SELECT NULL, zone, 3, 1, to_char((max(at) AT TIME ZONE zone)::date + 1, 'fmday') FROM r, unnest('{UTC,Pacific/Apia}'::text[]) zone GROUP BY zone;
INSERT INTO ask (as_of, zone, adopted_uses, habit_weeks, week_start)
	SELECT r.at + (n % 2) * interval '1 microsecond', (ARRAY['UTC', 'Europe/Berlin', 'Asia/Kathmandu'])[1 + n % 3], 1 + n % 4, 1 + n % 5, (ARRAY['monday', 'wednesday', 'sunday'])[1 + n % 3]
	FROM generate_series(1, 10) n JOIN r ON r.id = 1 + pick('when' || n, (SELECT count(*)::integer FROM r));

SELECT is_empty(format($$
	WITH have AS (SELECT f.* FROM s, feature_users(st, as_of => %2$L, zone => %3$L, adopted_uses => %4$s, habit_weeks => %5$s, week_start => %6$L) f),
		want AS (SELECT u::text, feature, stage, first_viewed, first_used, adopted_at, last_used, uses, successes, completions, to_first_use, to_adopt FROM expected_users(%2$L, %3$L, %4$s, %5$s, %6$L))
	(SELECT 'extension', * FROM have EXCEPT ALL SELECT 'extension', * FROM want) UNION ALL (SELECT 'definition', * FROM want EXCEPT ALL SELECT 'definition', * FROM have)
	ORDER BY 2, 3 LIMIT 6 $$, id, as_of, zone, adopted_uses, habit_weeks, week_start),
	format('users as of %s in %s, %s uses, %s weeks from %s', as_of, zone, adopted_uses, habit_weeks, week_start)) FROM ask ORDER BY id;

SELECT is_empty(format($$
	WITH have AS (SELECT f.feature, f.users, f.discovered_users, f.tried_users, f.adopted_users, f.habitual_users, round(f.adoption_rate, 12), f.uses, round(f.usage_frequency, 12), round(f.success_rate, 12),
			f.completions, round(f.completion_rate, 12), round(f.median_duration_seconds::numeric, 9)::double precision, round(f.median_seconds_to_first_use::numeric, 9)::double precision,
			round(f.median_seconds_to_adopt::numeric, 9)::double precision, f.value_created
			FROM s, feature_adoption(st, total_users => %1$s, as_of => %2$L, zone => %3$L, adopted_uses => %4$s, habit_weeks => %5$s, week_start => %6$L) f),
		want AS (SELECT feature, users, discovered, tried, adopted, habitual, round(adoption_rate, 12), uses, round(frequency, 12), round(success_rate, 12), completions, round(completion_rate, 12),
			duration, first_use, adopt, worth FROM expected_adoption(%1$s, %2$L, %3$L, %4$s, %5$s, %6$L))
	(SELECT 'extension', * FROM have EXCEPT ALL SELECT 'extension', * FROM want) UNION ALL (SELECT 'definition', * FROM want EXCEPT ALL SELECT 'definition', * FROM have)
	ORDER BY 2 LIMIT 6 $$, (ARRAY['NULL', '1000', '0', '7'])[1 + id % 4], as_of, zone, adopted_uses, habit_weeks, week_start),
	format('adoption as of %s in %s, %s uses, %s weeks from %s', as_of, zone, adopted_uses, habit_weeks, week_start)) FROM ask ORDER BY id;

SELECT is(array_agg(f.feature), array_agg(f.feature ORDER BY f.feature COLLATE "C"), 'features come in the order of their names') FROM s, feature_adoption(st) f;
SELECT is_empty($$ SELECT f.* FROM s, feature_adoption(st, premium => '{export,été,export,NULL,nothing}', default_on => '{}') f
	WHERE f.premium IS DISTINCT FROM (f.feature IN ('export', 'été')) OR f.default_on IS DISTINCT FROM false $$, 'premium and default_on say which features are in the lists');
SELECT is_empty($$ SELECT f.* FROM s, feature_adoption(st) f WHERE f.premium IS NOT NULL OR f.default_on IS NOT NULL $$, 'without lists they are NULL');
-- the histories are worth the trouble
SELECT cmp_ok(count(DISTINCT f.stage), '=', 4::bigint, 'there are users of every stage') FROM s, feature_users(st) f;
SELECT cmp_ok(count(*), '>', 10::bigint, 'some users are habitual though they have not adopted') FROM s, feature_users(st, adopted_uses => 8, habit_weeks => 1) f WHERE f.stage = 'habitual' AND f.uses < 8;
SELECT cmp_ok(count(*), '>', 3::bigint, 'some use a feature before they sign up') FROM s, feature_users(st) f WHERE f.seconds_to_first_use = 0;

-- Identities --------------------------------------------------------------

SELECT is_empty($$ SELECT a.id, f.* FROM s, ask a, feature_adoption(st, NULL, a.as_of, a.zone, a.adopted_uses, a.habit_weeks, a.week_start) f
	WHERE NOT (users >= discovered_users AND discovered_users >= tried_users AND tried_users >= adopted_users AND tried_users >= habitual_users) $$, 'each stage holds the one behind it');
SELECT is_empty($$
	SELECT a.id, a.as_of FROM ask a, LATERAL (SELECT feature_agg(u, at, feature, action, success, took, worth) FILTER (WHERE at < a.as_of) AS cut FROM r) c, s
	WHERE a.as_of IS NOT NULL AND (SELECT array_agg(f::text) FROM feature_users(cut, a.as_of, a.zone, a.adopted_uses, a.habit_weeks, a.week_start) f)
		IS DISTINCT FROM (SELECT array_agg(f::text) FROM feature_users(st, a.as_of, a.zone, a.adopted_uses, a.habit_weeks, a.week_start) f) $$, 'as_of: what lies at or after it might not be there');
SELECT is_empty($$
	WITH part AS (SELECT feature_agg(u, at, feature, action, success, took, worth) AS st FROM r GROUP BY u % 7),
		parts AS (SELECT f.feature, sum(f.discovered_users) AS a, sum(f.tried_users) AS b, sum(f.adopted_users) AS c, sum(f.habitual_users) AS d, sum(f.uses) AS e, sum(f.completions) AS g, sum(f.value_created) AS h
			FROM part, feature_adoption(st, as_of => '2011-12-12 00:00+00') f GROUP BY 1)
	SELECT * FROM parts FULL JOIN (SELECT f.* FROM s, feature_adoption(st, as_of => '2011-12-12 00:00+00') f) f USING (feature)
	WHERE (a, b, c, d, e, g, h) IS DISTINCT FROM (f.discovered_users, f.tried_users, f.adopted_users, f.habitual_users, f.uses, f.completions, f.value_created) $$, 'counts of groups of users add up');

-- Retention ---------------------------------------------------------------

CREATE TABLE d AS
SELECT u::bigint, date '2011-10-10' + pick('first' || u, 30) + CASE WHEN n = 1 THEN 0 ELSE pick(u || 'active' || n, CASE u % 3 WHEN 0 THEN 12 ELSE 80 END) END AS day
FROM generate_series(-10, 140) u, generate_series(1, 1 + pick('days' || u, 5)) n;
CREATE TABLE a AS SELECT activity_agg(u, day) AS st FROM d;

CREATE FUNCTION erf(x double precision) RETURNS double precision LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
	WITH RECURSIVE t AS (
		SELECT 0 AS n, x AS term
		UNION ALL
		SELECT t.n + 1, t.term * 2 * x * x / (2 * t.n + 3) FROM t WHERE t.term > 1e-30
	)
	SELECT 2 / sqrt(pi()) * exp(-x * x) * sum(t.term) FROM t;
END;
CREATE FUNCTION wilson(k bigint, n bigint, z double precision, OUT low double precision, OUT high double precision) LANGUAGE sql IMMUTABLE
	RETURN (SELECT ROW(middle - width, middle + width) FROM (SELECT (k + z * z / 2) / (n + z * z) AS middle, z * sqrt(k::double precision * (n - k) / n + z * z / 4) / (n + z * z) AS width WHERE n > 0) w);

CREATE TABLE compare (feature text, day integer, adoption_days integer, as_of date, zone text, confidence double precision, z double precision);
INSERT INTO compare VALUES ('export', 30, 7, NULL, 'UTC', 0.95, 1.959963984540054), ('search', 30, 7, '2011-12-01', 'Asia/Kathmandu', 0.95, 1.959963984540054), ('été', 1, 1, '2011-11-01', 'Pacific/Apia', 0.99, 2.5758293035489004),
	('', 14, 14, '2012-01-01', 'America/Los_Angeles', 0.9, 1.6448536269514722), ('a b', 20, 3, NULL, 'Europe/Berlin', 0.5, 0.6744897501960817), ('nothing', 30, 7, NULL, 'UTC', 0.95, 1.959963984540054),
	('export', 79, 60, NULL, 'UTC', 0.95, 1.959963984540054), ('export', 36600, 36600, '2011-11-15', 'UTC', 0.95, 1.959963984540054), ('search', 7, 7, '2011-10-18', 'UTC', 0.95, 1.959963984540054),
	('export', 2, 2, '2011-10-30', 'Pacific/Apia', 0.95, 1.959963984540054), ('export', 100, 100, '2030-01-01', 'UTC', 0.95, 1.959963984540054);

CREATE TABLE want_retention AS
SELECT c.*, g.*, b.lift, b.lift - sqrt((b.rate_with - w.low) ^ 2 + (o.high - b.rate_without) ^ 2) AS lift_low, b.lift + sqrt((w.high - b.rate_with) ^ 2 + (b.rate_without - o.low) ^ 2) AS lift_high,
	CASE WHEN b.pooled > 0 AND b.pooled < 1 THEN 1 - erf(abs(b.lift) / sqrt(b.pooled * (1 - b.pooled) * (1.0 / with_n + 1.0 / without_n)) / sqrt(2)) END AS p
FROM compare c, LATERAL (
	WITH user_of AS (
		SELECT d.u, min(d.day) AS first, max(d.day) AS last FROM d WHERE c.as_of IS NULL OR d.day < c.as_of GROUP BY d.u
	), split AS (
		SELECT o.last >= o.first + c.day AS stayed, EXISTS (SELECT FROM r WHERE r.u = o.u AND r.feature = c.feature AND r.action = 'used' AND (r.at AT TIME ZONE c.zone)::date < o.first + c.adoption_days) AS used
		FROM user_of o WHERE o.first + c.day < coalesce(c.as_of, (SELECT max(d.day) + 1 FROM d))
	)
	SELECT count(*) FILTER (WHERE used) AS with_n, count(*) FILTER (WHERE used AND stayed) AS with_k, count(*) FILTER (WHERE NOT used) AS without_n, count(*) FILTER (WHERE NOT used AND stayed) AS without_k FROM split
) g, LATERAL (SELECT with_k::double precision / nullif(with_n, 0) AS rate_with, without_k::double precision / nullif(without_n, 0) AS rate_without,
	with_k::double precision / nullif(with_n, 0) - without_k::double precision / nullif(without_n, 0) AS lift, (with_k + without_k)::double precision / CASE WHEN with_n * without_n > 0 THEN with_n + without_n END AS pooled) b,
	wilson(with_k, with_n, c.z) w, wilson(without_k, without_n, c.z) o;

CREATE FUNCTION near(a double precision, b double precision) RETURNS boolean LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL ELSE abs(a - b) < 1e-9 END;
SELECT is_empty(format($$
	SELECT f.*, w.* FROM want_retention w, s, a, feature_retention(s.st, a.st, w.feature, w.day, w.adoption_days, w.as_of, w.zone, w.confidence) f
	WHERE (w.feature, w.day) = (%1$L, %2$s) AND NOT ((f.users_with, f.retained_with, f.users_without, f.retained_without) = (w.with_n, w.with_k, w.without_n, w.without_k)
		AND round(f.rate_with, 12) IS NOT DISTINCT FROM round(w.with_k::numeric / nullif(w.with_n, 0), 12) AND round(f.rate_without, 12) IS NOT DISTINCT FROM round(w.without_k::numeric / nullif(w.without_n, 0), 12)
		AND near(f.lift::double precision, w.lift) AND near(f.lift_low, w.lift_low) AND near(f.lift_high, w.lift_high) AND near(f.p_value, w.p)) $$, feature, day),
	format('retention with and without "%s" on day %s in %s', feature, day, zone)) FROM compare;
SELECT cmp_ok(count(*), '>', 4::bigint, 'some of these have users with and without the feature, who stayed or not') FROM want_retention WHERE with_k > 0 AND with_k < with_n AND without_k > 0 AND without_k < without_n;

-- Value score -------------------------------------------------------------

CREATE TABLE weigh (weights numeric[], bands numeric[]);
INSERT INTO weigh VALUES ('{0.25,0.25,0.25,0.25}', '{0.25,0.5,0.75}'), ('{0.1,0.2,0.3,0.4}', '{0,0.1,0.2}'), ('{1,0,0,0}', '{0.3333,0.5,1}');
SELECT is_empty($$
	WITH input AS (
		SELECT a, u, t, g, l, weights, bands, least(1, u / t) AS f
		FROM unnest('{0,0.3333,0.5,1}'::numeric[]) a, unnest('{0,1,4.5,9}'::numeric[]) u, unnest('{0.5,4,9}'::numeric[]) t, unnest('{0,0.8,1}'::numeric[]) g, unnest('{-1,-0.05,0,0.25,1}'::numeric[]) l, weigh
	), want AS (
		SELECT *, a * f * g * l AS raw, weights[1] * a + weights[2] * f + weights[3] * g + weights[4] * l AS weighted FROM input
	)
	SELECT w.*, h.* FROM want w, feature_value_score(a, u, t, g, l, weights, bands) h
	WHERE NOT (abs(h.frequency - f) <= 1e-16 AND abs(h.raw_score - raw) <= 1e-15 AND abs(h.weighted_score - weighted) <= 1e-15
		AND h.category = (ARRAY['low', 'medium', 'high', 'critical'])[1 + (weighted >= bands[1])::integer + (weighted >= bands[2])::integer + (weighted >= bands[3])::integer]) LIMIT 5 $$, 'the value score, its parts and its category');
SELECT is_empty($$ SELECT * FROM weigh, feature_value_score(0.5, 1, 2, 0.5, NULL, weights, bands) h WHERE h IS NOT NULL OR h.category IS NOT NULL $$, 'an unknown part makes an unknown score');

-- The same bytes whatever the way -----------------------------------------

CREATE FUNCTION bytes(state feature_state) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN md5(feature_state_send(state)) || length(feature_state_send(state));
CREATE TABLE kind (what text, args text, b text);
INSERT INTO kind (what, args) SELECT k || ', ' || t, format('%s, %s, feature, action, success, took, worth', k, t)
	FROM unnest('{u,md5(u::text)::uuid,u::text}'::text[]) k, unnest('{at,at AT TIME ZONE ''UTC'',(at AT TIME ZONE ''UTC'')::date}'::text[]) t;
CREATE FUNCTION bytes_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	b text;
BEGIN
	EXECUTE query INTO STRICT b;
	RETURN b;
END
$$;
UPDATE kind SET b = bytes_of(format('SELECT bytes(feature_agg(%s)) FROM r', args));
SELECT is((SELECT array_agg(DISTINCT bytes_of(format('SELECT bytes(feature_agg(%s ORDER BY md5(%s || %L || id))) FROM r', args, n, :'seed'))) FROM generate_series(1, 3) n), ARRAY[b], what || ': any order gives the same bytes') FROM kind;
SELECT is(bytes_of(format('SELECT bytes(feature_agg(%s ORDER BY id DESC)) FROM r', args)), b, what || ': backwards, the same bytes') FROM kind;
SELECT is((SELECT array_agg(DISTINCT bytes_of(format('SELECT bytes(rollup(part ORDER BY md5(%L || p))) FROM (SELECT p, (SELECT feature_agg(%s) FROM r WHERE abs(hashint8(id)) %% %s = p)::text::feature_state AS part
		FROM generate_series(0, %3$s) p OFFSET 0) q', :'seed', args, n))) FROM unnest('{1,2,7,64}'::integer[]) n), ARRAY[b], what || ': parts, merged as text, give the same bytes') FROM kind;
SELECT is(bytes_of(format('SELECT bytes(rollup(part)) FROM (SELECT feature_agg(%s) AS part FROM r GROUP BY id) q', args)), b, what || ': one row a part gives the same bytes') FROM kind;
SELECT is(bytes_of(format('SELECT bytes(rollup(part)) FROM (SELECT rollup(one) AS part FROM (SELECT id, feature_agg(%s) AS one FROM r GROUP BY id) q GROUP BY id %% 9) p', args)), b, what || ': a rollup of rollups gives the same bytes') FROM kind;
SELECT is(bytes_of('SELECT bytes(feature_agg(u, at AT TIME ZONE ''UTC'', feature, action, success, took, worth)) FROM r'), bytes(st), 'a timestamp is read as UTC') FROM s;
SELECT is(bytes_of('SELECT bytes(feature_agg(u, (at AT TIME ZONE ''UTC'')::date, feature, action, success, took, worth)) FROM r'),
	bytes_of('SELECT bytes(feature_agg(u, date_trunc(''day'', at), feature, action, success, took, worth)) FROM r'), 'a date is its midnight in UTC');
SELECT is(bytes_of('SELECT bytes(feature_agg(u, at, CASE WHEN lower(action) <> ''signed_up'' THEN feature END, upper(action), success, took, worth)) FROM r'), bytes(st), 'neither case nor the feature of a sign-up matters') FROM s;
SELECT is(bytes(combine(st, NULL)), bytes(st), 'combine with NULL on the right') FROM s;
SELECT is(bytes(combine(NULL, st)), bytes(st), 'combine with NULL on the left') FROM s;

-- keys of other types give the same numbers
CREATE TABLE keyed AS SELECT feature_agg(u, at, feature, action, success, took, worth) AS n, feature_agg(md5(u::text)::uuid, at, feature, action, success, took, worth) AS i,
	feature_agg(u::text, at, feature, action, success, took, worth) AS t FROM r;
SELECT results_eq(format('SELECT f.* FROM keyed, feature_adoption(%s, as_of => %L, habit_weeks => 2) f', k, at), format('SELECT f.* FROM s, feature_adoption(st, as_of => %L, habit_weeks => 2) f', at),
	format('adoption, keys %s, as of %s', k, at)) FROM unnest('{n,i,t}'::text[]) k, unnest('{NULL,"2011-12-12 00:00+00"}'::text[]) at;
SELECT is_empty(format('(SELECT f.* FROM keyed, feature_users(%1$s) f EXCEPT ALL SELECT (x).* FROM (SELECT x FROM s, feature_users(st) x) y)
	UNION ALL (SELECT (x).* FROM (SELECT x FROM s, feature_users(st) x) y EXCEPT ALL SELECT f.* FROM keyed, feature_users(%1$s) f)', k), 'users, keys ' || k) FROM unnest('{n,t}'::text[]) k;
SELECT results_eq($$ SELECT f.user_id, f.feature, f.stage, f.uses FROM keyed, feature_users(i) f ORDER BY 1, feature COLLATE "C" $$,
	$$ SELECT md5(f.user_id)::uuid::text, f.feature, f.stage, f.uses FROM s, feature_users(st) f ORDER BY 1, feature COLLATE "C" $$, 'users, keys uuid');
CREATE TABLE active AS SELECT activity_agg(u, day) AS n, activity_agg(md5(u::text)::uuid, day) AS i, activity_agg(u::text, day) AS t FROM d;
SELECT results_eq(format('SELECT f.* FROM keyed, active, feature_retention(keyed.%1$s, active.%1$s, %2$L, 30) f', k, feature),
	format('SELECT f.* FROM s, a, feature_retention(s.st, a.st, %L, 30) f', feature), format('retention with %s, keys %s', feature, k))
FROM unnest('{i,t}'::text[]) k, unnest('{export,été}'::text[]) feature;

-- neither the session's zone nor a worker matters
CREATE TABLE before AS SELECT md5(string_agg(f::text, ',' ORDER BY f::text)) AS users FROM (SELECT f.user_id, f.feature, f.stage, extract(epoch FROM f.adopted_at), f.seconds_to_adopt FROM s, feature_users(st, zone => 'Europe/Berlin') f) f;
SET LOCAL timezone = 'Australia/Lord_Howe';
SET LOCAL datestyle = 'SQL, DMY';
SET LOCAL intervalstyle = 'sql_standard';
SELECT is(bytes_of(format('SELECT bytes(feature_agg(%s)) FROM r', args)), b, what || ': another TimeZone, the same bytes') FROM kind;
SELECT is((SELECT md5(string_agg(f::text, ',' ORDER BY f::text)) FROM (SELECT f.user_id, f.feature, f.stage, extract(epoch FROM f.adopted_at), f.seconds_to_adopt FROM s, feature_users(st, zone => 'Europe/Berlin') f) f), users,
	'another TimeZone: the same users') FROM before;
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO, YMD';
SET LOCAL intervalstyle = 'postgres';
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
ANALYZE r;
SELECT is(bytes_of(format('SELECT bytes(feature_agg(%s)) FROM r', args)), b, what || ': a parallel plan gives the same bytes') FROM kind;
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
SELECT matches(plan_of('SELECT feature_agg(u, at, feature, action, success, took, worth) FROM r'), 'Partial Aggregate', 'that plan is parallel');

SELECT * FROM finish();
ROLLBACK;
