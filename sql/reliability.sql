-- Uptime, downtime and incidents.  The first tables are those of doc/reliability.md.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

CREATE TEMP TABLE incidents (incident text, started_at timestamptz, ended_at timestamptz, severity text, outage boolean, detected_at timestamptz, service text);
INSERT INTO incidents VALUES
	('A', '2024-03-01 10:00Z', '2024-03-01 11:00Z', 'critical', NULL, '2024-03-01 10:05Z', 'api'),
	('B', '2024-03-01 10:30Z', '2024-03-01 12:00Z', 'major',    NULL, '2024-03-01 10:45Z', 'web'),
	('C', '2024-03-01 20:00Z', '2024-03-01 22:00Z', 'critical', NULL, '2024-03-01 20:00Z', NULL),
	('D', '2024-03-02 05:00Z', '2024-03-02 06:00Z', 'minor',    NULL, '2024-03-02 05:10Z', 'api'),
	('F', '2024-03-02 12:00Z', '2024-03-02 12:00Z', 'major',    NULL, NULL,                'web'),
	('E', '2024-03-02 23:00Z', NULL,                'minor',    true, NULL,                'api');
CREATE TEMP TABLE maintenance (started_at timestamptz, ended_at timestamptz, service text);
INSERT INTO maintenance VALUES ('2024-03-01 21:00Z', '2024-03-01 23:00Z', 'web'), ('2024-03-02 02:00Z', '2024-03-02 04:00Z', NULL);
SELECT period, value, total_minutes AS total, maintenance_minutes AS maint, considered_minutes AS considered, downtime_minutes AS down, round(uptime_share, 6) AS uptime, outages, longest_outage_minutes AS longest, complete
FROM uptime('incidents', 'maintenance', '2024-03-01', '2024-03-03', 'day', as_of => '2024-03-03 00:00Z', by => 'service');
SELECT *, date_trunc('minute', ended_at) = ended_at AS whole FROM downtime_intervals('incidents', 'maintenance', '2024-03-01', '2024-03-03', as_of => '2024-03-03 00:00Z', by => 'service');
SELECT severity, incidents_started AS n, round(incident_share, 3) AS share, open_incidents AS open, mttr_minutes AS mttr, median_ttr_minutes AS median, detected_incidents AS noticed, mttd_minutes AS mttd,
	detection_to_end_minutes AS reaction, longest_minutes AS longest, total_minutes AS total, incident_minutes AS minutes, failures AS fail, mtbf_minutes AS mtbf, complete
FROM incident_report('incidents', '2024-03-01', '2024-03-03', as_of => '2024-03-03 00:00Z');
SELECT * FROM incident_lines('incidents', '2024-03-01', '2024-03-03', as_of => '2024-03-03 00:00Z');
SELECT * FROM maintenance_lines('maintenance', '2024-03-01', '2024-03-02');

-- 48 failures of half an hour in 337 days: MTBF 10080, MTTR 30, and uptime is 99.70 %, not 99.9 %
CREATE TEMP VIEW weekly AS SELECT g AS incident, timestamptz '2024-01-01Z' + g * 10110 * interval '1 minute' AS started_at,
	timestamptz '2024-01-01 00:30Z' + g * 10110 * interval '1 minute' AS ended_at, 'major' AS severity FROM generate_series(0, 47) g;
SELECT severity, incidents_started AS n, mttr_minutes AS mttr, mtbf_minutes AS mtbf, failures FROM incident_report('weekly', '2024-01-01', date '2024-01-01' + 337);
SELECT round(uptime_share, 6) AS uptime, round(availability(10080, 30), 6) AS availability, uptime_share = availability(10080, 30) AS same, outages FROM uptime('weekly', NULL, '2024-01-01', date '2024-01-01' + 337);
SELECT availability(0, 0), availability(1, 0), availability(0, 1), availability(NULL, 1);

-- What is an outage: only what is flagged; also minor ones; by severity in any case
SELECT outage_severities AS severities, downtime_minutes AS down FROM (VALUES (NULL::text[]), ('{}'), ('{minor}'), ('{" Critical "}'), ('{critical,major,minor}')) v(outage_severities),
	uptime('incidents', 'maintenance', '2024-03-01', '2024-03-03', outage_severities => v.outage_severities);
CREATE TEMP VIEW not_so AS SELECT incident, started_at, ended_at, upper(severity) || ' ' AS severity, false AS outage FROM incidents;
SELECT downtime_minutes, uptime_share FROM uptime('not_so', NULL, '2024-03-01', '2024-03-03');
SELECT severity, incidents_started FROM incident_report('not_so', '2024-03-01', '2024-03-03');

-- Services: one of them, one that never failed, both and that one; others do not count
SELECT services, value, downtime_minutes AS down, maintenance_minutes AS maint, outages FROM (VALUES ('{web}'::text[]), ('{mail}'), ('{mail,api," web "}')) v(services),
	uptime('incidents', 'maintenance', '2024-03-01', '2024-03-02', by => 'service', services => v.services);
SELECT value, started_at, ended_at, incident_keys FROM downtime_intervals('incidents', 'maintenance', '2024-03-01', '2024-03-02', services => '{web}');
SELECT severity, incidents_started AS n FROM incident_report('incidents', '2024-03-01', '2024-03-03', services => '{web}');
-- all are maintained only while each is: from 21:00 to 21:30
CREATE TEMP VIEW both_maintained AS SELECT * FROM maintenance UNION ALL SELECT '2024-03-01 20:30Z', '2024-03-01 21:30Z', 'api';
SELECT value, maintenance_minutes AS maint, downtime_minutes AS down FROM uptime('incidents', 'both_maintained', '2024-03-01', '2024-03-02', by => 'service');
-- C is down for api 20:00 to 20:30 and 21:30 to 22:00, for web 20:00 to 21:00
SELECT value, started_at, ended_at, incident_keys FROM downtime_intervals('incidents', 'both_maintained', '2024-03-01', '2024-03-02', by => 'service');
-- a service is one from its first row on
SELECT value, total_minutes AS total FROM uptime('incidents', 'maintenance', '2024-03-01', '2024-03-02', as_of => '2024-03-01 10:30Z', by => 'service');
SELECT value, maintenance_minutes AS maint FROM uptime('incidents', 'both_maintained', '2024-03-01', '2024-03-02', as_of => '2024-03-01 10:30:00.000001Z', by => 'service');
-- without any service there is one, without a name
CREATE TEMP VIEW nameless AS SELECT incident, started_at, ended_at, severity, ' ' AS service FROM incidents;
SELECT value, is_total, downtime_minutes AS down FROM uptime('nameless', NULL, '2024-03-01', '2024-03-02', by => 'service');
SELECT value, started_at, minutes, incident_keys FROM downtime_intervals('nameless', NULL, '2024-03-01', '2024-03-02', by => 'service');

-- Intervals that touch, hold one another, begin before the window, end at its edges, or have no length.
-- 50 to 90 and 90 to 100 minutes are one stretch; a minute in it is no other; the first and the last hour are cut off
CREATE TEMP TABLE edges (incident integer, started_at timestamptz, ended_at timestamptz, severity text);
INSERT INTO edges SELECT n, timestamptz '2024-05-01Z' + s * interval '1 minute', timestamptz '2024-05-01Z' + e * interval '1 minute', 'major' FROM (VALUES
	(1, -60, 10), (2, 50, 90), (3, 90, 100), (4, 60, 61), (5, 200, 200), (6, 50, 50), (7, 1430, 1500), (8, -10, 0), (9, 1440, 1450), (10, -60, -50), (11, 300, 300.5), (12, 300.5, 300.75)) v(n, s, e);
SELECT total_minutes AS total, downtime_minutes AS down, outages, longest_outage_minutes AS longest FROM uptime('edges', NULL, '2024-05-01', '2024-05-02');
SELECT started_at, ended_at, minutes, incident_keys FROM downtime_intervals('edges', NULL, '2024-05-01', '2024-05-02');
-- begun in the day: 2, 3, 4, 5, 6, 7, 11, 12; failures are 2 or 6, 5, 7 and 11
SELECT incidents_started AS n, incident_minutes AS minutes, failures AS fail, mttr_minutes AS mttr, longest_minutes AS longest FROM incident_report('edges', '2024-05-01', '2024-05-02') WHERE all_severities;
SELECT incident, minutes, minutes_in_window AS within FROM incident_lines('edges', '2024-05-01', '2024-05-02');
-- one that begins as another ends before the window goes on with it: no failure
SELECT failures FROM incident_report('edges', '2024-05-02', '2024-05-03') WHERE all_severities;
INSERT INTO edges VALUES (13, '2024-05-02Z', '2024-05-02 00:20Z', 'major');
SELECT failures, incidents_started AS n FROM incident_report('edges', '2024-05-02', '2024-05-03') WHERE all_severities;
-- maintenance in the middle cuts a stretch in two; of that which only touches, or has no length, nothing is seen
CREATE TEMP VIEW cuts AS SELECT timestamptz '2024-05-01 01:00Z' AS started_at, timestamptz '2024-05-01 01:10Z' AS ended_at UNION ALL VALUES (timestamptz '2024-05-01 00:10Z', timestamptz '2024-05-01 00:20Z'),
	('2024-05-01 01:05Z', '2024-05-01 01:08Z'), ('2024-05-01 03:00Z', '2024-05-01 03:00Z'), ('2024-04-30Z', '2024-05-01Z'), ('2024-05-01 23:55Z', '2024-05-02 05:00Z'), ('2024-05-02Z', '2024-05-03Z');
SELECT maintenance_minutes AS maint, considered_minutes AS considered, downtime_minutes AS down, outages FROM uptime('edges', 'cuts', '2024-05-01', '2024-05-02');
SELECT started_at, ended_at, incident_keys FROM downtime_intervals('edges', 'cuts', '2024-05-01', '2024-05-02');
-- one without length in the middle of another is not behind it
CREATE TEMP VIEW within AS SELECT 1 AS incident, timestamptz '2024-05-01 10:00Z' AS started_at, timestamptz '2024-05-01 11:00Z' AS ended_at, 'major' AS severity UNION ALL SELECT 2, '2024-05-01 10:30Z', '2024-05-01 10:30Z', 'major';
SELECT minutes, incident_keys FROM downtime_intervals('within', NULL, '2024-05-01', '2024-05-02');
-- how intervals are cut up by periods, of which one is empty: nothing is before them or after
SELECT * FROM spans_by_period('{[2024-01-01Z,2024-01-03Z),[2024-01-04 12:00Z,2024-01-06Z),[2024-01-07Z,2024-01-09Z)}', '{2024-01-02Z,2024-01-05Z,2024-01-05Z,2024-01-06Z,2024-01-08Z}') ORDER BY no;
SELECT count(*) FROM spans_by_period('{}', '{2024-01-02Z,2024-01-05Z}');
-- a day of nothing but maintenance has no uptime
SELECT total_minutes AS total, considered_minutes AS considered, downtime_minutes AS down, uptime_share FROM uptime('edges', 'cuts', '2024-05-02', '2024-05-03');

-- Open incidents: until the end of the window, until as_of; what is not known yet
SELECT as_of, total_minutes AS total, downtime_minutes AS down, round(uptime_share, 4) AS uptime, outages, complete
FROM unnest(ARRAY[NULL, '2024-03-02 23:30Z', '2024-03-02 23:00Z', '2024-03-01 10:30Z', '2024-03-01 00:00Z', '2024-02-01 00:00Z', '-infinity', '2024-03-03 00:00Z', '2024-03-04 00:00Z', 'infinity']::timestamptz[]) as_of,
	uptime('incidents', 'maintenance', '2024-03-01', '2024-03-03', as_of => as_of);
SELECT incident, detected_at, ended_at, is_open, minutes, minutes_in_window FROM incident_lines('incidents', '2024-03-01', '2024-03-03', as_of => '2024-03-01 10:45Z');
SELECT incident, detected_at FROM incident_lines('incidents', '2024-03-01', '2024-03-03', as_of => '2024-03-01 10:45:00.000001Z');
SELECT started_at, ended_at, minutes, is_open, incident_keys FROM downtime_intervals('incidents', 'maintenance', '2024-03-01', '2024-03-03', as_of => '2024-03-01 11:00Z');
SELECT severity, incidents_started AS n, open_incidents AS open, mttr_minutes AS mttr, longest_minutes AS longest, total_minutes AS total, incident_minutes AS minutes, mtbf_minutes AS mtbf, complete
FROM incident_report('incidents', '2024-03-01', '2024-03-03', 'day', as_of => '2024-03-01 11:00Z');
-- what is maintained is not open
SELECT is_open FROM downtime_intervals('incidents', 'maintenance', '2024-03-01', '2024-03-03', as_of => '2024-03-01 21:30Z', services => '{web}');
CREATE TEMP VIEW endless AS SELECT incident, started_at, coalesce(ended_at, 'infinity') AS ended_at, severity, outage, service FROM incidents;
SELECT downtime_minutes FROM uptime('endless', 'maintenance', '2024-03-01', '2024-03-05');
SELECT open_incidents, longest_minutes FROM incident_report('endless', '2024-03-01', '2024-03-05') WHERE severity = 'minor';

-- Noticed only after its end: no time from there to the end
CREATE TEMP VIEW late AS SELECT 1 AS incident, timestamptz '2024-03-01 10:00Z' AS started_at, timestamptz '2024-03-01 10:10Z' AS ended_at, 'p1' AS severity, timestamptz '2024-03-01 12:00Z' AS detected_at;
SELECT severity, mttd_minutes AS mttd, detection_to_end_minutes AS reaction, mttr_minutes AS mttr FROM incident_report('late', '2024-03-01', '2024-03-02');
-- severities in their order; medians of an even number
CREATE TEMP VIEW many AS SELECT s AS incident, timestamptz '2024-03-01Z' + row_number() OVER () * interval '2 hours' AS started_at, timestamptz '2024-03-01Z' + row_number() OVER () * interval '2 hours' + n * interval '1 minute' AS ended_at, s AS severity
	FROM unnest('{low,Cosmetic,b,minor,critical,MAJOR}'::text[]) WITH ORDINALITY s(s, n);
SELECT severity, median_ttr_minutes AS median, round(incident_share, 4) AS share FROM incident_report('many', '2024-03-01', '2024-03-02');

-- Zones and clocks: days of 23 and 25 hours; the hour of January 1 in Berlin that is December in UTC
CREATE TEMP VIEW nights AS SELECT timestamptz '2024-03-31 00:30Z' AS started_at, timestamptz '2024-03-31 01:30Z' AS ended_at, 'major' AS severity, 1 AS incident
	UNION ALL SELECT '2024-10-27 00:30Z', '2024-10-27 01:30Z', 'major', 2 UNION ALL SELECT '2023-12-31 22:30Z', '2023-12-31 23:30Z', 'major', 3;
SELECT d, u.total_minutes AS total, u.downtime_minutes AS down, round(u.uptime_share, 6) AS uptime FROM unnest('{2024-03-31,2024-10-27,2023-12-31,2024-01-01}'::date[]) d, uptime('nights', NULL, d, d + 1, zone => 'Europe/Berlin') u;
SELECT total_minutes AS total, uptime_share FROM uptime('nights', NULL, '2011-12-30', '2011-12-31', zone => 'Pacific/Apia');
SELECT total_minutes AS total, downtime_minutes AS down FROM uptime('nights', NULL, '2023-12-31', '2024-01-01', zone => NULL);
-- periods add up to the window
SELECT sum(total_minutes) AS total, sum(downtime_minutes) AS down, sum(maintenance_minutes) AS maint, count(*) FROM uptime('incidents', 'maintenance', '2024-02-20', '2024-03-20', 'week', as_of => '2024-03-10 12:00Z');
SELECT total_minutes AS total, downtime_minutes AS down, maintenance_minutes AS maint FROM uptime('incidents', 'maintenance', '2024-02-20', '2024-03-20', as_of => '2024-03-10 12:00Z');

-- Nothing at all
SELECT * FROM uptime(NULL, NULL, '2024-03-01', '2024-03-02');
SELECT * FROM uptime(NULL, NULL, '2024-03-01', '2024-03-02', services => '{api}', by => 'service');
SELECT * FROM incident_report(NULL, '2024-03-01', '2024-03-02');
SELECT count(*) FROM downtime_intervals(NULL, NULL, '2024-03-01', '2024-03-02');
SELECT count(*) FROM incident_lines(NULL, '2024-03-01', '2024-03-02');
SELECT count(*) FROM maintenance_lines(NULL, '2024-03-01', '2024-03-02');

-- Keys and instants of other types
CREATE TEMP VIEW uuids AS SELECT md5(incident)::uuid AS incident, started_at AT TIME ZONE 'UTC' AS started_at, ended_at AT TIME ZONE 'UTC' AS ended_at, severity, ascii(service)::bigint AS service FROM incidents;
SELECT value, downtime_minutes AS down FROM uptime('uuids', 'maintenance', '2024-03-01', '2024-03-02', by => 'service');

-- Refused
CREATE TEMP VIEW reversed AS SELECT incident, ended_at AS started_at, started_at AS ended_at, severity FROM incidents WHERE ended_at IS NOT NULL;
SELECT * FROM uptime('reversed', NULL, '2024-03-01', '2024-03-03');
SELECT * FROM incident_report('reversed', '2024-03-01', '2024-03-02');
CREATE TEMP VIEW reversed_maintenance AS SELECT ended_at AS started_at, started_at AS ended_at FROM maintenance;
SELECT * FROM uptime('incidents', 'reversed_maintenance', '2024-03-01', '2024-03-03');
CREATE TEMP VIEW foreseen AS SELECT incident, started_at, ended_at, severity, started_at - interval '1 second' AS detected_at FROM incidents;
SELECT * FROM incident_report('foreseen', '2024-03-01', '2024-03-03');
CREATE TEMP VIEW no_start AS SELECT incident, nullif(started_at, '2024-03-01 10:30Z') AS started_at, ended_at, severity FROM incidents;
SELECT * FROM uptime('no_start', NULL, '2024-03-01', '2024-03-03');
CREATE TEMP VIEW no_severity AS SELECT incident, started_at, ended_at, nullif(severity, 'minor') AS severity FROM incidents;
SELECT * FROM incident_report('no_severity', '2024-03-01', '2024-03-03');
CREATE TEMP VIEW ever AS SELECT incident, '-infinity'::timestamptz AS started_at, ended_at, severity FROM incidents;
SELECT * FROM uptime('ever', NULL, '2024-03-01', '2024-03-03');
CREATE TEMP VIEW no_end AS SELECT started_at, NULL::timestamptz AS ended_at FROM maintenance;
SELECT * FROM uptime('incidents', 'no_end', '2024-03-01', '2024-03-03');
-- also what began in the window and ended before it
CREATE TEMP VIEW turned AS SELECT 1 AS incident, timestamptz '2024-03-02 10:00Z' AS started_at, timestamptz '2024-02-02 11:00Z' AS ended_at, 'major' AS severity UNION ALL SELECT 2, '2024-03-03 00:00Z', '2024-02-02 11:00Z', 'major';
SELECT * FROM incident_report('turned', '2024-03-01', '2024-03-03');
SELECT * FROM maintenance_lines('turned', '2024-03-01', '2024-03-03');
-- what is not in the window is not looked at
SELECT downtime_minutes FROM uptime('reversed', NULL, '2024-02-01', '2024-02-03');
SELECT * FROM uptime('incidents', NULL, '2024-03-01', '2024-03-03', by => 'severity');
SELECT * FROM downtime_intervals('incidents', NULL, '2024-03-01', '2024-03-03', by => '');
SELECT * FROM uptime('incidents', NULL, '2024-03-01', '2024-03-03', services => '{}');
SELECT * FROM uptime('incidents', NULL, '2024-03-01', '2024-03-03', services => '{api,NULL}');
SELECT * FROM incident_report('incidents', '2024-03-01', '2024-03-03', services => '{api," "}');
SELECT * FROM uptime('incidents', NULL, '2024-03-03', '2024-03-01');
SELECT * FROM uptime('incidents', NULL, NULL, '2024-03-01');
SELECT * FROM uptime('incidents', NULL, '2024-03-01', 'infinity');
SELECT * FROM incident_report('incidents', '2024-03-01', '2024-03-03', 'fortnight');
SELECT * FROM uptime('incidents', NULL, '2024-03-01', '2024-03-03', zone => 'Nowhere');
SELECT * FROM uptime('maintenance', NULL, '2024-03-01', '2024-03-03');
SELECT availability(-1, 30);
SELECT availability(1, 'NaN');
