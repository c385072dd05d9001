--
-- reports_store.sql
--		What people have made of the views for BI tools: grants, views on top,
--		comments, and what a tool remembers of their columns; audiences.
--
-- In a database of its own. since version 0.6.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET client_min_messages = warning;
CREATE TABLE mapped_prices (item integer PRIMARY KEY, customer text, plan text, starts timestamptz, ends timestamptz, amount numeric);
INSERT INTO mapped_prices SELECT n, 'c' || n % 20, 'pro', timestamptz '2024-01-01Z' + make_interval(days => n * 7), CASE WHEN n % 3 = 0 THEN timestamptz '2024-06-01Z' + make_interval(days => n * 11) END, 10 + n FROM generate_series(1, 60) n;
SELECT nudge.map_source('subscriptions', 'mapped_prices', '{"valid_from": "starts", "valid_to": "ends", "interval_unit": "''month''", "interval_count": "1", "currency": "''EUR''", "status": "''active''"}');
CREATE TABLE mapped_accounts (customer text PRIMARY KEY, created_at timestamptz, segment text);
INSERT INTO mapped_accounts SELECT 'c' || n, '2023-12-01Z', CASE WHEN n < 12 THEN 'small' ELSE 'large' END FROM generate_series(0, 19) n;
SELECT nudge.map_source('customers', 'mapped_accounts');
DO $$
DECLARE
	one text;
BEGIN
	-- roles are of the server, and databases come one after the other
	FOREACH one IN ARRAY '{upgrade_reader,upgrade_customer,upgrade_unmapped}'::text[] LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = one) THEN
			EXECUTE format('CREATE ROLE %I', one);
		END IF;
	END LOOP;
END
$$;
SELECT count(*) > 0 FROM nudge.create_audiences(prefix => 'upgrade_');
SELECT count(*) > 0 FROM nudge.deploy(currency => 'EUR', week_start => 'sunday');
CALL nudge.run_due();
GRANT upgrade_customers TO upgrade_customer, upgrade_unmapped;
INSERT INTO nudge.external_customers (role_name, customer) VALUES ('upgrade_customer', 'c1'), ('upgrade_customer', 'c2');
SELECT nudge.set_audience('upgrade_board', 'board', metrics => '{mrr,paying_customers}', dimensions => '{segment}', minimum_customers => 3);
SELECT nudge.set_target('mrr', 1000, period_start => '2024-01-01', currency => 'EUR');
SELECT nudge.annotate('2024-03-01', 'launch', 'Reports');
GRANT USAGE ON SCHEMA nudge_reporting TO upgrade_reader;
GRANT SELECT ON nudge_reporting.mrr_monthly TO upgrade_reader WITH GRANT OPTION;
GRANT SELECT (metric, value) ON nudge_reporting.kpi_current TO upgrade_reader;
CREATE VIEW nudge_reporting.board AS SELECT m.period_start, m.closing_mrr, k.value AS mrr_now FROM nudge_reporting.mrr_monthly m JOIN nudge_reporting.kpi_current k ON k.metric = 'mrr';
COMMENT ON VIEW nudge_reporting.board IS 'One row per month. Ours';
COMMENT ON COLUMN nudge_reporting.board.mrr_now IS 'MRR of the last month that is over';
GRANT SELECT ON nudge_reporting.board TO upgrade_reader;
CREATE VIEW board_outside AS SELECT * FROM nudge_external.company_mrr_monthly;
-- as a BI tool remembers them
CREATE TABLE remembered AS
	SELECT n.nspname::text AS space, c.relname::text AS view_name, a.attnum AS place, a.attname::text AS column_name, format_type(a.atttypid, a.atttypmod) AS type
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE n.nspname IN ('nudge_reporting', 'nudge_external') AND c.relkind = 'v';
