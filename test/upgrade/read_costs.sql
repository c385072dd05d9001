--
-- read_costs.sql
--		What the table of cost roles says.
--
-- since version 0.4.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SELECT * FROM nudge.cost_roles ORDER BY category COLLATE "C";
SELECT * FROM nudge.cost_role_rules() ORDER BY category COLLATE "C";
