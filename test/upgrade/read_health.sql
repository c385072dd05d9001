--
-- read_health.sql
--		The health models, and what they say.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SELECT * FROM nudge.health_models ORDER BY model COLLATE "C", factor COLLATE "C";
SELECT * FROM nudge.health_model_factors();
SELECT nudge.health_score('{"usage": 50, "sponsor": 100}'::jsonb, 'renewal'), nudge.health_score('{"usage": 80, "ü": 50}'::jsonb, 'customer_health'),
	nudge.health_score('{"usage": 80, "outcome": 60}'::jsonb, 'retention_health');
