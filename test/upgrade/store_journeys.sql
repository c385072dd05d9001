--
-- store_journeys.sql
--		States of touches and conversions, stored in a table.
--
-- since version 0.4.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE TABLE stored_journeys (name text PRIMARY KEY, state nudge.journey_state);

CREATE TEMP TABLE met AS
	SELECT (g * 7919) % 9 - 2 AS who, timestamptz '1999-12-01 22:30Z' + (g * 37) % 500 * interval '19 hours' AS at,
		CASE WHEN g % 5 > 0 THEN (ARRAY['direct', 'email', 'abcdefghijklmnop', 'über'])[g % 5] END AS channel,
		CASE WHEN g % 5 = 0 OR g % 11 = 0 THEN g * 1.000001 END AS revenue, g
	FROM generate_series(1, 60) g;

INSERT INTO stored_journeys
SELECT 'bigint', nudge.journey_agg(who, at, channel, revenue) FROM met
UNION ALL
SELECT 'uuid, currency', nudge.journey_currency_agg(md5(who::text)::uuid, at, channel, revenue, 'JPY') FROM met
UNION ALL
SELECT 'text, tie break', nudge.journey_ranked_agg('customer ' || who, at::date, channel, revenue, g) FROM met
UNION ALL
SELECT 'none', NULL;
