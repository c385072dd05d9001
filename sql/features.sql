-- Feature adoption.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
\pset null '(null)'

-- Weeks of January 2024 begin on the 1st, 8th, 15th, 22nd and 29th; as of 5 February the last four complete ones are
-- those of the 8th to the 29th.
-- ann signs up on the 1st at 9:00, sees the editor at 10:00, uses it at 11:00 (after 7,200 s) and once in each of the
-- four weeks: habitual.  Her third use is on the 16th at 9:00, 15 days = 1,296,000 s after signing up.
-- bob uses the editor three times on his first day, after 1, 2 and 3 hours: adopted.  He only sees the export.
-- cyd has no sign-up: she sees the editor, and uses and completes the export once, creating 25.50.
-- dan signs up and does nothing.  eve comes after 5 February, and uses the editor a day before she signs up.
CREATE TEMP TABLE log (user_id text, at timestamptz, feature text, action text, success boolean, duration interval, value numeric);
INSERT INTO log VALUES
	('ann', '2024-01-01 09:00', NULL, 'signed_up', NULL, NULL, NULL),
	('ann', '2024-01-01 10:00', 'editor', 'viewed', NULL, NULL, NULL),
	('ann', '2024-01-01 11:00', 'editor', 'used', true, '1 minute', NULL),
	('ann', '2024-01-09 09:00', 'editor', 'used', true, '30 seconds', 1),
	('ann', '2024-01-16 09:00', 'editor', 'used', false, '90 seconds', NULL),
	('ann', '2024-01-23 09:00', 'editor', 'used', NULL, NULL, NULL),
	('ann', '2024-01-30 09:00', 'editor', 'used', true, '1 day 2 hours', 2.5),
	('bob', '2024-01-02 00:00', NULL, 'signed_up', NULL, NULL, NULL),
	('bob', '2024-01-02 01:00', 'editor', 'used', true, NULL, NULL),
	('bob', '2024-01-02 02:00', 'editor', 'used', true, NULL, NULL),
	('bob', '2024-01-02 03:00', 'editor', 'used', false, NULL, NULL),
	('bob', '2024-01-03 00:00', 'export', 'viewed', NULL, NULL, NULL),
	('cyd', '2024-01-10 00:00', 'editor', 'viewed', NULL, NULL, NULL),
	('cyd', '2024-01-11 00:00', 'export', 'used', true, '10 seconds', NULL),
	('cyd', '2024-01-11 00:01', 'export', 'completed', NULL, NULL, 25.50),
	('dan', '2024-01-20 00:00', NULL, 'signed_up', NULL, NULL, NULL),
	('eve', '2024-02-10 00:00', 'ignored when signing up', 'signed_up', NULL, NULL, NULL),
	('eve', '2024-02-09 00:00', 'editor', 'used', true, '5 seconds', 7);
CREATE TEMP TABLE st AS SELECT feature_agg(user_id, at, feature, action, success, duration, value) AS s FROM log;

SELECT user_id, feature, stage, first_viewed, first_used, adopted_at, last_used FROM st, feature_users(s, '2024-02-05');
SELECT user_id, feature, uses, successes, completions, seconds_to_first_use, seconds_to_adopt FROM st, feature_users(s, '2024-02-05');

-- Of 4 users: editor seen by ann, bob and cyd, used by two, 8 uses in all, 5 of 7 known outcomes good; durations 30, 60,
-- 90 and 93,600 s: median 75.  First use after 3,600 and 7,200 s: 5,400; adopted after 10,800 and 1,296,000: 653,400.
SELECT feature, users, discovered_users AS discovered, tried_users AS tried, adopted_users AS adopted, habitual_users AS habitual,
	round(adoption_rate, 4) AS adoption, uses, round(usage_frequency, 4) AS frequency, round(success_rate, 4) AS success
FROM st, feature_adoption(s, as_of => '2024-02-05');
SELECT feature, completions, round(completion_rate, 4) AS completion, median_duration_seconds AS duration, median_seconds_to_first_use AS to_first_use,
	median_seconds_to_adopt AS to_adopt, value_created AS value
FROM st, feature_adoption(s, as_of => '2024-02-05');
-- of a population; which features cost extra, which are on from the start
SELECT feature, premium, default_on, users, adoption_rate FROM st, feature_adoption(s, 8, '2024-02-05', premium => '{export,unknown,NULL}', default_on => '{editor}');
SELECT feature, premium, default_on, users, adoption_rate FROM st, feature_adoption(s, 0, '2024-02-05', premium => '{}');

-- Without as_of everything counts, up to the end of the last day: 11 February, so that the week of 5 February is not
-- complete.  eve used the editor before she signed up: after 0 s.
SELECT user_id, feature, stage, uses, seconds_to_first_use FROM st, feature_users(s);
SELECT feature, users, tried_users, uses, median_seconds_to_first_use, median_duration_seconds, value_created FROM st, feature_adoption(s);
-- as_of itself is no longer counted
SELECT user_id, feature, stage, uses FROM st, feature_users(s, '2024-01-16 09:00') WHERE user_id = 'ann';
SELECT user_id, feature, stage, uses FROM st, feature_users(s, '2024-01-16 09:00:00.000001') WHERE user_id = 'ann';
SELECT count(*) FROM st, feature_users(s, '2024-01-01');
SELECT count(*) FROM st, feature_adoption(s, as_of => '2024-01-01 09:30');

-- What adopted and habitual mean
SELECT user_id, feature, stage, adopted_at FROM st, feature_users(s, '2024-02-05', adopted_uses => 1) WHERE feature = 'export';
SELECT user_id, feature, stage FROM st, feature_users(s, '2024-02-05', adopted_uses => 6) WHERE feature = 'editor';
SELECT w, stage FROM st, (VALUES (1), (4), (5), (6)) v(w), LATERAL feature_users(s, '2024-02-05', habit_weeks => w) WHERE user_id = 'ann' ORDER BY w;
-- the same, but weeks that end on Saturday: as of Saturday 3 February the one of 28 January is not over
SELECT as_of, week_start, stage FROM st, (VALUES (1, timestamptz '2024-02-03', 'sunday'), (2, '2024-02-04', 'sunday'), (3, '2024-02-04 23:59', 'monday'), (4, '2024-02-12', 'monday')) v(i, as_of, week_start),
	LATERAL feature_users(s, as_of, week_start => week_start, habit_weeks => 5) WHERE user_id = 'ann' ORDER BY i;
-- the zone decides which week is over, and in which a use is: Sunday 23:30 UTC is Monday in Berlin
SELECT z, stage FROM (SELECT feature_agg(1, timestamptz '2024-01-07 23:30', 'f', 'used', true, NULL, NULL) AS s) x, (VALUES ('Europe/Berlin'), ('UTC')) v(z),
	LATERAL feature_users(s, '2024-01-15', z, habit_weeks => 1);

-- Types of keys and times; a timestamp is UTC and a date its midnight, whatever the session's zone
SET timezone = 'America/New_York';
SELECT k, t, user_id, first_used AT TIME ZONE 'UTC' AS first_used FROM (
	SELECT 1 AS i, 'bigint' AS k, 'timestamptz' AS t, feature_agg(7::bigint, timestamptz '2024-01-01 00:00+00', 'f', 'used', NULL, NULL, NULL) AS s
	UNION ALL SELECT 2, 'bigint', 'timestamp', feature_agg(7::bigint, timestamp '2024-01-01', 'f', 'used', NULL, NULL, NULL)
	UNION ALL SELECT 3, 'bigint', 'date', feature_agg(7::bigint, date '2024-01-01', 'f', 'used', NULL, NULL, NULL)
	UNION ALL SELECT 4, 'uuid', 'timestamptz', feature_agg('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, timestamptz '2024-01-01 00:00+00', 'f', 'used', NULL, NULL, NULL)
	UNION ALL SELECT 5, 'uuid', 'timestamp', feature_agg('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, timestamp '2024-01-01', 'f', 'used', NULL, NULL, NULL)
	UNION ALL SELECT 6, 'uuid', 'date', feature_agg('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid, date '2024-01-01', 'f', 'used', NULL, NULL, NULL)
	UNION ALL SELECT 7, 'text', 'timestamptz', feature_agg('f'::text, timestamptz '2024-01-01 00:00+00', 'f', 'used', NULL, NULL, NULL)
	UNION ALL SELECT 8, 'text', 'timestamp', feature_agg('f'::text, timestamp '2024-01-01', 'f', 'used', NULL, NULL, NULL)
	UNION ALL SELECT 9, 'text', 'date', feature_agg('f'::text, date '2024-01-01', 'f', 'used', NULL, NULL, NULL)) x, feature_users(s) ORDER BY i;
SET timezone = 'UTC';

-- States: any order and any parts give the same bytes
SELECT (SELECT feature_agg(user_id, at, feature, action, success, duration, value) FROM (SELECT * FROM log ORDER BY at DESC, user_id) r) = s AS any_order,
	(SELECT rollup(p) FROM (SELECT feature_agg(user_id, at, feature, action, success, duration, value) AS p FROM log GROUP BY user_id) r) = s AS parts,
	(SELECT combine(feature_agg(user_id, at, feature, action, success, duration, value) FILTER (WHERE action = 'used'),
		feature_agg(user_id, at, feature, action, success, duration, value) FILTER (WHERE action <> 'used')) FROM log) = s AS combined,
	s::text::feature_state = s AS text
FROM st;
-- what is not known is not 0: durations, values and outcomes
SELECT feature_agg(1, at, 'f', 'used', false, '0', 0) = feature_agg(1, at, 'f', 'used', NULL, NULL, NULL) AS same FROM (VALUES (timestamptz '2024-01-01')) v(at);
-- doubled rows are counted; action words in any case
SELECT uses, stage FROM (SELECT feature_agg(1, date '2024-01-01', 'f', 'USED', NULL, NULL, NULL) AS s FROM generate_series(1, 3)) x, feature_users(s);
-- before 2000, before 1970, far ahead
SELECT first_viewed, last_used, uses FROM (SELECT feature_agg(1, at, 'f', a, NULL, NULL, NULL) AS s
	FROM (VALUES (timestamptz '0001-01-01 BC', 'viewed'), ('1969-12-31 23:59:59.999999', 'used'), ('9999-12-31', 'used')) v(at, a)) x, feature_users(s);
-- further from the sign-up than a difference of timestamps can say: as far as it can
SELECT seconds_to_first_use FROM (SELECT feature_agg(1, at, 'f', a, NULL, NULL, NULL) AS s
	FROM (VALUES (timestamptz '4713-01-01 00:00+00 BC', 'signed_up'), ('294276-12-30 00:00+00', 'used')) v(at, a)) x, feature_users(s, '294276-12-31 00:00+00');
-- nothing
SELECT feature_agg(user_id, at, feature, action, success, duration, value) IS NULL AS empty FROM log WHERE false;
SELECT count(*) FROM feature_users(NULL);
SELECT count(*) FROM feature_adoption(NULL);
-- sums of values beyond bigint
SELECT value_created FROM (SELECT feature_agg(g, date '2024-01-01', 'f', 'completed', NULL, NULL, 9223372036854.775807) AS s FROM generate_series(1, 3) g) x, feature_adoption(s);

-- Value: by hand, adoption 0.4, 6 of 8 uses, success 0.9, lift 0.2: product 0.4 * 0.75 * 0.9 * 0.2 = 0.054, a quarter of
-- the sum 2.25 is 0.5625
SELECT * FROM feature_value_score(0.4, 6, 8, 0.9, 0.2);
-- frequency is at most 1; lift may be negative
SELECT * FROM feature_value_score(1, 600, 8, 1, 1);
SELECT * FROM feature_value_score(0, 0, 8, 0, -1);
SELECT * FROM feature_value_score(0.4, 1, 3, 0.9, 0.2, '{0.4,0.3,0.2,0.1}');
-- a band begins at its edge
SELECT a, category FROM (VALUES (0.2499), (0.25), (0.4999), (0.5), (0.7499), (0.75), (1)) v(a), LATERAL feature_value_score(a, a, 1, a, a) ORDER BY a;
-- and that of the score as it is shown: three eighths of a third and an eighth are a quarter
SELECT * FROM feature_value_score(0, 1, 3, 0.5, 0, '{0.375,0.375,0.25,0}');
SELECT a, category FROM (VALUES (0.2), (0.3), (0.4), (0.9)) v(a), LATERAL feature_value_score(a, a, 1, a, a, bands => '{0.3,0.35,0.9}') ORDER BY a;
SELECT * FROM feature_value_score(0.4, NULL, 8, 0.9, 0.2);

-- Retention lift at day 10 of using "editor" in the first three days, as of 21 January.  All begin on the 1st but h.
-- With: a uses it on the 1st and stays until the 20th; b on the 3rd, stays until the 11th = day 10; c on the 2nd, stays
-- until the 10th = day 9.  Without: d uses it on the 4th, too late, and stays until the 15th; e and f never do and stay until
-- the 1st and the 10th; g only sees it.  h begins on the 15th and is too young; i is in no activity.
-- 2 of 3 with, 1 of 4 without: lift 5/12.
CREATE TEMP TABLE days (user_id text, day date);
INSERT INTO days SELECT u, d FROM (VALUES ('a', date '2024-01-20'), ('b', '2024-01-11'), ('c', '2024-01-10'), ('d', '2024-01-15'), ('e', '2024-01-01'), ('f', '2024-01-10'), ('g', '2024-01-05')) v(u, last),
	LATERAL (VALUES (date '2024-01-01'), (last)) w(d);
INSERT INTO days VALUES ('h', '2024-01-15'), ('h', '2024-01-20');
CREATE TEMP TABLE uses (user_id text, at timestamptz, feature text, action text);
INSERT INTO uses VALUES ('a', '2024-01-01 12:00', 'editor', 'used'), ('b', '2024-01-03 23:59:59', 'editor', 'used'), ('c', '2024-01-02', 'editor', 'used'), ('c', '2024-01-05', 'editor', 'used'),
	('d', '2024-01-04', 'editor', 'used'), ('d', '2024-01-01', 'export', 'used'), ('f', '2024-01-01', 'export', 'used'), ('g', '2024-01-01', 'editor', 'viewed'), ('g', '2024-01-01', NULL, 'signed_up'),
	('h', '2024-01-15', 'editor', 'used'), ('i', '2024-01-01', 'editor', 'used'), ('B', '2024-01-01', 'editor', 'used');
CREATE TEMP TABLE lift AS
	SELECT (SELECT feature_agg(user_id, at, feature, action, NULL, NULL, NULL) FROM uses) AS f, (SELECT activity_agg(user_id, day) FROM days) AS a;
SELECT users_with, retained_with, round(rate_with, 4) AS rate_with, users_without, retained_without, round(rate_without, 4) AS rate_without,
	round(lift, 6) AS lift, round(lift_low::numeric, 10) AS low, round(lift_high::numeric, 10) AS high, round(p_value::numeric, 10) AS p
FROM lift, feature_retention(f, a, 'editor', 10, 3, '2024-01-21');
-- without as_of: the day after the last active day, the same here
SELECT users_with, users_without, round(lift, 6) AS lift, round(lift_low::numeric, 6) AS low FROM lift, feature_retention(f, a, 'editor', 10, 3, confidence => 0.8);
-- day 10 is over as of the 12th, and for h as of the 26th: she did not come back
SELECT as_of, users_with, retained_with, users_without, retained_without FROM lift, (VALUES (date '2024-01-11'), ('2024-01-12'), ('2024-01-25'), ('2024-01-26')) v(as_of),
	LATERAL feature_retention(f, a, 'editor', 10, 3, as_of) ORDER BY as_of;
-- other days and features; a feature that nobody used; in Honolulu d's use is on the 3rd
SELECT feature, day, days, zone, users_with, retained_with, users_without, retained_without
FROM lift, (VALUES (1, 'editor', 10, 10, 'UTC'), (2, 'editor', 1, 1, 'UTC'), (3, 'export', 10, 3, 'UTC'), (4, 'editor', 10, 3, 'Pacific/Honolulu')) v(i, feature, day, days, zone),
	LATERAL feature_retention(f, a, feature, day, days, '2024-01-21', zone) ORDER BY i;
SELECT users_with, rate_with, users_without, lift, lift_low, lift_high, p_value FROM lift, feature_retention(f, a, 'unknown', 10, 3);
-- keys of the other types
SELECT k, users_with, retained_with, users_without, retained_without FROM (
	SELECT 'bigint' AS k, (SELECT feature_agg(ascii(user_id)::bigint, at, feature, action, NULL, NULL, NULL) FROM uses) AS f, (SELECT activity_agg(ascii(user_id)::bigint, day) FROM days) AS a
	UNION ALL
	SELECT 'uuid', (SELECT feature_agg(md5(user_id)::uuid, at, feature, action, NULL, NULL, NULL) FROM uses), (SELECT activity_agg(md5(user_id)::uuid, day) FROM days)) x,
	LATERAL feature_retention(f, a, 'editor', 10, 3, '2024-01-21');
SELECT count(*) FROM lift, feature_retention(f, NULL, 'editor');
SELECT count(*) FROM lift, feature_retention(NULL, a, 'editor');

-- Refused calls, each with SQLSTATE, message, detail, hint
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION pg_temp.refused(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE query;
	RETURN NEXT 'ACCEPTED: ' || query;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN NEXT state || ': ' || message;
	RETURN NEXT '  detail: ' || detail;
	RETURN NEXT '  hint: ' || hint;
END
$$;
CREATE FUNCTION pg_temp.refused_row(a text) RETURNS SETOF text LANGUAGE sql
	AS $$ SELECT * FROM pg_temp.refused('SELECT nudge.feature_agg(' || a || ')') $$;
SELECT pg_temp.refused_row($$NULL::bigint, date '2024-01-01', 'f', 'used', NULL, NULL, NULL$$);
SELECT pg_temp.refused_row($$NULL::uuid, date '2024-01-01', 'f', 'used', NULL, NULL, NULL$$);
SELECT pg_temp.refused_row($$NULL::text, date '2024-01-01', 'f', 'used', NULL, NULL, NULL$$);
SELECT pg_temp.refused_row($$1, NULL::date, 'f', 'used', NULL, NULL, NULL$$);
SELECT pg_temp.refused_row($$1, NULL::timestamptz, 'f', 'used', NULL, NULL, NULL$$);
SELECT pg_temp.refused_row($$1, date '2024-01-01', 'f', NULL, NULL, NULL, NULL$$);
SELECT pg_temp.refused_row($$1, date '2024-01-01', NULL, 'viewed', NULL, NULL, NULL$$);
SELECT pg_temp.refused_row($$1, date '2024-01-01', 'f', 'clicked', NULL, NULL, NULL$$);
SELECT pg_temp.refused_row($$1, date '2024-01-01', 'f', '', NULL, NULL, NULL$$);
SELECT pg_temp.refused_row($$1, date 'infinity', 'f', 'used', NULL, NULL, NULL$$);
SELECT pg_temp.refused_row($$1, date '5000000-01-01', 'f', 'used', NULL, NULL, NULL$$);
SELECT pg_temp.refused_row($$1, timestamptz '-infinity', 'f', 'used', NULL, NULL, NULL$$);
SELECT pg_temp.refused_row($$1, timestamp 'infinity', 'f', 'used', NULL, NULL, NULL$$);
SELECT pg_temp.refused_row($$1, date '2024-01-01', 'f', 'used', NULL, '1 month', NULL$$);
SELECT pg_temp.refused_row($$1, date '2024-01-01', 'f', 'used', NULL, '-1 second', NULL$$);
SELECT pg_temp.refused_row($$1, date '2024-01-01', 'f', 'used', NULL, '2000000000 days', NULL$$);
SELECT pg_temp.refused_row($$1, date '2024-01-01', 'f', 'used', NULL, NULL, 'NaN'$$);
SELECT pg_temp.refused_row($$1, date '2024-01-01', 'f', 'used', NULL, NULL, 1e13$$);
SELECT pg_temp.refused($$SELECT feature_users(s, 'infinity') FROM st$$);
SELECT pg_temp.refused($$SELECT feature_users(s, zone => 'Atlantis') FROM st$$);
SELECT pg_temp.refused($$SELECT feature_users(s, adopted_uses => 0) FROM st$$);
SELECT pg_temp.refused($$SELECT feature_users(s, habit_weeks => 0) FROM st$$);
SELECT pg_temp.refused($$SELECT feature_users(s, habit_weeks => 521) FROM st$$);
SELECT pg_temp.refused($$SELECT feature_users(s, week_start => 'pancake day') FROM st$$);
SELECT pg_temp.refused($$SELECT feature_adoption(s, -1) FROM st$$);
SELECT pg_temp.refused($$SELECT combine(feature_agg(1, at, feature, action, success, duration, value), s) FROM st, log GROUP BY s$$);
SELECT pg_temp.refused($$SELECT feature_trans(s, 'a'::text, date '2024-01-01', 'f', 'used', NULL, NULL, NULL) FROM st$$);
SELECT pg_temp.refused($$SELECT 'nonsense'::feature_state$$);
SELECT pg_temp.refused($$SELECT feature_value_score(1.01, 1, 1, 1, 1)$$);
SELECT pg_temp.refused($$SELECT feature_value_score('NaN', 1, 1, 1, 1)$$);
SELECT pg_temp.refused($$SELECT feature_value_score(1, 1, 1, -0.01, 1)$$);
SELECT pg_temp.refused($$SELECT feature_value_score(1, 1, 1, 1, -1.01)$$);
SELECT pg_temp.refused($$SELECT feature_value_score(1, -1, 1, 1, 1)$$);
SELECT pg_temp.refused($$SELECT feature_value_score(1, 1, 0, 1, 1)$$);
SELECT pg_temp.refused($$SELECT feature_value_score(1, 'Infinity', 'Infinity', 1, 1)$$);
SELECT pg_temp.refused($$SELECT feature_value_score(1, 1, 1, 1, 1, '{0.5,0.5}')$$);
SELECT pg_temp.refused($$SELECT feature_value_score(1, 1, 1, 1, 1, '{0.5,0.5,0,NULL}')$$);
SELECT pg_temp.refused($$SELECT feature_value_score(1, 1, 1, 1, 1, '{0.5,0.5,0.5,0.5}')$$);
SELECT pg_temp.refused($$SELECT feature_value_score(1, 1, 1, 1, 1, '{0.5,0.5,0.5,-0.5}')$$);
SELECT pg_temp.refused($$SELECT feature_value_score(1, 1, 1, 1, 1, bands => '{0.5,NaN,0.7}')$$);
SELECT pg_temp.refused($$SELECT feature_value_score(1, 1, 1, 1, 1, bands => '{0.5,0.5,0.7}')$$);
SELECT pg_temp.refused($$SELECT feature_retention(f, a, NULL) FROM lift$$);
SELECT pg_temp.refused($$SELECT feature_retention(f, a, 'editor', 0) FROM lift$$);
SELECT pg_temp.refused($$SELECT feature_retention(f, a, 'editor', 36601) FROM lift$$);
SELECT pg_temp.refused($$SELECT feature_retention(f, a, 'editor', 7, 0) FROM lift$$);
SELECT pg_temp.refused($$SELECT feature_retention(f, a, 'editor', 7, 8) FROM lift$$);
SELECT pg_temp.refused($$SELECT feature_retention(f, a, 'editor', as_of => 'infinity') FROM lift$$);
SELECT pg_temp.refused($$SELECT feature_retention(f, a, 'editor', zone => 'Atlantis') FROM lift$$);
SELECT pg_temp.refused($$SELECT feature_retention(f, a, 'editor', confidence => 95) FROM lift$$);
SELECT pg_temp.refused($$SELECT feature_retention(f, activity_agg(1, date '2024-01-01'), 'editor') FROM lift GROUP BY f$$);
