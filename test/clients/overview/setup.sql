--
-- setup.sql
--		Texts that try to be markup, on the company of tools/company.sql: the
--		customer that pays most has them, an annotation, and a segment.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET client_min_messages = warning;
UPDATE company.customers SET name = :'nasty' || ' & "Sons" O''Neil' || U&'\2028',
	industry = '<i>' || :'nasty' || '</i>' WHERE customer = (SELECT customer FROM nudge_reporting.customer_revenue_monthly WHERE complete ORDER BY period_start DESC, closing_mrr DESC, customer LIMIT 1);
SELECT nudge.annotate(date_trunc('month', now() - interval '3 months')::date, 'launch', :'nasty') \gset
-- targets of each kind, one met and one missed
SELECT nudge.set_target('mrr', 1000, period_start => '2020-01-01', currency => 'USD'), nudge.set_target('arr', 500000, 'benchmark', period_start => '2020-01-01', currency => 'USD'), nudge.set_target('arr', 99999999, period_start => '2020-01-01', currency => 'USD'),
	nudge.set_target('mrr', 40000, 'plan', period_start => '2020-01-01', currency => 'USD'), nudge.set_target('new_mrr', 1500, 'plan', period_start => '2020-01-01', currency => 'USD') \gset
CALL nudge.refresh('mrr_by_dimension');
SELECT count(*) AS roles FROM nudge.create_roles() \gset
DROP ROLE IF EXISTS overview_reader;
CREATE ROLE overview_reader LOGIN IN ROLE nudge_viewer;
ALTER ROLE overview_reader SET default_transaction_read_only = on;
