--
-- store_behaviour.sql
--		States of what users did, stored in tables, and rows of the registries.
--
-- since version 0.3.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE TABLE stored_activity (name text PRIMARY KEY, state nudge.activity_state);
CREATE TABLE stored_funnel (name text PRIMARY KEY, state nudge.funnel_state);
CREATE TABLE stored_sequence (name text PRIMARY KEY, state nudge.sequence_state);
CREATE TABLE stored_feature (name text PRIMARY KEY, state nudge.feature_state);

CREATE TEMP TABLE did AS
	SELECT (g * 7919) % 9 - 2 AS who, timestamptz '1999-12-01 22:30Z' + (g * 37) % 500 * interval '19 hours' AS at,
		(ARRAY['signup', 'import', 'abcdefghijklmnop', 'über', ''])[1 + g % 5] AS event,
		(ARRAY['pro', 'free', NULL])[1 + g % 3] AS plan, g
	FROM generate_series(1, 60) g;

INSERT INTO stored_activity
SELECT 'bigint', nudge.activity_agg(who, at::date) FROM did
UNION ALL
SELECT 'uuid', nudge.activity_at_agg(md5(who::text)::uuid, at, 'Asia/Kolkata') FROM did
UNION ALL
SELECT 'text, counts', nudge.activity_count_agg('user ' || who, at::date, g) FROM did
UNION ALL
SELECT 'none', NULL;

INSERT INTO stored_funnel
SELECT 'bigint', nudge.funnel_agg(who, at, event, '{signup,import,über}') FROM did
UNION ALL
SELECT 'uuid, others', nudge.funnel_agg(md5(who::text)::uuid, at, event, '{signup,"",*}') FROM did
UNION ALL
SELECT 'text, conditions', nudge.funnel_match_agg('user ' || who, at, ARRAY[event = 'signup', plan = 'pro', g % 2 = 0], '{signup,pro,even}') FROM did
UNION ALL
SELECT 'bigint, properties', nudge.funnel_property_agg(who, at, event, '{signup,import}', plan) FROM did;

INSERT INTO stored_sequence
SELECT 'bigint', nudge.sequence_agg(who, at, event) FROM did
UNION ALL
SELECT 'uuid', nudge.sequence_agg(md5(who::text)::uuid, at, event) FROM did
UNION ALL
SELECT 'text, tie break', nudge.sequence_ranked_agg('user ' || who, at::date, event, g) FROM did;

INSERT INTO stored_feature
SELECT 'bigint', nudge.feature_agg(who, at, event, (ARRAY['viewed', 'used', 'completed'])[1 + g % 3], g % 2 = 0, g * interval '1 second', g / 4.0) FROM did
UNION ALL
SELECT 'uuid', nudge.feature_agg(md5(who::text)::uuid, at, plan, CASE WHEN plan IS NULL THEN 'signed_up' ELSE 'used' END, NULL, NULL, NULL) FROM did
UNION ALL
SELECT 'text', nudge.feature_agg('user ' || who, at, event, 'used', true, interval '1 hour', NULL) FROM did;

-- registries
INSERT INTO nudge.action_sets VALUES ('core', 'send'), ('core', 'import');
INSERT INTO nudge.funnel_definitions VALUES
	('activation', 1, 'signup', 3000, 0.60, NULL, 1, NULL), ('activation', 2, 'import', 1800, 0.40, '24 hours', 1, '{connect}');
