--
-- read_sources.sql
--		What the source says, and what is read through it.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET timezone = 'UTC';
SELECT source, input, relation, query, columns, filter, zone, amount_scale, words, end_rule, expected_every FROM nudge.sources ORDER BY 1;
SELECT source_name, customer, at, kind, amount, currency FROM nudge_staging.charges ORDER BY 2;
SELECT source_name, input, staging_view FROM nudge.remap_sources();
