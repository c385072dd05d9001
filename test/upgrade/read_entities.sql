--
-- read_entities.sql
--		Both lists, whether they are up to date, and what is read through them.
--
-- since version 0.6.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET timezone = 'UTC';
SELECT entity, key, reason, origin, through FROM nudge.exclusions ORDER BY 1, 2;
SELECT rule, input, entity, condition, reason FROM nudge.exclusion_rules ORDER BY 1;
SELECT entity, key, merged_into, counted_as, merged_at, reason, origin FROM nudge.entity_merges ORDER BY 1, 2;
SELECT * FROM nudge.refresh_entities();
SELECT "user", customer FROM nudge_staging.users ORDER BY 1;
SELECT * FROM nudge.excluded_rows('users');
