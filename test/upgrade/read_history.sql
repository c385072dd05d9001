--
-- read_history.sql
--		The history of a table, which goes on.
--
-- since version 0.6.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SELECT h.*, changed_by IS NULL FROM nudge_staging."Kept, once" h ORDER BY id, valid_from;
SELECT * FROM nudge.histories;
SELECT problem FROM nudge.check_history('"Tracked, once"');
BEGIN;
UPDATE "Tracked, once" SET amount = 12 WHERE id = 1;
DELETE FROM "Tracked, once" WHERE id = 2;
INSERT INTO tracked_eu VALUES (3, 'eu', 30);
SELECT id, amount, valid_to IS NULL FROM nudge_staging."Kept, once" ORDER BY id, valid_from;
TRUNCATE tracked_eu;
SELECT problem FROM nudge.check_history('"Tracked, once"');
ROLLBACK;
