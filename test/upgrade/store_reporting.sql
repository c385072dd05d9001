--
-- store_reporting.sql
--		A target and an annotation.
--
-- since version 0.6.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SELECT nudge.set_target('logo_churn_rate', 0.02, 'minimum', '2024-01-01', note => 'board of December');
SELECT nudge.set_target('mrr', 1000.5, period_start => '2024-01-01', currency => 'EUR');
SELECT nudge.set_target('mrr', NULL, period_start => '2024-06-01', currency => 'EUR');
SELECT nudge.annotate('2024-03-01', 'price change', 'Pro costs 80', 'mrr');
