--
-- read_presets.sql
--		What the preset says, and what is read through it.
--
-- since version 0.6.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SELECT preset, source, variant, input, tables, query, columns, filter, zone, amount_scale, words, end_rule, note FROM nudge.presets ORDER BY 1, 2, 3;
SELECT source_name, period, category, round(amount, 2) AS amount, currency, variable FROM nudge_staging.costs WHERE source_name = 'erp_costs';
SELECT source_name, day, balance, currency FROM nudge_staging.cash WHERE source_name = 'plain_cash';
SELECT source_name, skipped_because, left_out FROM nudge.map_preset('erp', 'preset_store', currency => 'EUR');
