--
-- store_sales.sql
--		Rows of the table of stages of the pipeline.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

INSERT INTO nudge.sales_stages VALUES
	('lead', 1, 0.1, false), ('proposal', 2, NULL, true), ('négociation', 3, 0.75, true);
