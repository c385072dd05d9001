--
-- store_closed_periods.sql
--		A period that was closed twice.
--
-- since version 0.6.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SELECT nudge.close_period('2024-02-01', nudge.mrr_currency_agg(c, timestamptz '2024-02-10Z', NULL, 1.50, 'EUR'), 'Europe/Berlin') FROM unnest('{ann,ben}'::text[]) c;
SELECT nudge.reopen_period('2024-02-01', 'cat was forgotten', 'Europe/Berlin', currency => 'EUR');
SELECT nudge.close_period('2024-02-01', nudge.mrr_currency_agg(c, timestamptz '2024-02-10Z', NULL, 1.50, 'EUR'), 'Europe/Berlin') FROM unnest('{ann,ben,cat}'::text[]) c;
