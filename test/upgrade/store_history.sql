--
-- store_history.sql
--		A table with its history, half of it written.
--
-- since version 0.6.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

CREATE TABLE "Tracked, once" (id integer, region text, amount numeric(10,2), note json, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE tracked_eu PARTITION OF "Tracked, once" FOR VALUES IN ('eu');
INSERT INTO "Tracked, once" VALUES (1, 'eu', 10, '{}'), (2, 'eu', 20, NULL);
SELECT nudge.track_history('"Tracked, once"', since => '''2024-01-01Z''::timestamptz', history => '"Kept, once"');
UPDATE "Tracked, once" SET amount = 11 WHERE id = 1;
