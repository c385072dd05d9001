-- satisfaction_properties.sql
--		Satisfaction over random surveys, against its definitions in plain SQL,
--		which share no code with the extension.
--
-- The surveys follow from the seed alone; NM_SEED in the environment replaces
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
SET LOCAL jit = off;

\set seed satisfaction
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

CREATE FUNCTION near(a double precision, b double precision) RETURNS boolean LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL ELSE abs(a - b) < 1e-9 * greatest(1, abs(b)) END;
CREATE FUNCTION same(a numeric, b numeric) RETURNS boolean LANGUAGE sql IMMUTABLE
	RETURN round(a, 10) IS NOT DISTINCT FROM round(b, 10);
CREATE FUNCTION erf(x double precision) RETURNS double precision LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
	WITH RECURSIVE t AS (
		SELECT 0 AS n, x AS term
		UNION ALL
		SELECT t.n + 1, t.term * 2 * x * x / (2 * t.n + 3) FROM t WHERE abs(t.term) > 1e-30
	)
	SELECT 2 / sqrt(pi()) * exp(-x * x) * sum(t.term) FROM t;
END;
-- P(|T| < t) for a whole number of degrees of freedom: Abramowitz and Stegun 26.7.3 and 26.7.4
CREATE FUNCTION student(t double precision, df integer) RETURNS double precision LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	angle constant double precision := atan(t / sqrt(df));
	term double precision := 1;
	total double precision := 0;
BEGIN
	IF df % 2 = 0 THEN
		FOR i IN 0 .. df / 2 - 1 LOOP
			total := total + term;
			term := term * cos(angle) ^ 2 * (2 * i + 1) / (2 * i + 2);
		END LOOP;
		RETURN sin(angle) * total;
	END IF;
	term := cos(angle);
	FOR i IN 1 .. (df - 1) / 2 LOOP
		total := total + term;
		term := term * cos(angle) ^ 2 * (2 * i) / (2 * i + 1);
	END LOOP;
	RETURN 2 / pi() * (angle + sin(angle) * total);
END
$$;

-- Scores ------------------------------------------------------------------

-- 90 groups of 0 to 200 answers: NPS in whole numbers, CSAT and CES on several
-- scales, some between whole numbers, some alike, some not given.
CREATE TABLE ask AS
SELECT g, ('{nps,csat,ces}'::text[])[1 + g % 3] AS kind, CASE g % 3 WHEN 0 THEN 0 ELSE (ARRAY[1, 1, 1, -2, -1000])[1 + pick('low' || g, 5)] END AS low
FROM generate_series(1, 90) g;
ALTER TABLE ask ADD high integer;
UPDATE ask SET high = CASE kind WHEN 'nps' THEN 10 ELSE low + (ARRAY[4, 4, 4, 1, 2, 999])[1 + pick('width' || g, 6)] END;
CREATE TABLE a AS
SELECT k.g, k.kind, k.low, k.high, n, CASE WHEN pick('none' || k.g || '/' || n, 5) > 0 THEN
	k.low + CASE WHEN k.kind = 'nps' OR pick('whole' || k.g, 3) > 0 THEN pick('score' || k.g || '/' || n, 1 + CASE pick('alike' || k.g, 8) WHEN 0 THEN 0 ELSE k.high - k.low END)::numeric
		ELSE (k.high - k.low) * pick('score' || k.g || '/' || n, 1000001)::numeric / 1000000 END END AS score
FROM ask k, generate_series(1, (ARRAY[0, 1, 2, 3, 10, 50, 200])[1 + pick('size' || k.g, 7)]) n;
-- what each group says, by its question
CREATE TABLE s AS
SELECT a.g, a.kind, a.low, a.high, CASE a.kind WHEN 'nps' THEN nps_agg(score) FILTER (WHERE kind = 'nps') WHEN 'csat' THEN csat_agg(score, low, high) FILTER (WHERE kind = 'csat')
	ELSE ces_agg(score, low, high) FILTER (WHERE kind = 'ces') END AS st
FROM a GROUP BY a.g, a.kind, a.low, a.high;
SELECT cmp_ok(count(*), '>', 30::bigint, 'most groups were asked') FROM s;
CREATE TABLE want AS
SELECT s.*, w.*, w.deviation / nullif(w.answered, 0) AS variance FROM s, LATERAL (SELECT count(*) AS asked, count(score) AS answered, count(*) FILTER (WHERE score >= 9) AS promoters, count(*) FILTER (WHERE score IN (7, 8)) AS passives, count(*) FILTER (WHERE score <= 6) AS detractors,
	avg(score) AS mean, count(*) FILTER (WHERE CASE s.kind WHEN 'csat' THEN score >= s.high - 1 ELSE score > (s.low + s.high) / 2.0 END) AS good, var_samp(score) AS deviation FROM a WHERE a.g = s.g) w;

SELECT is_empty($$ SELECT w.*, f.* FROM want w, survey_question(st) f WHERE (f.kind, f.scale_low, f.scale_high) IS DISTINCT FROM (w.kind, w.low, w.high) $$, 'the question');
SELECT is_empty($$
	SELECT w.*, f.* FROM want w, nps(st) f WHERE w.kind = 'nps' AND NOT ((f.asked, f.answered, f.promoters, f.passives, f.detractors) = (w.asked, w.answered, w.promoters, w.passives, w.detractors)
		AND same(f.response_rate, w.answered / w.asked::numeric) AND same(f.promoter_share, w.promoters / nullif(w.answered, 0)::numeric) AND same(f.passive_share, w.passives / nullif(w.answered, 0)::numeric)
		AND same(f.detractor_share, w.detractors / nullif(w.answered, 0)::numeric) AND same(f.score, 100 * (w.promoters - w.detractors) / nullif(w.answered, 0)::numeric)
		AND f.band IS NOT DISTINCT FROM CASE WHEN w.answered > 0 THEN (ARRAY['crisis', 'concern', 'watch', 'healthy', 'exceptional'])[1 + (SELECT count(*) FROM unnest('{20,40,50,70}'::integer[]) b WHERE 100 * (w.promoters - w.detractors) >= b * w.answered)] END
		AND f.band IS NOT DISTINCT FROM nps_band(f.score)) $$, 'NPS: counts, shares, score and band');
CREATE TABLE level AS SELECT * FROM (VALUES (0.95, 1.959963984540054), (0.9, 1.6448536269514722), (0.5, 0.6744897501960817), (0.99, 2.5758293035489004)) v(confidence, z);
SELECT is_empty($$
	SELECT w.g, l.*, f.* FROM want w, level l, nps(st, l.confidence) f,
		LATERAL (SELECT (w.promoters + 0.75) / (w.answered + 3.0::double precision) AS p, (w.detractors + 0.75) / (w.answered + 3.0::double precision) AS d WHERE w.answered > 0) x,
		LATERAL (SELECT 100 * (p - d) AS centre, 100 * l.z * sqrt((p + d - (p - d) ^ 2) / (w.answered + 3)) AS margin) i
	WHERE w.kind = 'nps' AND NOT (near(f.margin_of_error, margin) AND near(f.score_low, greatest(-100, least(centre - margin, f.score))) AND near(f.score_high, least(100, greatest(centre + margin, f.score)))) $$, 'NPS: interval');
SELECT is_empty($$ SELECT * FROM want w, nps(st) f WHERE w.kind = 'nps' AND w.answered = 0 AND (f.score_low IS NOT NULL OR f.margin_of_error IS NOT NULL OR f.score IS NOT NULL) $$, 'NPS: none without answers');
SELECT is_empty($$ SELECT * FROM want w, nps(st) f WHERE w.kind = 'nps' AND w.answered > 0 AND f.score NOT BETWEEN f.score_low - 1e-9 AND f.score_high + 1e-9 $$, 'NPS: the interval holds the score');
SELECT is_empty($$ SELECT w.*, m FROM want w, generate_series(0, 60) m, nps(st, 0.95, m) f WHERE w.kind = 'nps' AND ((f.band IS NULL) <> (w.answered < m OR w.answered = 0) OR (f.band IS NULL) <> (f.action IS NULL)) $$, 'NPS: too few for a band');

-- csat and ces alike, but for the name of the favourable answers
CREATE VIEW scored AS
SELECT w.g, l.confidence, f.asked, f.answered, f.response_rate, f.mean_score, f.mean_low, f.mean_high, f.top_two_box AS good, f.top_two_box_share AS good_share, f.share_low, f.share_high, f.scaled_score, f.scale_low, f.scale_high
FROM want w, level l, csat(st, l.confidence) f WHERE kind = 'csat'
UNION ALL
SELECT w.g, l.confidence, f.* FROM want w, level l, ces(st, l.confidence) f WHERE kind = 'ces';
SELECT is_empty($$
	SELECT * FROM want w JOIN scored f USING (g) WHERE NOT ((f.asked, f.answered, f.scale_low, f.scale_high) = (w.asked, w.answered, w.low, w.high) AND same(f.response_rate, w.answered / w.asked::numeric)
		AND same(f.mean_score, w.mean) AND same(f.scaled_score, 100 * (w.mean - w.low) / (w.high - w.low))
		AND f.good IS NOT DISTINCT FROM CASE WHEN kind = 'ces' OR w.high - w.low > 1 THEN w.good END AND same(f.good_share, f.good::numeric / nullif(w.answered, 0))) $$, 'CSAT and CES: counts, mean and shares');
SELECT is_empty($$
	SELECT * FROM want w JOIN scored f USING (g), LATERAL (SELECT * FROM wilson_interval(f.good, f.answered, f.confidence)) i
	WHERE NOT (near(f.share_low, CASE WHEN w.answered > 0 THEN i.rate_low END) AND near(f.share_high, CASE WHEN w.answered > 0 THEN i.rate_high END)) $$, 'CSAT and CES: interval of the share');
SELECT is_empty($$ SELECT * FROM want w JOIN scored f USING (g) WHERE (f.mean_low IS NULL) <> (w.answered < 2) OR (f.mean_high IS NULL) <> (w.answered < 2) $$, 'CSAT and CES: an interval needs two answers');
-- so wide that t is inside with the confidence, unless cut off at an end
SELECT is_empty($$
	SELECT * FROM want w JOIN scored f USING (g)
	WHERE w.answered > 1 AND w.variance > 0 AND NOT (CASE WHEN f.mean_low = w.low THEN true ELSE abs(student((w.mean::double precision - f.mean_low) / sqrt(w.variance), w.answered::integer - 1) - confidence) < 1e-9 END
		AND CASE WHEN f.mean_high = w.high THEN true ELSE abs(student((f.mean_high - w.mean::double precision) / sqrt(w.variance), w.answered::integer - 1) - confidence) < 1e-9 END) $$, 'CSAT and CES: interval of the mean');
SELECT is_empty($$
	SELECT * FROM want w JOIN scored f USING (g)
	WHERE w.answered > 1 AND w.variance > 0 AND (f.mean_low = w.low AND student((w.mean - w.low) / sqrt(w.variance), w.answered::integer - 1) > confidence + 1e-9
		OR f.mean_high = w.high AND student((w.high - w.mean) / sqrt(w.variance), w.answered::integer - 1) > confidence + 1e-9) $$, 'CSAT and CES: cut off only where it must be');
SELECT cmp_ok(count(*), '>', 10::bigint, 'some of these intervals are whole') FROM want w JOIN scored f USING (g) WHERE f.mean_low > w.low AND f.mean_high < w.high AND w.variance > 0;

SELECT is_empty($$
	SELECT * FROM (SELECT s.g, d.score, d.answers, d.share FROM s, survey_distribution(st) d) d
	FULL JOIN (SELECT x.g, x.score, count(y.n) AS answers, count(y.n)::numeric / nullif(max(t.n), 0) AS share
		FROM (SELECT g, generate_series(low, high)::numeric AS score FROM s UNION SELECT g, score FROM a WHERE score IS NOT NULL) x JOIN (SELECT g, count(score) AS n FROM a GROUP BY g) t USING (g) LEFT JOIN a y ON y.g = x.g AND y.score = x.score GROUP BY x.g, x.score) w USING (g, score)
	WHERE d.answers IS DISTINCT FROM w.answers OR NOT same(d.share, w.share) $$, 'the distribution');
SELECT is_empty($$ SELECT * FROM (SELECT g, score, lag(score) OVER (PARTITION BY g ORDER BY ord) AS before FROM s, survey_distribution(st) WITH ORDINALITY d(score, answers, share, ord)) d WHERE score <= before $$, 'the distribution ascends');

-- Two groups ----------------------------------------------------------------

CREATE TABLE pair AS
SELECT x.kind, x.st AS st_x, y.st AS st_y, x.answered AS n_x, y.answered AS n_y, x.promoters AS p_x, y.promoters AS p_y, x.detractors AS d_x, y.detractors AS d_y, x.mean AS mean_x, y.mean AS mean_y, x.variance AS v_x, y.variance AS v_y
FROM want x JOIN want y ON (x.kind, x.low, x.high) = (y.kind, y.low, y.high);
SELECT is_empty($$
	SELECT p.*, f.* FROM pair p, survey_compare(st_x, st_y) f,
		LATERAL (SELECT (p_x - d_x) / (n_x + 3.0::double precision) AS e, (p_x + d_x + 1.5) / (n_x + 3.0::double precision) AS q, (p_y - d_y) / (n_y + 3.0::double precision) AS e2, (p_y + d_y + 1.5) / (n_y + 3.0::double precision) AS q2) t,
		LATERAL (SELECT CASE WHEN n_x * n_y > 0 THEN (e - e2) / sqrt((q - e * e) / (n_x + 3) + (q2 - e2 * e2) / (n_y + 3)) END AS z) z
	WHERE p.kind = 'nps' AND NOT ((f.answered_a, f.answered_b) = (n_x, n_y) AND same(f.score_a, 100 * (p_x - d_x)::numeric / nullif(n_x, 0)) AND same(f.score_b, 100 * (p_y - d_y)::numeric / nullif(n_y, 0)) AND same(f.difference, f.score_a - f.score_b)
		AND near(f.z, z.z) AND near(f.p_value, 1 - erf(abs(z.z) / sqrt(2))) AND f.t IS NULL AND f.degrees_of_freedom IS NULL) $$, 'the difference of two NPS');
SELECT is_empty($$
	SELECT p.*, f.* FROM pair p, survey_compare(st_x, st_y) f,
		LATERAL (SELECT (v_x + v_y)::double precision AS v, v_x::double precision AS vx, v_y::double precision AS vy WHERE n_x > 1 AND n_y > 1 AND v_x + v_y > 0) t,
		LATERAL (SELECT (mean_x - mean_y)::double precision / sqrt(v) AS t, v * v / (vx * vx / (n_x - 1) + vy * vy / (n_y - 1)) AS df) w
	WHERE p.kind <> 'nps' AND NOT (same(f.score_a, mean_x) AND same(f.score_b, mean_y) AND same(f.difference, mean_x - mean_y) AND near(f.t, w.t) AND near(f.degrees_of_freedom, w.df) AND f.z IS NULL
		-- more degrees of freedom, less in the tails
		AND f.p_value BETWEEN 1 - student(abs(w.t), ceil(w.df - 1e-9)::integer) - 1e-9 AND 1 - student(abs(w.t), floor(w.df + 1e-9)::integer) + 1e-9) $$, 'the difference of two means');
SELECT is_empty($$ SELECT * FROM pair p, survey_compare(st_x, st_y) f WHERE p.kind <> 'nps' AND (f.p_value IS NULL) <> NOT (n_x > 1 AND n_y > 1 AND v_x + v_y > 0) $$, 'no test where nothing spreads');
SELECT cmp_ok(count(*), '>', 20::bigint, 'many pairs of means have a test') FROM pair p, survey_compare(st_x, st_y) f WHERE p.kind <> 'nps' AND f.p_value < 1;

-- How often the interval of NPS holds the true score: all 231 outcomes of 20
-- answers, each with its probability.  The plain Wald interval does so in 92.6,
-- 92.0, 74.0 and 94.9 of 100 cases.
CREATE TABLE outcome AS
SELECT p, d, f.score_low, f.score_high, exp(l.n_ - l.p_ - l.d_ - l.r_) AS ways
FROM generate_series(0, 20) p, generate_series(0, 20 - p) d,
	nps((SELECT nps_agg(CASE WHEN g <= p THEN 9 WHEN g <= p + d THEN 0 ELSE 7 END) FROM generate_series(1, 20) g)) f,
	LATERAL (SELECT (SELECT coalesce(sum(ln(i)), 0) FROM generate_series(1, 20) i) AS n_, (SELECT coalesce(sum(ln(i)), 0) FROM generate_series(1, p) i) AS p_,
		(SELECT coalesce(sum(ln(i)), 0) FROM generate_series(1, d) i) AS d_, (SELECT coalesce(sum(ln(i)), 0) FROM generate_series(1, 20 - p - d) i) AS r_) l;
SELECT cmp_ok(round(sum(ways * p1 ^ p * p2 ^ d * (1 - p1 - p2) ^ (20 - p - d)) FILTER (WHERE 100 * (p1 - p2) BETWEEN score_low - 1e-9 AND score_high + 1e-9)::numeric, 3), '>=', 0.94, format('coverage at %s promoters and %s detractors', p1, p2))
FROM outcome, (VALUES (0.5, 0.2), (0.6, 0.1), (0.9, 0.05), (0.1, 0.1)) v(p1, p2) GROUP BY p1, p2;

-- The same bytes whatever the way -----------------------------------------

CREATE FUNCTION bytes(state survey_state) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN md5(survey_state_send(state)) || length(survey_state_send(state));
CREATE FUNCTION bytes_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	b text;
BEGIN
	EXECUTE query INTO STRICT b;
	RETURN b;
END
$$;
-- some 3,000 different scores, so that the state is a table with a ring; and 12 of NPS
CREATE TABLE r AS SELECT n AS id, CASE WHEN n % 9 > 0 THEN pick('x' || n, 6001)::numeric / 1000 END AS fine, CASE WHEN n % 7 > 0 THEN pick('y' || n, 11) END AS whole FROM generate_series(1, 12000) n;
CREATE TABLE way (what text, call text, b text);
INSERT INTO way (what, call) VALUES ('csat', 'csat_agg(fine, -1, 6)'), ('ces', 'ces_agg(round(fine), 0, 7)'), ('nps', 'nps_agg(whole)');
UPDATE way SET b = bytes_of(format('SELECT bytes(%s) FROM r', call));
SELECT is((SELECT array_agg(DISTINCT bytes_of(format('SELECT bytes(%s) FROM (SELECT * FROM r ORDER BY md5(%L || id) OFFSET 0) r', call, :'seed' || n))) FROM generate_series(1, 3) n), ARRAY[b], what || ': any order gives the same bytes') FROM way;
SELECT is((SELECT array_agg(DISTINCT bytes_of(format('SELECT bytes(rollup(part ORDER BY md5(%L || p))) FROM (SELECT id %% %s AS p, %s::text::survey_state AS part FROM r GROUP BY 1) q', :'seed', n, call))) FROM unnest('{1,2,7,64}'::integer[]) n), ARRAY[b],
	what || ': parts, merged as text, give the same bytes') FROM way;
SELECT is(bytes_of(format('SELECT bytes(rollup(part)) FROM (SELECT rollup(one) AS part FROM (SELECT id, %s AS one FROM r GROUP BY id) q GROUP BY id %% 9) p', call)), b, what || ': a rollup of rollups gives the same bytes') FROM way;
SELECT is(bytes_of('SELECT bytes(nps_agg(whole::smallint)) FROM r') || bytes_of('SELECT bytes(nps_agg(whole::numeric)) FROM r'), b || b, 'the type of a score does not matter') FROM way WHERE what = 'nps';
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
ANALYZE r;
SELECT is(bytes_of(format('SELECT bytes(%s) FROM r', call)), b, what || ': a parallel plan gives the same bytes') FROM way;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- Reports -------------------------------------------------------------------

-- 900 surveys of 25 customers with up to 4 users in 20 weeks, over the end of
-- winter time in Berlin and New York; many at midnight there, some of no user,
-- of two kinds.
CREATE TABLE surveys AS
SELECT 'c' || pick('c' || n, 25) AS customer, nullif('u' || pick('u' || n, 5), 'u0') AS "user", CASE pick('k' || n, 6) WHEN 0 THEN 'csat' ELSE 'nps' END AS kind,
	CASE WHEN pick('a' || n, 3) > 0 THEN pick('s' || n, 5) + CASE WHEN pick('k' || n, 6) = 0 THEN 1 ELSE pick('plus' || n, 7) END END AS score, sent_at,
	CASE WHEN pick('a' || n, 3) > 0 AND pick('dated' || n, 12) > 0 THEN sent_at + make_interval(hours => pick('h' || n, (ARRAY[3, 100, 600])[1 + pick('slow' || n, 3)])) END AS answered_at
FROM generate_series(1, 900) n,
	LATERAL (SELECT timestamptz '2024-01-01 00:00Z' + make_interval(days => pick('d' || n, 140)) + (ARRAY['22:00', '23:00', '22:59:59.999999', '05:00', '04:00', '00:00', '09:17']::interval[])[1 + pick('t' || n, 7)] AS sent_at) t;
CREATE TABLE customers AS SELECT 'c' || c AS customer, timestamptz '2023-10-01Z' + make_interval(days => pick('born' || c, 200)) AS created_at, nullif('g' || pick('g' || c, 4), 'g0') AS segment,
	CASE WHEN pick('own' || c, 3) > 0 THEN pick('own' || c, 9) = 1 END AS internal FROM generate_series(0, 22) c;

CREATE TABLE task AS
SELECT id, z AS zone, g AS grain, at AS as_of, counting, keep, answer_days, "by"
FROM (VALUES (1, 'UTC', 'month', NULL::timestamptz, 'sent', 'all', 14, NULL), (2, 'Europe/Berlin', 'week', '2024-04-01 09:00Z', 'sent', 'all', 3, 'segment'), (3, 'America/New_York', 'day', '2024-03-10 04:00Z', 'sent', 'latest_per_user', 14, NULL),
	(4, 'Europe/Berlin', 'month', NULL, 'sent', 'latest_per_customer', 14, 'segment'), (5, 'Pacific/Kiritimati', 'week', '2024-03-31 22:00Z', 'answered', 'all', 14, 'segment'), (6, 'America/New_York', NULL, NULL, 'answered', 'latest_per_user', 14, NULL),
	(7, 'UTC', 'month', '2024-05-01Z', 'sent', 'latest_per_user', 30, 'segment')) v(id, z, g, at, counting, keep, answer_days, "by");
-- what is known, in which period, for whom
CREATE TABLE known AS
SELECT t.id AS task, row_number() OVER () AS id, s.customer, s."user", s.sent_at, k.score, k.answered_at, CASE WHEN t."by" IS NOT NULL THEN c.segment END AS value, w.period, w.counted
FROM task t JOIN surveys s ON s.kind = 'nps' AND coalesce(s.sent_at < t.as_of, true)
	CROSS JOIN LATERAL (SELECT s.score, s.answered_at WHERE coalesce(s.answered_at < t.as_of, true) AND s.score IS NOT NULL UNION ALL SELECT NULL, NULL WHERE NOT (coalesce(s.answered_at < t.as_of, true) AND s.score IS NOT NULL)) k
	LEFT JOIN customers c ON c.customer = s.customer AND coalesce(c.created_at < t.as_of, true)
	CROSS JOIN LATERAL (SELECT CASE t.counting WHEN 'sent' THEN s.sent_at ELSE coalesce(k.answered_at, s.sent_at) END AS at WHERE t.counting = 'sent' OR k.score IS NOT NULL) x
	CROSS JOIN LATERAL (SELECT CASE WHEN t.grain IS NULL THEN date '2024-01-03' ELSE greatest(date '2024-01-03', date_trunc(t.grain, x.at AT TIME ZONE t.zone)::date) END AS period, x.at AS counted
		WHERE (x.at AT TIME ZONE t.zone)::date >= '2024-01-03' AND (x.at AT TIME ZONE t.zone)::date < '2024-05-15') w
WHERE c.internal IS NOT TRUE;
-- a row less good than another of the same person and period does not count
DELETE FROM known k USING task t WHERE t.id = k.task AND t.keep <> 'all' AND EXISTS (
	SELECT FROM known o WHERE o.task = k.task AND o.period = k.period AND o.customer = k.customer AND (t.keep = 'latest_per_customer' OR o."user" IS NOT DISTINCT FROM k."user") AND o.id <> k.id
		AND (o.score IS NOT NULL, coalesce(o.answered_at, o.sent_at), o.sent_at, -coalesce(o.score, 0), -ascii(coalesce(o."user", 'z')) * 1000 - ascii(substr(coalesce(o."user", 'zz'), 2)), -o.id)
			> (k.score IS NOT NULL, coalesce(k.answered_at, k.sent_at), k.sent_at, -coalesce(k.score, 0), -ascii(coalesce(k."user", 'z')) * 1000 - ascii(substr(coalesce(k."user", 'zz'), 2)), -k.id));
CREATE TABLE report AS SELECT t.id AS task, r.* FROM task t, nps_report('surveys', '2024-01-03', '2024-05-15', t.grain, t.zone, t.as_of, 'customers', t."by", t.counting, t.keep, answer_days => t.answer_days) r;
CREATE TABLE want_report AS
SELECT k.task, k.period, k.value, grouping(k.value) = 1 AS is_total, count(*) AS asked, count(k.score) AS answered, count(*) FILTER (WHERE k.score IS NULL AND t.as_of < k.sent_at + t.answer_days * interval '24:00') AS open,
	count(DISTINCT k.customer || '/' || coalesce(k."user", '')) FILTER (WHERE k.score IS NOT NULL) AS people, count(DISTINCT k.customer) FILTER (WHERE k.score IS NOT NULL) AS accounts,
	count(*) FILTER (WHERE k.score > 8) AS p, count(*) FILTER (WHERE k.score BETWEEN 7 AND 8) AS pa, count(*) FILTER (WHERE k.score < 7) AS d
FROM known k JOIN task t ON t.id = k.task GROUP BY GROUPING SETS ((k.task, k.period, k.value), (k.task, k.period));
SELECT is_empty(format($$
	SELECT r.*, w.* FROM (SELECT r.* FROM report r WHERE r.task = %1$s AND r.answered + coalesce(r.asked, 0) > 0) r
	FULL JOIN (SELECT w.* FROM want_report w JOIN task t ON t.id = w.task WHERE w.task = %1$s AND (w.is_total OR t."by" IS NOT NULL)) w ON w.period = r.period AND w.is_total = r.is_total AND w.value IS NOT DISTINCT FROM r.value
	WHERE (r.asked, r.answered, r.open_surveys, r.respondents, r.customers_answered, r.promoters, r.passives, r.detractors) IS DISTINCT FROM (%2$s, w.answered, %3$s, w.people, w.accounts, w.p, w.pa, w.d)
		OR NOT same(r.score, 100 * (w.p - w.d)::numeric / nullif(w.answered, 0)) OR NOT same(r.response_rate, %4$s) $$, id, CASE counting WHEN 'sent' THEN 'w.asked' ELSE 'NULL' END,
		CASE WHEN counting = 'sent' AND as_of IS NOT NULL THEN 'w.open' ELSE 'NULL' END, CASE counting WHEN 'sent' THEN 'w.answered::numeric / w.asked' ELSE 'NULL' END), format('report %s: %s by %s in %s, as of %s, %s', id, counting, grain, zone, as_of, keep)) FROM task;
SELECT is_empty($$ SELECT * FROM report r JOIN report b ON b.task = r.task AND b.is_total = r.is_total AND b.value IS NOT DISTINCT FROM r.value AND b.period_end = r.period WHERE NOT same(r.score_change, r.score - b.score) $$, 'the change is from the period before');
SELECT is_empty($$ SELECT * FROM report r WHERE r.period = '2024-01-03' AND (r.score_change IS NOT NULL OR r.p_value IS NOT NULL) $$, 'the first period has no change');
SELECT is_empty($$ SELECT r.task, r.period, sum(r.asked) FILTER (WHERE r.is_total), sum(r.asked) FILTER (WHERE NOT r.is_total) FROM report r JOIN task t ON t.id = r.task WHERE t."by" IS NOT NULL GROUP BY 1, 2
	HAVING (sum(r.answered) FILTER (WHERE r.is_total), sum(r.promoters) FILTER (WHERE r.is_total), sum(r.respondents) FILTER (WHERE r.is_total), sum(r.customers_answered) FILTER (WHERE r.is_total), sum(r.asked) FILTER (WHERE r.is_total))
		IS DISTINCT FROM (coalesce(sum(r.answered) FILTER (WHERE NOT r.is_total), 0), coalesce(sum(r.promoters) FILTER (WHERE NOT r.is_total), 0), coalesce(sum(r.respondents) FILTER (WHERE NOT r.is_total), 0), coalesce(sum(r.customers_answered) FILTER (WHERE NOT r.is_total), 0), coalesce(sum(r.asked) FILTER (WHERE NOT r.is_total), 0))
		AND min(t.counting) = 'sent' $$, 'segments add up to the total');
SELECT is_empty($$ SELECT t.id, r.* FROM task t JOIN report r ON r.task = t.id WHERE r.complete IS DISTINCT FROM (r.period_end::timestamp AT TIME ZONE t.zone <= t.as_of) $$, 'complete: whether the period is over');

-- stored states say what the report says, merged or not
SELECT is_empty(format($$
	SELECT * FROM (SELECT * FROM report WHERE task = %1$s AND is_total = (%2$L::text IS NULL) AND answered + coalesce(asked, 0) > 0) r
	FULL JOIN survey_states('surveys', 'nps', '2024-01-03', '2024-05-15', %3$L, %4$L, %5$L, 'customers', %2$L, %6$L, %7$L) s ON s.period = r.period AND s.value IS NOT DISTINCT FROM r.value, LATERAL nps(s.state) n
	WHERE (n.answered, n.promoters, n.detractors, n.score) IS DISTINCT FROM (r.answered, r.promoters, r.detractors, r.score) $$, id, "by", grain, zone, as_of, counting, keep), 'states of report ' || id) FROM task;
SELECT is((SELECT bytes(rollup(state)) FROM survey_states('surveys', 'nps', '2024-01-03', '2024-05-15', g, z, NULL, 'customers', b)), (SELECT bytes(nps_agg(score)) FROM surveys WHERE kind = 'nps' AND (sent_at AT TIME ZONE z)::date BETWEEN '2024-01-03' AND '2024-05-14'
		AND customer NOT IN (SELECT customer FROM customers WHERE internal)),
	format('states by %s and %s in %s merge to the whole', g, b, z)) FROM unnest('{day,week,month}'::text[]) g, unnest('{segment,owner,NULL}'::text[]) b, unnest('{UTC,Europe/Berlin}'::text[]) z;
-- what the rows say
SELECT is_empty(format($$
	SELECT * FROM survey_rows('surveys', 'nps', '2024-01-03', '2024-05-15', %3$L, %4$L, %5$L, 'customers', %2$L, %6$L, %7$L) r GROUP BY r.period, r.value, r.customer, r.user_id, r.sent_at, r.answered_at, r.score
	EXCEPT SELECT k.period, k.value, k.customer, k."user", k.sent_at, k.answered_at, k.score::numeric FROM known k WHERE k.task = %1$s $$, id, "by", grain, zone, as_of, counting, keep), 'rows of report ' || id) FROM task;

-- as_of: what lies at or after it might not be there
CREATE TABLE cut AS SELECT customer, "user", kind, CASE WHEN coalesce(answered_at < '2024-03-15 09:00Z', true) THEN score END AS score, sent_at, CASE WHEN answered_at < '2024-03-15 09:00Z' THEN answered_at END AS answered_at FROM surveys WHERE sent_at < '2024-03-15 09:00Z';
CREATE TABLE cut_customers AS SELECT * FROM customers WHERE created_at < '2024-03-15 09:00Z';
SELECT is_empty(format($$
	SELECT * FROM (SELECT row_number() OVER () AS n, r::text AS line FROM nps_report('surveys', '2024-01-03', '2024-05-15', 'week', 'Europe/Berlin', '2024-03-15 09:00Z', 'customers', 'segment', %1$L, %2$L) r) a
	FULL JOIN (SELECT row_number() OVER () AS n, r::text AS line FROM nps_report('cut', '2024-01-03', '2024-05-15', 'week', 'Europe/Berlin', '2024-03-15 09:00Z', 'cut_customers', 'segment', %1$L, %2$L) r) b USING (n) WHERE a.line IS DISTINCT FROM b.line $$, c, k),
	format('as_of leaves out the same as a table without: %s, %s', c, k)) FROM unnest('{sent,answered}'::text[]) c, unnest('{all,latest_per_user,latest_per_customer}'::text[]) k;
SELECT results_eq($$ SELECT r::text FROM survey_response('surveys', 'nps', '2024-01-03', '2024-05-15', 'week', 'UTC', '2024-03-15 09:00Z', 'customers', 'segment') r $$,
	$$ SELECT r::text FROM survey_response('cut', 'nps', '2024-01-03', '2024-05-15', 'week', 'UTC', '2024-03-15 09:00Z', 'cut_customers', 'segment') r $$, 'as_of leaves out the same of the response');

-- Response ------------------------------------------------------------------

CREATE TABLE response AS SELECT t.id AS task, r.* FROM task t, survey_response('surveys', 'nps', '2024-01-03', '2024-05-15', t.grain, t.zone, t.as_of, 'customers', t."by", t.answer_days) r WHERE t.counting = 'sent' AND t.keep = 'all';
CREATE TABLE want_response AS
SELECT k.task, k.period, k.value, grouping(k.value) = 1 AS is_total, count(*) AS sent, count(k.score) AS answered, count(*) FILTER (WHERE coalesce(k.sent_at + t.answer_days * interval '24:00' <= t.as_of, true)) AS settled,
	count(*) FILTER (WHERE coalesce(k.sent_at + t.answer_days * interval '24:00' <= t.as_of, true) AND k.score IS NOT NULL AND coalesce(k.answered_at <= k.sent_at + t.answer_days * interval '24:00', true)) AS in_time,
	count(DISTINCT k.customer) AS accounts, count(k.answered_at) AS timed, percentile_cont('{0.5,0.9}'::double precision[]) WITHIN GROUP (ORDER BY extract(epoch FROM k.answered_at - k.sent_at)::double precision / 3600) AS hours,
	count(*) FILTER (WHERE k.answered_at <= k.sent_at + interval '24:00') AS h24, count(*) FILTER (WHERE k.answered_at <= k.sent_at + interval '72:00') AS h72,
	count(DISTINCT (k.sent_at AT TIME ZONE t.zone)::date) AS days, (SELECT max(n) FROM (SELECT count(*) AS n FROM unnest(array_agg((k.sent_at AT TIME ZONE t.zone)::date)) d GROUP BY d) x) AS busiest
FROM known k JOIN task t ON t.id = k.task WHERE t.counting = 'sent' AND t.keep = 'all' GROUP BY GROUPING SETS ((k.task, k.period, k.value), (k.task, k.period));
SELECT is_empty($$
	SELECT * FROM (SELECT * FROM response WHERE sent > 0) r FULL JOIN (SELECT w.* FROM want_response w JOIN task t ON t.id = w.task WHERE w.is_total OR t."by" IS NOT NULL) w ON w.task = r.task AND w.period = r.period AND w.is_total = r.is_total AND w.value IS NOT DISTINCT FROM r.value
	WHERE (r.sent, r.answered, r.settled, r.settled_answered, r.customers_asked, r.timed_answers, r.days_sent) IS DISTINCT FROM (w.sent, w.answered, w.settled, w.in_time, w.accounts, w.timed, w.days)
		OR NOT same(r.response_rate, w.answered::numeric / w.sent) OR NOT same(r.settled_response_rate, w.in_time::numeric / nullif(w.settled, 0)) OR NOT same(r.within_24_hours_share, w.h24::numeric / nullif(w.timed, 0)) OR NOT same(r.within_72_hours_share, w.h72::numeric / nullif(w.timed, 0))
		OR NOT same(r.busiest_day_share, w.busiest::numeric / w.sent) OR NOT near(r.median_hours_to_answer::double precision, w.hours[1]) OR NOT near(r.p90_hours_to_answer::double precision, w.hours[2]) $$, 'who answers, and how soon');
SELECT is_empty($$
	SELECT * FROM response r LEFT JOIN response b ON b.task = r.task AND b.is_total = r.is_total AND b.value IS NOT DISTINCT FROM r.value AND b.period_end = r.period,
		two_proportion_test(r.settled_answered, r.settled, b.settled_answered, b.settled) t
	WHERE NOT same(r.settled_rate_change, t.difference) OR NOT near(r.p_value, t.p_value) $$, 'the change of the response rate');
SELECT is_empty($$ SELECT * FROM response r JOIN report p USING (task, period, is_total) WHERE p.value IS NOT DISTINCT FROM r.value AND (r.sent, r.answered, r.open_surveys, r.respondents, r.customers_answered) IS DISTINCT FROM (p.asked, p.answered, p.open_surveys, p.respondents, p.customers_answered) $$, 'response and report agree');

-- CSAT over the same table
SELECT is_empty($$
	SELECT * FROM csat_report('surveys', '2024-01-01', '2024-06-01', 'month') r JOIN (SELECT date_trunc('month', sent_at)::date AS period, csat_agg(score, 1, 5) AS st FROM surveys WHERE kind = 'csat' GROUP BY 1) w USING (period), csat(st) c
	WHERE (r.asked, r.answered, r.mean_score, r.mean_low, r.top_two_box, r.top_two_box_share, r.share_low, r.scaled_score) IS DISTINCT FROM (c.asked, c.answered, c.mean_score, c.mean_low, c.top_two_box, c.top_two_box_share, c.share_low, c.scaled_score) $$, 'CSAT by month');
-- neither the session's zone nor its interval style matters
CREATE TABLE before AS SELECT md5(string_agg(r::text, ',')) AS report FROM (SELECT r.period, r.sent, r.median_hours_to_answer, r.open_surveys, r.busiest_day_share, r.settled FROM survey_response('surveys', 'nps', '2024-01-03', '2024-05-15', 'week', 'Europe/Berlin', '2024-04-01Z') r) r;
SET LOCAL timezone = 'America/New_York';
SET LOCAL datestyle = 'SQL, DMY';
SET LOCAL intervalstyle = 'sql_standard';
SELECT is((SELECT md5(string_agg(r::text, ',')) FROM (SELECT to_char(r.period, 'YYYY-MM-DD')::text, r.sent, r.median_hours_to_answer, r.open_surveys, r.busiest_day_share, r.settled FROM survey_response('surveys', 'nps', '2024-01-03', '2024-05-15', 'week', 'Europe/Berlin', '2024-04-01 00:00Z') r) r), report, 'another session') FROM before;

SELECT * FROM finish();
ROLLBACK;
