--
-- reliability.sql
--		Uptime and incidents against counting every minute, on random intervals.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed reliability
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SELECT plan(22);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
SET timezone = 'UTC';

-- Whole minutes around the nine days from 2024-03-27 of Berlin, one of which has 23 hours: some overlap, touch, hold one another, have no
-- length, go on, or lie outside
CREATE TEMP TABLE incidents AS
SELECT 'i' || g AS incident, s.at AS started_at,
	CASE WHEN random() < 0.95 THEN s.at + floor(random() * random() * 300) * interval '1 minute' END AS ended_at,
	(ARRAY['critical', 'Major', 'minor', 'cosmetic'])[1 + floor(random() * 4)::integer] AS severity,
	(ARRAY[true, false, NULL, NULL])[1 + floor(random() * 4)::integer] AS outage,
	CASE WHEN random() < 0.8 THEN s.at + floor(random() * 60) * interval '1 minute' END AS detected_at,
	(ARRAY['api', 'web', NULL])[1 + floor(random() * 3)::integer] AS service
FROM generate_series(1, 120) g, LATERAL (SELECT timestamptz '2024-03-26 00:00Z' + floor(random() * 11 * 1440 + g * 0) * interval '1 minute' AS at) s;
UPDATE incidents SET ended_at = '2024-04-04 22:00Z' WHERE incident = 'i1' AND started_at < '2024-04-04 22:00Z';
UPDATE incidents SET ended_at = '2024-04-02 07:00Z', started_at = '2024-04-02 06:00Z', detected_at = NULL WHERE incident = 'i2';
UPDATE incidents SET started_at = '2024-04-02 07:00Z', ended_at = '2024-04-02 08:00Z', detected_at = NULL, severity = (SELECT severity FROM incidents WHERE incident = 'i2') WHERE incident = 'i3';
-- what is open early would hide all else
UPDATE incidents SET ended_at = started_at + interval '90 minutes' WHERE ended_at IS NULL AND started_at < '2024-04-03 00:00Z';
CREATE TEMP TABLE maintenance AS
SELECT s.at AS started_at, s.at + floor(random() * 400) * interval '1 minute' AS ended_at, (ARRAY['api', 'web', 'mail', NULL])[1 + floor(random() * 4)::integer] AS service
FROM generate_series(1, 24) g, LATERAL (SELECT timestamptz '2024-03-26 00:00Z' + floor(random() * 11 * 1440 + g * 0) * interval '1 minute' AS at) s;

-- The oracle: each minute of the window, by service, and whether an outage or maintenance covers it; shop has neither of its own.
-- What is known at an instant are the minutes before it.
CREATE TEMP TABLE minute AS
SELECT (m.at AT TIME ZONE 'Europe/Berlin')::date AS day, m.at, n.service,
	EXISTS (SELECT FROM maintenance x WHERE (x.service IS NULL OR x.service = n.service) AND x.started_at <= m.at AND x.ended_at > m.at) AS maintained,
	EXISTS (SELECT FROM incidents i WHERE (i.service IS NULL OR i.service = n.service) AND i.started_at <= m.at AND coalesce(i.ended_at > m.at, true)
		AND (i.outage OR i.outage IS NULL AND lower(i.severity) IN ('critical', 'major'))) AS down
FROM generate_series(timestamptz '2024-03-26 23:00Z', timestamptz '2024-04-04 21:59Z', interval '1 minute') m(at), unnest('{api,web,mail,shop}'::text[]) n(service);
CREATE FUNCTION pg_temp.minutes(as_of timestamptz, names text[]) RETURNS SETOF minute LANGUAGE sql AS $$
	SELECT * FROM minute m WHERE m.at < coalesce(as_of, 'infinity') AND m.service = ANY (names) $$;
CREATE FUNCTION pg_temp.counted(as_of timestamptz, names text[]) RETURNS TABLE (day date, service text, total bigint, maint bigint, down bigint) LANGUAGE sql AS $$
	WITH m AS MATERIALIZED (SELECT * FROM pg_temp.minutes(as_of, names)),
	w AS (SELECT m.day, m.at, bool_and(m.maintained) AS maintained, bool_or(m.down AND NOT m.maintained) AS down FROM m GROUP BY m.day, m.at)
	SELECT m.day, m.service, count(*), count(*) FILTER (WHERE m.maintained), count(*) FILTER (WHERE m.down AND NOT m.maintained) FROM m GROUP BY 1, 2
	UNION ALL
	SELECT w.day, NULL, count(*), count(*) FILTER (WHERE w.maintained), count(*) FILTER (WHERE w.down) FROM w GROUP BY 1 $$;
SELECT timestamptz '2024-03-28 00:00Z' + floor(random() * 6 * 1440) * interval '1 minute' AS known \gset
CREATE TEMP TABLE as_of AS SELECT timestamptz :'known' AS at;

CREATE TEMP TABLE up AS SELECT * FROM nudge.uptime('incidents', 'maintenance', '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin', by => 'service');
SELECT set_eq($$ SELECT period, value, total_minutes::bigint, maintenance_minutes::bigint, downtime_minutes::bigint FROM up $$,
	$$ SELECT day, service, total, maint, down FROM pg_temp.counted(NULL, '{api,web,mail}') $$, 'every minute of every service, and of all');
SELECT set_eq($$ SELECT period, value, total_minutes::bigint, maintenance_minutes::bigint, downtime_minutes::bigint
		FROM as_of, nudge.uptime('incidents', 'maintenance', '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin', as_of => at, by => 'service', services => '{api,mail,web}') WHERE total_minutes > 0 $$,
	$$ SELECT c.* FROM as_of, pg_temp.counted(at, '{api,web,mail}') c $$, 'the same at an instant in the middle');
SELECT set_eq($$ SELECT period, value, total_minutes::bigint, maintenance_minutes::bigint, downtime_minutes::bigint
		FROM nudge.uptime('incidents', 'maintenance', '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin', by => 'service', services => '{web,shop}') $$,
	$$ SELECT * FROM pg_temp.counted(NULL, '{web,shop}') $$, 'the same for some services');
SELECT is_empty($$ SELECT * FROM up WHERE considered_minutes <> total_minutes - maintenance_minutes
	OR uptime_share IS DISTINCT FROM (considered_minutes - downtime_minutes) / nullif(considered_minutes, 0) OR longest_outage_minutes > downtime_minutes
	OR (outages = 0) <> (downtime_minutes = 0) OR (outages = 1) <> coalesce(longest_outage_minutes = downtime_minutes, false) $$, 'the share is of the minutes');
SELECT set_eq($$ SELECT value, total_minutes, maintenance_minutes, downtime_minutes FROM nudge.uptime('incidents', 'maintenance', '2024-03-27', '2024-04-05', NULL, 'Europe/Berlin', by => 'service') $$,
	$$ SELECT value, sum(total_minutes) AS total, sum(maintenance_minutes) AS maint, sum(downtime_minutes) AS down FROM up GROUP BY value $$, 'days add up to the window');
SELECT set_eq($$ SELECT period, total_minutes, maintenance_minutes, downtime_minutes FROM nudge.uptime('incidents', 'maintenance', '2024-03-27', '2024-04-05', 'week', 'Europe/Berlin') $$,
	$$ SELECT greatest(date_trunc('week', period), date '2024-03-27')::date, sum(total_minutes) AS total, sum(maintenance_minutes) AS maint, sum(downtime_minutes) AS down FROM up WHERE is_total GROUP BY 1 $$, 'days add up to weeks');

-- The stretches behind it
CREATE TEMP TABLE stretch AS SELECT * FROM nudge.downtime_intervals('incidents', 'maintenance', '2024-03-27', '2024-04-05', 'Europe/Berlin', by => 'service');
SELECT set_eq($$ SELECT value, sum(minutes) FROM stretch GROUP BY value $$, $$ SELECT value, sum(downtime_minutes) FROM up GROUP BY value HAVING sum(downtime_minutes) > 0 $$, 'stretches add up to downtime');
SELECT is_empty($$ SELECT * FROM stretch a JOIN stretch b ON a.value IS NOT DISTINCT FROM b.value AND a.started_at < b.started_at AND a.ended_at >= b.started_at $$, 'stretches are apart');
SELECT set_eq($$ SELECT value, started_at, count(*) FROM stretch GROUP BY 1, 2 $$,
	$$ WITH m AS MATERIALIZED (SELECT at, service, bool_or(down AND NOT maintained) AS down FROM pg_temp.minutes(NULL, '{api,web,mail}') GROUP BY GROUPING SETS ((at, service), (at))),
		b AS (SELECT service, at, down, lag(down, 1, false) OVER (PARTITION BY service ORDER BY at) AS before FROM m)
		SELECT service, at, 1::bigint FROM b WHERE down AND NOT before $$, 'a stretch begins where downtime does');
SELECT set_eq($$ SELECT value, started_at, k FROM stretch, unnest(incident_keys) k $$,
	$$ WITH m AS MATERIALIZED (SELECT at, service, maintained FROM pg_temp.minutes(NULL, '{api,web,mail}')), i AS (
			SELECT i.*, m.at, m.service AS of FROM incidents i JOIN m ON m.at >= i.started_at AND m.at < coalesce(i.ended_at, 'infinity') AND (i.service IS NULL OR i.service = m.service) AND NOT m.maintained
			WHERE (i.outage OR i.outage IS NULL AND lower(i.severity) IN ('critical', 'major')))
		SELECT DISTINCT s.value, s.started_at, i.incident FROM i JOIN stretch s ON i.at >= s.started_at AND i.at < s.ended_at AND (s.is_total OR s.value = i.of) $$, 'every stretch names the incidents of its minutes');

-- Incidents
CREATE TEMP VIEW by_severity AS
	SELECT i.incident, s.severity, i.started_at, i.ended_at, i.detected_at, (i.started_at AT TIME ZONE 'Europe/Berlin')::date AS day, s.severity IS NULL AS al
	FROM incidents i, LATERAL (VALUES (lower(i.severity)), (NULL)) s(severity);
CREATE TEMP TABLE report AS SELECT * FROM nudge.incident_report('incidents', '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin');
SELECT set_eq($$ SELECT period, severity, incidents_started, open_incidents, detected_incidents, round(mttr_minutes, 9) AS a, round(median_ttr_minutes, 9) AS b, round(mttd_minutes, 9) AS c, round(detection_to_end_minutes, 9) AS d FROM report WHERE incidents_started > 0 $$,
	$$ SELECT day, severity, count(*) AS n, count(*) FILTER (WHERE ended_at IS NULL) AS o, count(detected_at) AS noticed, round(avg(extract(epoch FROM ended_at - started_at) / 60), 9) AS a,
			round((percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - started_at)::double precision / 60))::numeric, 9) AS b, round(avg(extract(epoch FROM detected_at - started_at) / 60), 9) AS c,
			round(avg(extract(epoch FROM ended_at - detected_at) / 60) FILTER (WHERE detected_at <= ended_at), 9) AS d
		FROM by_severity WHERE day >= '2024-03-27' AND day < '2024-04-05' GROUP BY 1, 2 $$, 'incidents, time to notice and to repair');
SELECT set_eq($$ SELECT period, severity, incident_minutes::bigint FROM report WHERE incident_minutes > 0 $$,
	$$ SELECT (m.at AT TIME ZONE 'Europe/Berlin')::date AS day, s.severity, count(*)
		FROM generate_series(timestamptz '2024-03-26 23:00Z', timestamptz '2024-04-04 21:59Z', interval '1 minute') m(at), unnest('{critical,major,minor,cosmetic,NULL}'::text[]) s(severity)
		WHERE EXISTS (SELECT FROM by_severity i WHERE i.severity IS NOT DISTINCT FROM s.severity AND i.started_at <= m.at AND coalesce(i.ended_at > m.at, true)) GROUP BY 1, 2 $$, 'minutes with an incident');
SELECT set_eq($$ SELECT period, severity, failures FROM report WHERE failures > 0 $$,
	$$ SELECT day, severity, count(DISTINCT started_at) FROM by_severity f
		WHERE day >= '2024-03-27' AND day < '2024-04-05' AND NOT EXISTS (SELECT FROM by_severity r WHERE r.severity IS NOT DISTINCT FROM f.severity AND r.started_at < f.started_at AND coalesce(r.ended_at >= f.started_at, true))
		GROUP BY 1, 2 $$, 'failures begin when nothing of the kind is running');
SELECT is_empty($$ SELECT * FROM report WHERE mtbf_minutes IS DISTINCT FROM trim_scale((total_minutes - incident_minutes) / nullif(failures, 0)) AND abs(mtbf_minutes - (total_minutes - incident_minutes) / failures) > 1e-9 $$, 'MTBF is of the minutes without');
SELECT is_empty($$ SELECT period FROM report GROUP BY period HAVING sum(incidents_started) FILTER (WHERE all_severities) <> sum(incidents_started) FILTER (WHERE NOT all_severities)
	OR round(sum(incident_share) FILTER (WHERE NOT all_severities), 12) <> 1 $$, 'severities add up to all');
SELECT set_eq($$ SELECT severity, incidents_started, failures, incident_minutes FROM nudge.incident_report('incidents', '2024-03-27', '2024-04-05', NULL, 'Europe/Berlin') $$,
	$$ SELECT severity, sum(incidents_started)::bigint AS n, sum(failures)::bigint AS failures, sum(incident_minutes) AS minutes FROM report GROUP BY severity $$, 'days add up to the window');

-- What was not known is not there
CREATE TEMP VIEW then_incidents AS SELECT i.incident, i.started_at, CASE WHEN i.ended_at < at THEN i.ended_at END AS ended_at, i.severity, i.outage, CASE WHEN i.detected_at < at THEN i.detected_at END AS detected_at, i.service
	FROM incidents i, as_of WHERE i.started_at < at;
CREATE TEMP VIEW then_maintenance AS SELECT m.* FROM maintenance m, as_of WHERE m.started_at < at;
SELECT is_empty($$ SELECT r.* FROM as_of, nudge.uptime('incidents', 'maintenance', '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin', at, 'service') r EXCEPT SELECT r.* FROM as_of, nudge.uptime('then_incidents', 'then_maintenance', '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin', at, 'service') r $$, 'uptime as of an instant is that without later rows');
SELECT set_eq($$ SELECT r::text FROM as_of, nudge.incident_report('incidents', '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin', at) r $$, $$ SELECT r::text FROM as_of, nudge.incident_report('then_incidents', '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin', at) r $$, 'incidents as of an instant are those without later rows');
SELECT set_eq($$ SELECT r::text FROM as_of, nudge.downtime_intervals('incidents', 'maintenance', '2024-03-27', '2024-04-05', 'Europe/Berlin', at, 'service') r $$, $$ SELECT r::text FROM as_of, nudge.downtime_intervals('then_incidents', 'then_maintenance', '2024-03-27', '2024-04-05', 'Europe/Berlin', at, 'service') r $$, 'and so are stretches');

-- In any order, and in any zone of the session
CREATE TEMP TABLE shuffled AS SELECT * FROM incidents ORDER BY random();
SET timezone = 'Pacific/Auckland';
SELECT set_eq($$ SELECT u::text FROM up u $$, $$ SELECT u::text FROM nudge.uptime('shuffled', 'maintenance', '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin', by => 'service') u $$, 'uptime in any order');
SELECT set_eq($$ SELECT r::text FROM report r $$, $$ SELECT r::text FROM nudge.incident_report('shuffled', '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin') r $$, 'incidents in any order');
SELECT set_eq($$ SELECT s::text FROM stretch s $$, $$ SELECT s::text FROM nudge.downtime_intervals('shuffled', 'maintenance', '2024-03-27', '2024-04-05', 'Europe/Berlin', by => 'service') s $$, 'stretches in any order');

SELECT * FROM finish();
ROLLBACK;
