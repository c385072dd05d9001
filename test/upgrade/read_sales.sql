--
-- read_sales.sql
--		What the table of stages says.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SELECT * FROM nudge.sales_stages ORDER BY stage COLLATE "C";
