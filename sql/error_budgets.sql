-- Error rates, error budgets and burn rates.  The first tables are those of doc/error_budgets.md.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

CREATE TEMP TABLE requests (at timestamptz, duration_ms numeric, count bigint, endpoint text, error boolean);
INSERT INTO requests VALUES
	('2024-04-01 10:02Z',  120, 900, 'search', false),
	('2024-04-01 10:03Z', 3000,  80, 'search', false),
	('2024-04-01 10:04Z',  200,  20, 'search', true),
	('2024-04-02 09:00Z',  100, 995, 'send',   false),
	('2024-04-02 09:00Z', 2500,   5, 'send',   true);
SELECT * FROM error_rates('requests', '2024-04-01', '2024-04-03', 'day');
SELECT period, value, events, bad_events AS bad, error_rate::numeric(6, 3), complete FROM error_rates('requests', '2024-04-01', '2024-04-04', 'day', by => 'endpoint', latency_threshold_ms => 1000, as_of => '2024-04-03 00:00Z');
SELECT * FROM request_lines('requests', '2024-04-01', '2024-04-03', latency_threshold_ms => 1000);
SELECT * FROM request_error_budget('requests', 0.99, '2024-04-01', '2024-04-11', as_of => '2024-04-03 00:00Z');
SELECT window_hours AS hours, start_at, events, bad_events AS bad, error_rate::numeric(6, 4), burn_rate::numeric(6, 2), round(spent_share, 4) AS spent, short_start_at, short_events AS short, short_burn_rate::numeric(6, 2) AS short_burn, alert_burn_rate AS alert_at, is_alert
FROM burn_rates('requests', 0.999, '2024-04-01 10:05Z');

CREATE TEMP TABLE incidents (incident integer, started_at timestamptz, ended_at timestamptz, severity text, service text);
INSERT INTO incidents VALUES
	(1, '2024-04-03 10:00Z', '2024-04-03 10:20Z', 'major',    'api'),
	(2, '2024-04-10 08:00Z', '2024-04-10 08:10Z', 'major',    'web'),
	(3, '2024-04-20 12:00Z', '2024-04-20 12:30Z', 'critical', NULL);
SELECT as_of, budget_minutes AS budget, spent_minutes AS spent, remaining_minutes AS remaining, round(spent_share, 4) AS share, round(burn_rate, 4) AS burn, exhausted_at, forecast_exhausted_at AS forecast, complete
FROM unnest(ARRAY['2024-04-11 00:00Z', '2024-05-01 00:00Z', NULL]::timestamptz[]) as_of, uptime_error_budget('incidents', NULL, 0.999, '2024-04-01', '2024-05-01', as_of => as_of);

-- Latency: exactly the threshold is good; an error is bad however fast; without errors known it is the time alone that tells
CREATE TEMP VIEW edges AS SELECT timestamptz '2024-04-01 00:00Z' AS at, duration_ms, error, count FROM (VALUES (100, false, 1), (100.001, false, 2), (1, true, 4), (1, NULL, 8), (200, NULL, 16), (0, false, NULL), (5, false, 0)) v(duration_ms, error, count);
SELECT threshold, events, bad_events AS bad, unknown_events AS unknown, round(error_rate, 4) AS rate FROM unnest(ARRAY[NULL, 100, 0]::numeric[]) threshold, error_rates('edges', '2024-04-01', '2024-04-02', latency_threshold_ms => threshold);
CREATE TEMP VIEW silent AS SELECT at, duration_ms FROM requests;
SELECT events, bad_events AS bad, unknown_events AS unknown, error_rate FROM error_rates('silent', '2024-04-01', '2024-04-02');
SELECT events, bad_events AS bad, unknown_events AS unknown, round(error_rate, 4) AS rate FROM error_rates('silent', '2024-04-01', '2024-04-02', latency_threshold_ms => 1000);
SELECT budget_events, spent_share, burn_rate FROM request_error_budget('silent', 0.99, '2024-04-01', '2024-04-02');
-- parts of page loads are no requests
CREATE TEMP VIEW parts AS SELECT r.at, r.duration_ms, r.count, p.part, p.part IS NOT NULL AS error FROM requests r, unnest('{server,DOM,render,NULL,dom}'::text[]) p(part);
SELECT events, bad_events AS bad, unknown_events AS unknown FROM error_rates('parts', '2024-04-01', '2024-04-02');
-- endpoints: one of them; one without a name
SELECT value, is_total AS al, events FROM error_rates('requests', '2024-04-01', '2024-04-03', by => 'endpoint', endpoints => '{send,other}');
SELECT value, is_total AS al, events, unknown_events AS unknown FROM error_rates('silent', '2024-04-01', '2024-04-03', by => 'endpoint');
-- edges of the window, of as_of, of a zone
CREATE TEMP VIEW ends AS SELECT at, 1 AS duration_ms, false AS error, n AS count FROM (VALUES (timestamptz '2024-03-31 23:59:59.999999Z', 1), ('2024-04-01 00:00Z', 2), ('2024-04-01 12:00Z', 4), ('2024-04-01 23:59:59.999999Z', 8), ('2024-04-02 00:00Z', 16)) v(at, n);
SELECT events FROM error_rates('ends', '2024-04-01', '2024-04-02');
SELECT events, complete FROM error_rates('ends', '2024-04-01', '2024-04-02', as_of => '2024-04-01 12:00Z');
SELECT period, events FROM error_rates('ends', '2024-03-31', '2024-04-02', 'day', zone => 'Europe/Berlin');
SELECT period, events FROM error_rates('ends', '2024-03-31', '2024-04-03', 'day');
SELECT at, count FROM request_lines('ends', '2024-04-01', '2024-04-02');

-- Budgets: by service, with maintenance; of a period that is over, of one to come
CREATE TEMP VIEW maintenance AS SELECT timestamptz '2024-04-03 10:10Z' AS started_at, timestamptz '2024-04-03 12:10Z' AS ended_at;
SELECT value, budget_minutes AS budget, spent_minutes AS spent, remaining_minutes AS remaining, exhausted_at FROM uptime_error_budget('incidents', 'maintenance', 0.999, '2024-04-01', '2024-05-01', by => 'service');
SELECT period, budget_minutes AS budget, spent_minutes AS spent, round(spent_share, 4) AS share, burn_rate, exhausted_at, forecast_exhausted_at AS forecast, complete
FROM uptime_error_budget('incidents', NULL, 0.999, '2024-03-01', '2024-06-01', 'month', as_of => '2024-04-03 10:10Z');
-- the budget of 36 minutes is used up to the last; one of 36.036 is not
CREATE TEMP VIEW long_one AS SELECT 9 AS incident, timestamptz '2024-04-03 10:00Z' AS started_at, timestamptz '2024-04-03 10:36Z' AS ended_at, 'major' AS severity;
SELECT objective, remaining_minutes AS remaining, round(spent_share, 6) AS share, exhausted_at, forecast_exhausted_at AS forecast FROM unnest('{0.975,0.974975}'::numeric[]) objective, uptime_error_budget('long_one', NULL, objective, '2024-04-03', '2024-04-04', as_of => '2024-04-03 20:00Z');
-- an outage of a microsecond lasts longer than time
CREATE TEMP VIEW short_one AS SELECT 9 AS incident, timestamptz '2024-01-03 10:00Z' AS started_at, timestamptz '2024-01-03 10:00:00.000001Z' AS ended_at, 'major' AS severity;
SELECT as_of, spent_minutes AS spent, exhausted_at, forecast_exhausted_at AS forecast FROM unnest('{2024-10-03 20:00Z,infinity,-infinity}'::timestamptz[]) as_of, uptime_error_budget('short_one', NULL, 0.001, '2024-01-01', '2034-01-01', as_of => as_of);
-- objectives of all and of nothing
SELECT budget_minutes AS budget, spent_minutes AS spent, remaining_minutes AS remaining, spent_share AS share, burn_rate, exhausted_at FROM uptime_error_budget('incidents', NULL, 1, '2024-04-01', '2024-05-01');
SELECT budget_minutes AS budget, exhausted_at FROM uptime_error_budget(NULL, NULL, 1, '2024-04-01', '2024-05-01');
SELECT budget_minutes AS budget, round(burn_rate, 6) AS burn_rate FROM uptime_error_budget('incidents', NULL, 0, '2024-04-01', '2024-05-01');
SELECT budget_events AS budget, spent_share AS share, burn_rate, forecast_exhausted_at AS forecast FROM request_error_budget('requests', 1, '2024-04-01', '2024-04-11', as_of => '2024-04-03 00:00Z');
SELECT burn_rate, spent_share, is_alert FROM burn_rates('requests', 1, '2024-04-01 10:05Z', '{1}');
-- a day of 25 hours has more to lose, and is half over after 12.5 of them
SELECT budget_minutes AS budget FROM uptime_error_budget(NULL, NULL, 0.9, '2024-10-27', '2024-10-28', zone => 'Europe/Berlin');
SELECT elapsed_share::numeric(4, 2) FROM request_error_budget(NULL, 0.9, '2024-10-27', '2024-10-28', zone => 'Europe/Berlin', as_of => '2024-10-27 10:30Z');
-- no forecast: the budget is spent, lasts, or the period is over, or has not begun
SELECT objective, as_of, round(spent_share, 3) AS share, round(burn_rate, 3) AS burn, budget_events AS budget, forecast_exhausted_at AS forecast, complete
FROM (VALUES (0.999, timestamptz '2024-04-03 00:00Z'), (0.98, '2024-04-03 00:00Z'), (0.9875, '2024-04-03 00:00Z'), (0.99, '2024-04-11 00:00Z'), (0.99, NULL), (0.99, '2024-04-01 00:00Z'), (0.99, '2024-03-01 00:00Z'), (0.99, 'infinity'), (0.99, '-infinity')) v(objective, as_of),
	request_error_budget('requests', v.objective, '2024-04-01', '2024-04-11', as_of => v.as_of);

-- Burn rates: windows are [as_of - hours, as_of); the short one is over; other shares and periods
SELECT window_hours AS hours, events, short_events AS short, short_burn_rate AS short_burn, alert_burn_rate AS alert_at, is_alert FROM burn_rates('requests', 0.999, '2024-04-01 11:02Z');
SELECT window_hours AS hours, events, is_alert FROM burn_rates('requests', 0.999, '2024-04-01 11:02:00.000001Z', '{1}');
SELECT window_hours AS hours, events, alert_burn_rate AS alert_at, is_alert FROM burn_rates('requests', 0.999, '2024-04-01 10:05Z', '{12,1}', period_days => 28);
SELECT window_hours AS hours, alert_burn_rate AS alert_at, is_alert FROM burn_rates('requests', 0.999, '2024-04-01 10:05Z', '{1,1,12}', '{0.05,NULL,0.5}', 28);
-- an alert is above its rate, not at it: 20 x 0.001
SELECT alert_burn_rate AS alert_at, is_alert FROM burn_rates('requests', 0.999, '2024-04-01 10:05Z', '{12}', '{0.5}', 20) UNION ALL SELECT alert_burn_rate, is_alert FROM burn_rates('requests', 0.999, '2024-04-01 10:05Z', '{12}', '{0.5}', 19);
SELECT round(burn_rate, 2) AS burn_rate, is_alert FROM burn_rates('requests', 0.999, '2024-04-01 10:05Z', '{1}', latency_threshold_ms => 1000, endpoints => '{search}');
SELECT events, burn_rate FROM burn_rates('requests', 0.999, '2024-04-01 10:05Z', '{1}', endpoints => '{send}');
-- hours are true ones, also over a change of clocks
SELECT start_at FROM burn_rates(NULL, 0.999, '2024-03-10 12:00Z', '{24}');

-- Nothing at all
SELECT * FROM error_rates(NULL, '2024-04-01', '2024-04-02');
SELECT * FROM request_error_budget(NULL, 0.99, '2024-04-01', '2024-04-02');
SELECT * FROM uptime_error_budget(NULL, NULL, 0.99, '2024-04-01', '2024-04-02');
SELECT * FROM burn_rates(NULL, 0.99, '2024-04-01 00:00Z', '{1}');
SELECT count(*) FROM request_lines(NULL, '2024-04-01', '2024-04-02');

-- Refused
SELECT * FROM uptime_error_budget('incidents', NULL, 99.9, '2024-04-01', '2024-05-01');
SELECT * FROM request_error_budget('requests', NULL, '2024-04-01', '2024-05-01');
SELECT * FROM burn_rates('requests', 'NaN', '2024-04-01');
SELECT * FROM burn_rates('requests', -0.1, '2024-04-01');
SELECT * FROM burn_rates('requests', 0.999, NULL);
SELECT * FROM burn_rates('requests', 0.999, 'infinity');
SELECT * FROM burn_rates('requests', 0.999, '2024-04-01', '{}');
SELECT * FROM burn_rates('requests', 0.999, '2024-04-01', '{1,NULL}');
SELECT * FROM burn_rates('requests', 0.999, '2024-04-01', '{0}');
SELECT * FROM burn_rates('requests', 0.999, '2024-04-01', NULL);
SELECT * FROM burn_rates('requests', 0.999, '2024-04-01', '{1,6}', '{0.02}');
SELECT * FROM burn_rates('requests', 0.999, '2024-04-01', '{1}', '{0}');
SELECT * FROM burn_rates('requests', 0.999, '2024-04-01', '{1}', '{NaN}');
SELECT * FROM burn_rates('requests', 0.999, '2024-04-01', period_days => 0);
SELECT * FROM error_rates('requests', '2024-04-01', '2024-05-01', latency_threshold_ms => -1);
SELECT * FROM error_rates('requests', '2024-04-01', '2024-05-01', latency_threshold_ms => 'NaN');
SELECT * FROM error_rates('requests', '2024-04-01', '2024-05-01', by => 'service');
SELECT * FROM error_rates('requests', '2024-04-01', '2024-05-01', endpoints => '{}');
SELECT * FROM error_rates('requests', '2024-05-01', '2024-04-01');
SELECT * FROM request_error_budget('requests', 0.99, '2024-04-01', '2024-05-01', 'decade');
CREATE TEMP VIEW negative AS SELECT at, -duration_ms AS duration_ms, count FROM requests;
SELECT * FROM error_rates('negative', '2024-04-01', '2024-05-01');
CREATE TEMP VIEW uncounted AS SELECT at, duration_ms, -count AS count FROM requests;
SELECT * FROM request_lines('uncounted', '2024-04-01', '2024-05-01');
CREATE TEMP VIEW timeless AS SELECT nullif(at, '2024-04-02 09:00Z') AS at, duration_ms FROM requests;
SELECT * FROM error_rates('timeless', '2024-04-01', '2024-04-02');
CREATE TEMP VIEW unmeasured AS SELECT at, 'NaN'::numeric AS duration_ms FROM requests;
SELECT * FROM burn_rates('unmeasured', 0.99, '2024-04-03');
SELECT * FROM error_rates('incidents', '2024-04-01', '2024-04-02');
