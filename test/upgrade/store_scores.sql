--
-- store_scores.sql
--		States of dated scores, stored in a table.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE TABLE stored_scores (name text PRIMARY KEY, state nudge.score_state);

CREATE TEMP TABLE scored AS
	SELECT timestamptz '1999-11-01 22:30Z' + (g * 37) % 90 * interval '19 hours' AS at, (g * 7919 % 1000) / 8.0 - 20 AS score
	FROM generate_series(1, 120) g;

INSERT INTO stored_scores
SELECT 'timestamptz', nudge.score_agg(at, score) FROM scored
UNION ALL
SELECT 'timestamp', nudge.score_agg(at AT TIME ZONE 'UTC', score / 3) FROM scored
UNION ALL
SELECT 'date', nudge.score_agg((at AT TIME ZONE 'UTC')::date, score) FROM scored
UNION ALL
SELECT 'none', NULL;
