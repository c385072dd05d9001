--
-- error_budgets.sql
--		Error rates, budgets and burn rates against plain SQL on random rows.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed error_budgets
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SELECT plan(17);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
SET timezone = 'UTC';

CREATE TEMP TABLE requests AS
SELECT timestamptz '2024-03-25 00:00Z' + floor(random() * 14 * 1440 + g * 0) * interval '1 minute' AS at, floor(random() * random() * 400)::numeric AS duration_ms,
	CASE WHEN random() < 0.9 THEN floor(random() * 20)::bigint END AS count, (ARRAY['a', 'b', 'c', NULL])[1 + floor(random() * 4)::integer] AS endpoint,
	CASE WHEN random() < 0.9 THEN random() < 0.05 END AS error, (ARRAY['server', 'dom', NULL, 'Render', NULL])[1 + floor(random() * 5)::integer] AS part
FROM generate_series(1, 6000) g;
INSERT INTO requests SELECT at, 200, 1, 'a', false, NULL FROM unnest('{2024-04-03 12:00Z,2024-04-03 11:00Z,2024-04-03 11:55Z,2024-03-31 12:00Z}'::timestamptz[]) at;
-- the oracle: what is a request, and whether it was bad
CREATE TEMP VIEW judged AS
SELECT (r.at AT TIME ZONE 'Europe/Berlin')::date AS day, r.at, r.endpoint, coalesce(r.count, 1) AS n, l.threshold,
	CASE WHEN r.error THEN 1 WHEN l.threshold IS NULL THEN r.error::integer ELSE (r.duration_ms > l.threshold)::integer END AS bad
FROM requests r, (VALUES (NULL::numeric), (200)) l(threshold)
WHERE r.part IS NULL;

CREATE TEMP TABLE rates AS SELECT l.threshold, e.* FROM (VALUES (NULL::numeric), (200)) l(threshold),
	nudge.error_rates('requests', '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin', by => 'endpoint', latency_threshold_ms => l.threshold) e;
SELECT set_eq($$ SELECT threshold, period, value, events, bad_events, unknown_events FROM rates WHERE NOT is_total AND events + unknown_events > 0 $$,
	$$ SELECT threshold, day, endpoint, coalesce(sum(n) FILTER (WHERE bad IS NOT NULL), 0) AS e, CASE WHEN coalesce(sum(n) FILTER (WHERE bad IS NOT NULL), 0) > 0 OR coalesce(sum(n) FILTER (WHERE bad IS NULL), 0) = 0 THEN coalesce(sum(n * bad), 0) END AS b, coalesce(sum(n) FILTER (WHERE bad IS NULL), 0) AS u
		FROM judged WHERE day >= '2024-03-27' AND day < '2024-04-05' GROUP BY 1, 2, 3 HAVING sum(n) > 0 $$, 'requests by day and endpoint');
SELECT set_eq($$ SELECT threshold, period, events, bad_events, unknown_events FROM rates WHERE is_total $$,
	$$ SELECT threshold, period, sum(events) AS e, sum(bad_events) AS b, sum(unknown_events) AS u FROM rates WHERE NOT is_total GROUP BY 1, 2 $$, 'endpoints add up to all');
SELECT is_empty($$ SELECT * FROM rates WHERE error_rate IS DISTINCT FROM bad_events / nullif(events, 0) $$, 'rates are of what is known');
SELECT set_eq($$ SELECT value, events, bad_events FROM nudge.error_rates('requests', '2024-03-27', '2024-04-05', NULL, 'Europe/Berlin', by => 'endpoint', latency_threshold_ms => 200) $$,
	$$ SELECT value, sum(events) AS e, sum(bad_events) AS b FROM rates WHERE threshold = 200 GROUP BY value, is_total $$, 'days add up to the window');
SELECT set_eq($$ SELECT endpoint, sum(count) AS n, sum(count) FILTER (WHERE is_bad) AS bad FROM nudge.request_lines('requests', '2024-03-27', '2024-04-05', 'Europe/Berlin', latency_threshold_ms => 200) GROUP BY 1 $$,
	$$ SELECT value, sum(events) AS e, sum(bad_events) AS b FROM rates WHERE threshold = 200 AND NOT is_total GROUP BY value $$, 'the lines add up to it');
SELECT set_eq($$ SELECT period, events, bad_events FROM nudge.error_rates('requests', '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin', '2024-04-01 05:17Z', latency_threshold_ms => 200, endpoints => '{a,c}') WHERE events > 0 $$,
	$$ SELECT day, sum(n) AS e, sum(n * bad) AS b FROM judged WHERE threshold = 200 AND day >= '2024-03-27' AND at < '2024-04-01 05:17Z' AND endpoint IN ('a', 'c') GROUP BY 1 $$, 'some endpoints, at an instant in the middle');

-- Budgets of requests
CREATE TEMP TABLE budget AS SELECT o.objective, b.* FROM unnest('{0.9,0.95,0.99}'::numeric[]) o(objective),
	nudge.request_error_budget('requests', o.objective, '2024-03-27', '2024-04-05', 'week', 'Europe/Berlin', '2024-04-02 13:00Z', by => 'endpoint') b;
SELECT is_empty($$ SELECT b.* FROM budget b, LATERAL (SELECT CASE b.period WHEN '2024-03-27' THEN 1.0 ELSE 39 / 96.0 END AS e) x
	WHERE round(b.elapsed_share, 12) <> round(x.e, 12) OR round(b.budget_events, 9) <> round((1 - b.objective) * b.events / x.e, 9) OR round(b.remaining_events, 9) <> round(b.budget_events - b.bad_events, 9)
		OR round(b.spent_share, 9) IS DISTINCT FROM round(b.bad_events / nullif((1 - b.objective) * b.events / x.e, 0), 9) OR round(b.burn_rate, 9) IS DISTINCT FROM round(b.error_rate / (1 - b.objective), 9) $$, 'budgets are of all that is expected');
SELECT set_eq($$ SELECT objective, value, is_total, date_trunc('milliseconds', forecast_exhausted_at) AS at FROM budget WHERE forecast_exhausted_at IS NOT NULL $$,
	$$ SELECT objective, value, is_total, date_trunc('milliseconds', timestamptz '2024-03-31 22:00Z' + interval '96 hours' / burn_rate::double precision) AS at FROM budget
		WHERE period = '2024-04-01' AND burn_rate > 1 AND burn_rate * 39 / 96 < 1 $$, 'and last so much shorter as they burn faster');

-- Burn rates
CREATE TEMP TABLE burn AS SELECT * FROM nudge.burn_rates('requests', 0.95, '2024-04-03 12:00Z', '{1,6,24,72,100}', latency_threshold_ms => 200);
SELECT set_eq($$ SELECT window_hours, events, bad_events, round(burn_rate, 9) AS r, short_events, round(short_burn_rate, 9) AS s FROM burn $$,
	$$ SELECT h, l.n, l.b, round(l.b / nullif(l.n, 0) / 0.05, 9) AS r, s.n AS short, round(s.b / nullif(s.n, 0) / 0.05, 9) AS s FROM unnest('{1,6,24,72,100}'::integer[]) h,
		LATERAL (SELECT coalesce(sum(n), 0) AS n, coalesce(sum(n * bad), 0) AS b FROM judged WHERE threshold = 200 AND at < '2024-04-03 12:00Z' AND at >= timestamptz '2024-04-03 12:00Z' - h * interval '1 hour') l,
		LATERAL (SELECT coalesce(sum(n), 0) AS n, coalesce(sum(n * bad), 0) AS b FROM judged WHERE threshold = 200 AND at < '2024-04-03 12:00Z' AND at >= timestamptz '2024-04-03 12:00Z' - h * interval '5 minutes') s $$, 'burn rates of windows and of a twelfth of them');
SELECT is_empty($$ SELECT * FROM burn WHERE is_alert IS DISTINCT FROM (burn_rate > alert_burn_rate AND short_burn_rate > alert_burn_rate) OR round(spent_share, 9) IS DISTINCT FROM round(burn_rate * window_hours / 720, 9)
	OR alert_burn_rate IS DISTINCT FROM CASE window_hours WHEN 1 THEN 14.4 WHEN 6 THEN 6 WHEN 24 THEN 3 WHEN 72 THEN 1 END $$, 'alerts need both');

-- Budgets of uptime
CREATE TEMP TABLE incidents AS
SELECT g AS incident, s.at AS started_at, s.at + floor(random() * random() * 200) * interval '1 minute' AS ended_at, 'major' AS severity, (ARRAY['x', 'y', NULL])[1 + floor(random() * 3)::integer] AS service
FROM generate_series(1, 40) g, LATERAL (SELECT timestamptz '2024-03-26 00:00Z' + floor(random() * 11 * 1440 + g * 0) * interval '1 minute' AS at) s;
CREATE TEMP TABLE maintenance AS SELECT s.at AS started_at, s.at + floor(random() * 200) * interval '1 minute' AS ended_at
FROM generate_series(1, 10) g, LATERAL (SELECT timestamptz '2024-03-26 00:00Z' + floor(random() * 11 * 1440 + g * 0) * interval '1 minute' AS at) s;
CREATE TEMP TABLE spent AS SELECT o.objective, b.* FROM unnest('{0.9,0.98,0.999}'::numeric[]) o(objective),
	nudge.uptime_error_budget('incidents', 'maintenance', o.objective, '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin', '2024-04-02 13:00Z', 'service') b;
CREATE TEMP TABLE up AS SELECT * FROM nudge.uptime('incidents', 'maintenance', '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin', '2024-04-02 13:00Z', 'service');
SELECT is_empty($$ SELECT s.* FROM spent s JOIN up u USING (period, is_total), LATERAL (SELECT (CASE s.period WHEN '2024-03-31' THEN 1380 ELSE 1440 END - u.maintenance_minutes) * (1 - s.objective) AS budget) b
	WHERE s.value IS NOT DISTINCT FROM u.value AND (s.spent_minutes <> u.downtime_minutes OR s.budget_minutes <> b.budget OR s.remaining_minutes <> b.budget - u.downtime_minutes
		OR round(s.spent_share, 9) <> round(u.downtime_minutes / b.budget, 9) OR round(s.burn_rate, 9) IS DISTINCT FROM round((1 - u.uptime_share) / (1 - s.objective), 9)) $$, 'budgets are of the day, spent is downtime');
-- the minute in which the running sum of downtime reaches the budget
SELECT set_eq($$ SELECT objective, period, value, date_bin('1 minute', exhausted_at - interval '1 microsecond', '2024-01-01Z') AS at FROM spent WHERE exhausted_at IS NOT NULL $$,
	$$ WITH minute AS (SELECT s.objective, s.period, s.value, s.budget_minutes, m.at, row_number() OVER (PARTITION BY s.objective, s.period, s.value ORDER BY m.at) AS n
			FROM spent s, generate_series(s.period::timestamp AT TIME ZONE 'Europe/Berlin', least(timestamptz '2024-04-02 13:00Z', s.period_end::timestamp AT TIME ZONE 'Europe/Berlin') - interval '1 minute', interval '1 minute') m(at)
			WHERE EXISTS (SELECT FROM incidents i WHERE (i.service IS NULL OR s.is_total OR i.service = s.value) AND i.started_at <= m.at AND i.ended_at > m.at)
				AND NOT EXISTS (SELECT FROM maintenance x WHERE x.started_at <= m.at AND x.ended_at > m.at))
		SELECT objective, period, value, min(at) FROM minute WHERE n >= budget_minutes GROUP BY 1, 2, 3 $$, 'exhausted in the minute in which downtime reaches the budget');
SELECT set_eq($$ SELECT objective, value, date_trunc('milliseconds', forecast_exhausted_at) AS at FROM spent WHERE forecast_exhausted_at IS NOT NULL $$,
	$$ SELECT s.objective, s.value, date_trunc('milliseconds', timestamptz '2024-04-02 13:00Z' + (s.remaining_minutes * u.considered_minutes / u.downtime_minutes)::double precision * interval '1 minute')
		FROM spent s JOIN up u USING (period, is_total) WHERE s.value IS NOT DISTINCT FROM u.value AND s.period = '2024-04-02' AND s.remaining_minutes > 0 AND s.spent_minutes > 0
			AND s.remaining_minutes * u.considered_minutes / u.downtime_minutes < 9 * 60 $$, 'forecasts are within the day');
SELECT is_empty($$ SELECT * FROM spent WHERE (remaining_minutes <= 0 AND spent_minutes > 0) <> (exhausted_at IS NOT NULL) OR exhausted_at IS NOT NULL AND forecast_exhausted_at IS NOT NULL $$, 'what is exhausted is not forecast');

-- What was not known is not there, nothing depends on order or zone
CREATE TEMP TABLE then_requests AS SELECT * FROM requests WHERE at < '2024-04-02 13:00Z' ORDER BY random();
CREATE TEMP TABLE then_incidents AS SELECT incident, started_at, CASE WHEN ended_at < '2024-04-02 13:00Z' THEN ended_at END AS ended_at, severity, service FROM incidents WHERE started_at < '2024-04-02 13:00Z' ORDER BY random();
SET timezone = 'Pacific/Auckland';
SELECT set_eq($$ SELECT b::text FROM budget b $$, $$ SELECT (o.objective, b.*)::text FROM unnest('{0.9,0.95,0.99}'::numeric[]) o(objective),
	nudge.request_error_budget('then_requests', o.objective, '2024-03-27', '2024-04-05', 'week', 'Europe/Berlin', '2024-04-02 13:00Z', by => 'endpoint') b $$, 'requests as of an instant are those without later rows');
SELECT set_eq($$ SELECT s::text FROM spent s $$, $$ SELECT (o.objective, b.*)::text FROM unnest('{0.9,0.98,0.999}'::numeric[]) o(objective),
	nudge.uptime_error_budget('then_incidents', 'maintenance', o.objective, '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin', '2024-04-02 13:00Z', 'service') b $$, 'and so is downtime');
SELECT set_eq($$ SELECT r::text FROM rates r WHERE threshold = 200 $$, $$ SELECT (200::numeric, e.*)::text FROM nudge.error_rates('requests', '2024-03-27', '2024-04-05', 'day', 'Europe/Berlin', by => 'endpoint', latency_threshold_ms => 200) e $$, 'nothing depends on the time zone of the session');

SELECT * FROM finish();
ROLLBACK;
