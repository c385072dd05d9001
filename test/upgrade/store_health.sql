--
-- store_health.sql
--		A health model, and one in the place of a shipped one.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

INSERT INTO nudge.health_models VALUES
	('renewal', 'usage', 2, 0.6), ('renewal', 'sponsor', 1, 0.4), ('customer_health', 'usage', 1, 0.333333333), ('customer_health', 'ü', 1, 0.666666667);
