--
-- store_percentiles.sql
--		States of samples, stored in a table.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE TABLE stored_percentiles (name text PRIMARY KEY, state nudge.percentile_state);

CREATE TEMP TABLE measured AS
	SELECT ((g * 7919) % 1000 - 200) / 8.0 * (ARRAY[1, 1000, 0.001])[1 + g % 3] AS value, g % 4 AS count
	FROM generate_series(1, 80) g;

INSERT INTO stored_percentiles
SELECT 'to 1 %', nudge.percentile_agg(value, 0.01) FROM measured
UNION ALL
SELECT 'to 10 %', nudge.percentile_agg(value, 0.1) FROM measured
UNION ALL
SELECT 'to a millionth', nudge.percentile_agg(value, 0.000001) FROM measured
UNION ALL
SELECT 'exact, counted', nudge.percentile_count_agg(value, count, 0) FROM measured
UNION ALL
SELECT 'one', nudge.percentile_agg(0, 0.05)
UNION ALL
SELECT 'none', NULL;
