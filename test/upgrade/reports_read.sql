--
-- reports_read.sql
--		Whether deploy() leaves what people have made of the views.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET client_min_messages = warning;
SELECT count(*) > 0 FROM nudge.deploy();
SELECT zone, week_start, currency FROM nudge.deployment;
-- columns only grow, at the end
SELECT 'moved', r.* FROM remembered r WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass(format('%I.%I', r.space, r.view_name)) AND (a.attnum, a.attname::text, format_type(a.atttypid, a.atttypmod)) = (r.place, r.column_name, r.type));
-- grants, also of columns, with their options
SELECT DISTINCT r.space, r.view_name, c.relkind, c.reloptions, g.grantee::regrole, g.privilege_type, g.is_grantable FROM remembered r JOIN pg_class c ON c.oid = format('%I.%I', r.space, r.view_name)::regclass, LATERAL aclexplode(c.relacl) g ORDER BY 1, 2, 5, 6;
SELECT r.space, r.view_name, r.column_name, g.grantee::regrole, g.privilege_type FROM remembered r JOIN pg_attribute a ON a.attrelid = format('%I.%I', r.space, r.view_name)::regclass AND a.attname = r.column_name, LATERAL aclexplode(a.attacl) g ORDER BY 1, 2, r.place;
SELECT n.nspname, g.grantee::regrole, g.privilege_type FROM pg_namespace n, LATERAL aclexplode(n.nspacl) g WHERE n.nspname ~ '^nudge_' ORDER BY 1, 2, 3;
-- comments, of ours and theirs
SELECT DISTINCT r.space, r.view_name, obj_description(format('%I.%I', r.space, r.view_name)::regclass) IS NOT NULL AS commented FROM remembered r ORDER BY 1, 2;
SELECT r.view_name, r.column_name, col_description(format('%I.%I', r.space, r.view_name)::regclass, r.place) FROM remembered r WHERE r.view_name = 'board' ORDER BY r.place;
-- views on top answer
SELECT * FROM nudge_reporting.board WHERE period_start BETWEEN '2024-03-01' AND '2024-05-01' ORDER BY period_start;
SELECT count(*) > 10, count(DISTINCT closing_mrr) > 5 FROM board_outside;
SELECT metric, kind, value FROM nudge.targets;
SELECT day, text FROM nudge.annotations;
-- audiences
SELECT * FROM nudge.grant_audiences();
SELECT * FROM nudge.check_audiences();
SELECT role_name, audience, department, subjects, metrics, dimensions, minimum_customers FROM nudge.audiences ORDER BY role_name;
SELECT tablename, policyname, permissive, roles, cmd, qual FROM pg_policies WHERE schemaname = 'nudge_analytics' ORDER BY 1, 2;
SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relnamespace = 'nudge_analytics'::regnamespace AND relkind = 'r' AND relrowsecurity ORDER BY 1;
SET ROLE upgrade_customer;
SELECT customer, account_status, current_mrr FROM nudge_external.own_account ORDER BY 1;
SELECT count(*), count(DISTINCT customer) FROM nudge_external.own_mrr_monthly WHERE period_start < '2024-12-01';
SET ROLE upgrade_unmapped;
SELECT count(*) FROM nudge_external.own_mrr_monthly;
SET ROLE upgrade_board;
SELECT DISTINCT metric FROM nudge_external.company_metric_values ORDER BY 1;
SET ROLE upgrade_reader;
SELECT count(*) > 10 FROM nudge_reporting.mrr_monthly;
SELECT metric FROM nudge_reporting.kpi_current WHERE metric = 'mrr';
RESET ROLE;
