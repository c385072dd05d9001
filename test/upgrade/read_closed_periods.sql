--
-- read_closed_periods.sql
--		What was reported.
--
-- since version 0.6.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SELECT * FROM nudge.closed_periods ORDER BY period, version;
SELECT * FROM nudge.closed_period_rows ORDER BY period, version, customer COLLATE "C";
SELECT r.* FROM (SELECT nudge.mrr_currency_agg('ann'::text, timestamptz '2024-01-31 22:00Z', NULL, 2, 'EUR') AS state) s, nudge.restatements('2024-02-01', s.state, zone => 'Europe/Berlin') r;
