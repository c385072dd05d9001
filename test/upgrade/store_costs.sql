--
-- store_costs.sql
--		Rows of the table of cost roles.
--
-- since version 0.4.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

INSERT INTO nudge.cost_roles VALUES
	('office', 'general_and_administrative', NULL), ('customer_acquisition', 'other', NULL), ('hosting/eu', 'cost_of_revenue', 'infrastructure');
