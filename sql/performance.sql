-- Latency, throughput, page loads, utilisation, and how costs scale.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
SET extra_float_digits = 1;
\pset null '(null)'
\set SHOW_CONTEXT never

-- 4 March: 12, 20 three times, 93 and 480, which failed: 6 requests, mean 645 / 6 = 107.5, rank 3 is 20, rank ceil(5.7) is
-- 480; 1 of 6 failed; at 9:00 there were 5 in a minute.  5 March: 14 four times, 95, 100, mean 251 / 6; of two outcomes
-- that are known one is bad; 4 in a minute.  The parts of page loads are no requests.
CREATE TABLE requests (at timestamptz, duration_ms numeric, count bigint, endpoint text, error boolean, part text);
INSERT INTO requests VALUES
	('2024-03-04 09:00:05Z', 12, NULL, '/search', false, NULL), ('2024-03-04 09:00:20Z', 93, NULL, '/search', false, NULL),
	('2024-03-04 09:00:40Z', 20, 3, '/login', false, NULL), ('2024-03-04 10:30:00Z', 480, 1, '/search', true, NULL),
	('2024-03-05 00:10:00Z', 95, NULL, '/login', false, NULL), ('2024-03-05 08:00:00Z', 14, 4, '/login', NULL, NULL),
	('2024-03-05 08:01:00Z', 100, NULL, '/search', true, NULL),
	('2024-03-04 09:00Z', 400, NULL, '/', NULL, 'server'), ('2024-03-04 09:00Z', 900, NULL, '/', NULL, 'dom'), ('2024-03-04 09:00Z', 500, NULL, '/', NULL, 'render'),
	('2024-03-04 11:00Z', 600, NULL, '/', NULL, 'Server'), ('2024-03-04 11:00Z', 1100, NULL, '/', NULL, 'DOM'), ('2024-03-04 11:00Z', 300, NULL, '/', NULL, 'render'),
	('2024-03-05 11:00Z', 500, 2, '/', NULL, 'server'), ('2024-03-05 11:00Z', 0, 1, '/', NULL, 'dom'),
	('2024-03-03 23:59:59.999999Z', 9999, 9, '/login', true, NULL), ('2024-03-06 00:00Z', 9999, 9, '/login', true, NULL);
SELECT period, value, is_total, request_count AS n, round(mean_ms, 4) AS mean_ms, p50_ms, p95_ms, p99_ms, highest_ms AS highest FROM latency_report('requests', '2024-03-04', '2024-03-06', relative_error => 0);
SELECT period, requests_with_outcome AS known, errors, round(error_rate, 4) AS error_rate, round(requests_per_second * 86400, 4) AS a_day, round(peak_requests_per_second * 60, 4) AS peak_a_minute, complete
FROM latency_report('requests', '2024-03-04', '2024-03-06');
SELECT period, value, is_total, request_count AS n, round(mean_ms, 4) AS mean_ms, p50_ms, p95_ms, errors, round(error_rate, 4) AS error_rate, round(peak_requests_per_second * 60, 4) AS peak
FROM latency_report('requests', '2024-03-04', '2024-03-06', "by" => 'endpoint', relative_error => 0);
-- both days as one, and as a month that is cut off
SELECT period, start_at, request_count, p50_ms, p95_ms, errors, round(requests_per_second * 172800, 4) AS in_two_days FROM latency_report('requests', '2024-03-04', '2024-03-06', NULL);
SELECT period, request_count, highest_ms FROM latency_report('requests', '2024-03-01', '2024-03-06', 'month');
-- an empty day has no latency, and no requests
SELECT period, start_at, value, is_total, request_count, mean_ms, p50_ms, requests_with_outcome, errors, error_rate, requests_per_second, peak_requests_per_second FROM latency_report('requests', '2024-03-07', '2024-03-08', "by" => 'endpoint');
SELECT period, request_count, mean_ms, errors FROM latency_report(NULL, '2024-03-07', '2024-03-08');
-- by hour: only some
SELECT period, start_at, request_count, p50_ms, seconds.n FROM latency_report('requests', '2024-03-04', '2024-03-06', 'hour') r, LATERAL (SELECT round(request_count / nullif(requests_per_second, 0)) AS n) seconds WHERE request_count > 0;
SELECT count(*), sum(request_count), min(start_at), max(start_at) FROM latency_report('requests', '2024-03-04', '2024-03-06', 'Hour');

-- Zones: ten past midnight in UTC is the 4th in New York; hours are counted from midnight, in Kathmandu at 18:15 of UTC
SELECT period, request_count, p50_ms FROM latency_report('requests', '2024-03-04', '2024-03-06', zone => 'America/New_York', relative_error => 0);
SELECT period, start_at, request_count FROM latency_report('requests', '2024-03-05', '2024-03-06', 'hour', 'Asia/Kathmandu') WHERE request_count > 0 OR start_at < '2024-03-04 19:00Z';
SELECT day, start_at, value, request_count FROM latency_states('requests', '2024-03-05', '2024-03-06', 'Asia/Kathmandu', NULL, 'Endpoint');
-- 31 March has 23 hours in Berlin, 27 October 25; a day of Lord Howe, where the clock goes back by half an hour, ends with half of one
SELECT period, round(seconds / 3600) AS hours FROM performance_spans('2024-03-30', '2024-04-01', 'day', 'Europe/Berlin');
SELECT count(*), min(start_at), max(end_at) FROM performance_spans('2024-10-27', '2024-10-28', 'hour', 'Europe/Berlin');
SELECT count(*), min(seconds), max(seconds) FROM performance_spans('2024-04-06', '2024-04-08', 'hour', 'Australia/Lord_Howe');

-- as_of: what is later is not known, what has not begun has no row, and rates are of the time that has passed
SELECT period, request_count, p95_ms, round(requests_per_second * 36000, 4) AS in_ten_hours, complete FROM latency_report('requests', '2024-03-04', '2024-03-06', as_of => '2024-03-04 10:00Z', relative_error => 0);
SELECT period, request_count, complete FROM latency_report('requests', '2024-03-04', '2024-03-07', as_of => '2024-03-05 08:01Z');
SELECT period, request_count, complete FROM latency_report('requests', '2024-03-04', '2024-03-06', as_of => '2024-03-05 00:00Z');
SELECT period, start_at, request_count, complete FROM latency_report('requests', '2024-03-04', '2024-03-05', 'hour', as_of => '2024-03-04 10:30:00.000001Z') WHERE request_count > 0;
SELECT count(*) FROM latency_report('requests', '2024-03-04', '2024-03-06', as_of => '2024-03-04 00:00Z');

-- States by hour, stored, merged: the day of all
CREATE TABLE hourly AS SELECT * FROM latency_states('requests', '2024-03-04', '2024-03-06', "by" => 'endpoint');
SELECT day, start_at, value, request_count, requests_with_outcome, errors, p.samples, p.p95 FROM hourly, percentile_summary(state) p;
SELECT h.day, sum(h.request_count) AS request_count, percentile(rollup(h.state), 0.5) AS p50, r.p50_ms FROM hourly h JOIN latency_report('requests', '2024-03-04', '2024-03-06') r ON r.period = h.day GROUP BY h.day, r.p50_ms ORDER BY h.day;
SELECT count(*) FROM latency_states(NULL, '2024-03-04', '2024-03-06');

-- How many: the busiest minute of both days is 9:00 on the 4th
SELECT period, is_total, request_count, seconds, round(requests_per_second, 6) AS per_second, peak_requests_per_minute AS peak_minute, round(peak_requests_per_second, 4) AS peak_second, peak_at, complete
FROM throughput('requests', '2024-03-04', '2024-03-06');
SELECT period, value, is_total, request_count, peak_requests_per_minute AS peak_minute, peak_at FROM throughput('requests', '2024-03-04', '2024-03-06', NULL, "by" => 'endpoint');
SELECT * FROM minute_counts('requests', 'requests', '2024-03-04', '2024-03-06');
SELECT count(*), sum(count) FROM minute_counts('Requests', 'requests', '2024-03-04', '2024-03-06', as_of => '2024-03-04 09:00:40Z');
CREATE TABLE sends (campaign text, at timestamptz, count bigint);
INSERT INTO sends VALUES ('news', '2024-03-04 08:00:59.999999Z', 600000), ('news', '2024-03-04 08:01Z', 400000), ('offer', '2024-03-04 08:00Z', 60000), (NULL, '2024-03-04 12:00Z', 0), ('late', '2024-03-05 00:00Z', 1);
SELECT period, value, is_total, send_count, round(sends_per_second, 4) AS per_second, peak_sends_per_minute AS peak_minute, peak_sends_per_second::numeric(12, 2) AS peak_second, peak_at
FROM send_throughput('sends', '2024-03-04', '2024-03-05', "by" => 'campaign');

-- Apdex at 50 ms.  4 March: 12 and three of 20 satisfy, 93 is tolerated (up to 200), 480 failed: (4 + 1/2) / 6.  5 March:
-- 14 four times, 95, and 100, which failed: the same
SELECT * FROM apdex('requests', 50, '2024-03-04', '2024-03-06');
SELECT value, is_total, request_count, satisfied, tolerating, frustrated, round(apdex, 4) AS apdex FROM apdex('requests', 50, '2024-03-04', '2024-03-06', NULL, "by" => 'endpoint');
-- 20 and 93 are within 20 and 93, 480 within four times 120, but failed
SELECT t, satisfied, tolerating, frustrated FROM unnest('{20,19.999,23.25,23.24,93,120}'::numeric[]) t, apdex('requests', t, '2024-03-04', '2024-03-05');
SELECT period, request_count, satisfied, apdex FROM apdex(NULL, 50, '2024-03-04', '2024-03-05');

-- Page loads.  4 March: server 400 and 600, dom 900 and 1100, render 500 and 300: 500 + 1000 + 400 = 1900.  5 March: two
-- of one part and one of another are not the same loads
SELECT period, part, all_parts, page_loads, round(mean_ms, 2) AS mean_ms, round(share, 4) AS share, p50_ms, p95_ms, highest_ms, complete FROM page_load('requests', '2024-03-04', '2024-03-07', as_of => '2024-03-06 12:00Z', relative_error => 0);
SELECT period, part, page_loads, mean_ms, share FROM page_load('requests', '2024-03-05', '2024-03-06', 'hour') WHERE mean_ms IS NOT NULL;

-- Utilisation: of cpu 0.5, 0.9 and 0.7 one is above 0.7; memory has a limit of its own, storage none
CREATE TABLE samples (at timestamptz, resource text, utilisation numeric);
INSERT INTO samples VALUES ('2024-03-04 00:00Z', 'cpu', 0.5), ('2024-03-04 08:00Z', 'cpu', 0.9), ('2024-03-04 23:59:59.999999Z', 'cpu', 0.7), ('2024-03-05 00:00Z', 'cpu', 1),
	('2024-03-04 12:00Z', 'memory', 0.8), ('2024-03-04 12:00Z', 'storage', 0), ('2024-03-03 12:00Z', 'cpu', 0.1);
SELECT period, resource, samples, round(mean_utilisation, 4) AS mean, p95_utilisation AS p95, highest_utilisation AS highest, utilisation_limit AS "limit", samples_above AS above, round(above_rate, 4) AS rate, complete
FROM utilisation('samples', '2024-03-04', '2024-03-06', resources => '{cpu,memory,gpu}', limits => '{0.7,0.8,0.5}', relative_error => 0);
SELECT period, resource, samples, samples_above, complete FROM utilisation('samples', '2024-03-04', '2024-03-06', zone => 'America/New_York', as_of => '2024-03-04 23:59:59.999999Z');
SELECT start_at, resource, samples FROM utilisation('samples', '2024-03-04', '2024-03-05', 'hour');
SELECT count(*) FROM utilisation(NULL, '2024-03-04', '2024-03-05');

-- Scaling.  cost = 2 * volume ^ 0.5 exactly; then the decimal logarithms (0, 0), (1, 1), (2, 1): slope 1/2, constant 1/6,
-- r squared 3/4, standard error sqrt(1/12), t = sqrt(3) of one degree of freedom: p = 1/3, and the same from 1
SELECT points, left_out, round(coefficient::numeric, 10) AS coefficient, round(cost_at_one::numeric, 10) AS cost_at_one, round(r_squared::numeric, 10) AS r_squared, scaling
FROM scaling_coefficient('{100,400,10000}', '{20,40,200}');
SELECT points, left_out, round(coefficient::numeric, 10) AS coefficient, round(cost_at_one::numeric, 6) AS cost_at_one, round(standard_error::numeric, 6) AS error, round(r_squared::numeric, 10) AS r_squared,
	round(p_value::numeric, 9) AS p, round(p_value_linear::numeric, 9) AS p_linear, scaling
FROM scaling_coefficient('{1,10,100,0,5,NULL,7,NaN,Infinity}', '{1,10,10,3,-1,2,NULL,2,2}');
SELECT points, round(coefficient::numeric, 9) AS coefficient, scaling, p_value IS NULL AS no_p, p_value_linear FROM scaling_coefficient('{1,3}', '{2,6}');
SELECT round(coefficient::numeric, 9) AS coefficient, scaling, round(p_value_linear::numeric, 3) AS p_linear FROM scaling_coefficient('{1,2,4}', '{1,4,16}');
SELECT * FROM scaling_coefficient('{2,2}', '{1,3}');
SELECT * FROM scaling_coefficient('{}', '{}');
SELECT scaling_coefficient(NULL, '{}');

CREATE TABLE costs (period date, category text, amount numeric, currency text, variable boolean);
INSERT INTO costs VALUES ('2024-01-01', 'product_delivery/infrastructure/mail', 100, 'EUR', true), ('2024-02-01', 'product_delivery/infrastructure', 100, 'EUR', true), ('2024-02-15', 'product_delivery/infrastructure/mail', 50, 'EUR', true),
	('2024-03-01', 'product_delivery/infrastructure_other', 70, 'EUR', true), ('2024-05-01', 'product_delivery/infrastructure', 10, 'EUR', true), ('2024-06-01', 'product_delivery/infrastructure', 400, 'EUR', true);
CREATE TABLE usage (customer text, meter text, period date, volume numeric);
INSERT INTO usage VALUES ('a', 'mails', '2024-01-01', 600000), ('b', 'mails', '2024-01-01', 400000), ('a', 'mails', '2024-02-01', 2000000), ('a', 'mails', '2024-03-01', 5), ('a', 'calls', '2024-03-01', 7),
	('a', 'mails', '2024-04-01', 9), ('a', 'mails', '2024-06-01', 16000000);
-- 100 for a million mails is 0.0001 each, 150 for two 0.000075; March has other costs only, April none that are booked, May no mails
SELECT period, cost, volume, round(cost_per_unit, 8) AS cost_per_unit, currency_code, complete FROM cost_per_unit('costs', 'usage', '2024-01-01', '2024-07-01', 'mails', 'product_delivery / infrastructure');
SELECT period, cost, volume, round(cost_per_unit, 8) AS cost_per_unit FROM cost_per_unit('costs', 'usage', '2024-01-01', '2024-03-01', 'mails', 'product_delivery/infrastructure/mail', currency => 'eur');
SELECT period, cost, volume, round(cost_per_unit, 8) AS cost_per_unit, complete FROM cost_per_unit('costs', 'usage', '2024-01-01', '2024-07-01', 'mails', grain => 'quarter', as_of => '2024-05-10Z');
SELECT period, cost, volume, cost_per_unit FROM cost_per_unit('costs', NULL, '2024-01-01', '2024-02-01');
SELECT period, cost, volume, cost_per_unit FROM cost_per_unit(NULL, 'usage', '2024-01-01', '2024-02-01', 'mails');
-- from a million to 16 million the cost grows fourfold: 0.5 of the two ends
SELECT first_period, last_period, points, left_out, round(coefficient::numeric, 6) AS coefficient, round(r_squared::numeric, 6) AS r_squared, scaling, currency_code
FROM scaling_report('costs', 'usage', '2024-01-01', '2024-07-01', 'mails', 'product_delivery/infrastructure');
SELECT first_period, last_period, points, left_out, round(coefficient::numeric, 6) AS coefficient FROM scaling_report('costs', 'usage', '2024-01-01', '2024-07-01', 'mails', 'product_delivery/infrastructure', as_of => '2024-06-15Z');
SELECT * FROM scaling_report(NULL, NULL, '2024-01-01', '2024-03-01');

-- Keys of any type, and tables that lack what they may
CREATE TABLE plain (at timestamp, duration_ms double precision, endpoint integer);
INSERT INTO plain VALUES ('2024-03-04 09:00', 1.5, 7), ('2024-03-04 09:00', 2.5, 8);
SELECT value, is_total, request_count, mean_ms, p50_ms, errors, error_rate FROM latency_report('plain', '2024-03-04', '2024-03-05', "by" => 'endpoint');
SELECT count(*) FROM page_load('plain', '2024-03-04', '2024-03-05') WHERE mean_ms IS NULL;
SET timezone = 'Pacific/Auckland';
SELECT period, request_count FROM latency_report('plain', '2024-03-04', '2024-03-05');
SET timezone = 'UTC';

-- Errors
SELECT * FROM latency_report('requests', '2024-03-06', '2024-03-04');
SELECT * FROM latency_report('requests', '2024-03-04', NULL);
SELECT * FROM latency_report('requests', '2024-03-04', 'infinity', NULL);
SELECT * FROM latency_report('requests', '2024-03-04', '2025-03-06', 'hour');
SELECT * FROM latency_report('requests', '2024-03-04', '2024-03-06', 'minute');
SELECT * FROM latency_report('requests', '2024-03-04', '2024-03-06', "by" => 'user');
SELECT * FROM latency_report('requests', '2024-03-04', '2024-03-06', relative_error => 0.5);
SELECT * FROM latency_report('sends', '2024-03-04', '2024-03-06');
SELECT * FROM minute_counts('costs', 'costs', '2024-03-04', '2024-03-06');
SELECT * FROM minute_counts(NULL, 'costs', '2024-03-04', '2024-03-06');
SELECT * FROM apdex('requests', 0, '2024-03-04', '2024-03-06');
SELECT * FROM apdex('requests', NULL, '2024-03-04', '2024-03-06');
SELECT * FROM utilisation('samples', '2024-03-04', '2024-03-06', resources => '{cpu}');
SELECT * FROM scaling_coefficient('{1}', '{}');
SELECT * FROM cost_per_unit('costs', 'usage', '2024-01-01', '2024-07-01');
SELECT * FROM cost_per_unit('costs', 'usage', '2024-01-01', '2024-07-01', 'mails', currency => 'USD');
CREATE FUNCTION pg_temp.try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
BEGIN
	EXECUTE query;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN message || ': ' || detail;
END
$$;
CREATE VIEW bad AS SELECT * FROM requests WHERE false;
CREATE FUNCTION pg_temp.bad(sample text, call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE OR REPLACE VIEW bad AS SELECT v.* FROM (VALUES (%s)) v(at, duration_ms, count, endpoint, error, part)', sample);
	RETURN pg_temp.try('SELECT count(*) FROM ' || call);
END
$$;
SELECT c.sample, c.call, pg_temp.bad(c.sample, c.call) FROM (VALUES
	(1, $$NULL::timestamptz, 1::numeric, 1::bigint, ''::text, true, NULL::text$$, $$latency_states('bad', '2024-03-04', '2024-03-06')$$),
	(2, $$'2024-03-04 00:00Z'::timestamptz, NULL::numeric, 1::bigint, ''::text, true, NULL::text$$, $$latency_states('bad', '2024-03-04', '2024-03-06')$$),
	(3, $$'2024-03-04 00:00Z'::timestamptz, 'NaN'::numeric, 1::bigint, ''::text, true, NULL::text$$, $$latency_states('bad', '2024-03-04', '2024-03-06')$$),
	(4, $$'2024-03-04 00:00Z'::timestamptz, 'Infinity'::numeric, 1::bigint, ''::text, true, NULL::text$$, $$apdex('bad', 50, '2024-03-04', '2024-03-06')$$),
	(5, $$'2024-03-04 00:00Z'::timestamptz, -0.001::numeric, 1::bigint, ''::text, true, NULL::text$$, $$latency_states('bad', '2024-03-04', '2024-03-06')$$),
	(6, $$'2024-03-04 00:00Z'::timestamptz, -0.001::numeric, 1::bigint, ''::text, true, NULL::text$$, $$apdex('bad', 50, '2024-03-04', '2024-03-06')$$),
	(7, $$'2024-03-04 00:00Z'::timestamptz, 9e12::numeric, 1::bigint, ''::text, true, NULL::text$$, $$latency_states('bad', '2024-03-04', '2024-03-06')$$),
	(8, $$'2024-03-04 00:00Z'::timestamptz, 1::numeric, -1::bigint, ''::text, true, NULL::text$$, $$latency_states('bad', '2024-03-04', '2024-03-06')$$),
	(9, $$'2024-03-04 00:00Z'::timestamptz, 1::numeric, -1::bigint, ''::text, true, NULL::text$$, $$throughput('bad', '2024-03-04', '2024-03-06')$$),
	(10, $$'2024-03-04 00:00Z'::timestamptz, 1::numeric, 1::bigint, ''::text, true, 'network'::text$$, $$page_load('bad', '2024-03-04', '2024-03-06')$$),
	(11, $$'2024-03-04 00:00Z'::timestamptz, 1::numeric, 1::bigint, ''::text, true, 'network'::text$$, $$latency_states('bad', '2024-03-04', '2024-03-06')$$),
	(12, $$'2024-03-06 00:00Z'::timestamptz, -1::numeric, -1::bigint, ''::text, true, NULL::text$$, $$latency_report('bad', '2024-03-04', '2024-03-06')$$),
	(13, $$'2024-03-04 00:00Z'::timestamptz, 0::numeric, 0::bigint, ''::text, true, NULL::text$$, $$latency_report('bad', '2024-03-04', '2024-03-06')$$)) c(n, sample, call) ORDER BY n;
INSERT INTO samples VALUES ('2024-04-01Z', 'cpu', 1.01), ('2024-04-02Z', 'cpu', -0.01), ('2024-04-03Z', 'cpu', 'NaN'), ('2024-04-04Z', NULL, 0.5);
SELECT d, pg_temp.try(format('SELECT count(*) FROM utilisation(''samples'', %L, %L)', d, d + 1)) FROM (VALUES (date '2024-04-01'), ('2024-04-02'), ('2024-04-03'), ('2024-04-04')) v(d);
INSERT INTO sends VALUES ('x', '2024-04-01Z', -1), ('x', '2024-04-02Z', NULL);
SELECT d, pg_temp.try(format('SELECT count(*) FROM send_throughput(''sends'', %L, %L)', d, d + 1)) FROM (VALUES (date '2024-04-01'), ('2024-04-02')) v(d);

DROP VIEW bad;
DROP TABLE requests, hourly, sends, samples, costs, usage, plain;
