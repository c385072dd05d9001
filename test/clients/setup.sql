--
-- setup.sql
--		The database that clients connect to: the made-up company as marts and views,
--		and the roles that read it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
CREATE EXTENSION nudge_metrics;
\ir ../../tools/company.sql
SET client_min_messages = warning;
SELECT count(*) AS statements FROM nudge.create_roles() \gset
\getenv password PGPASSWORD
CREATE ROLE dashboards LOGIN PASSWORD :'password' IN ROLE nudge_viewer;
CREATE ROLE transformer LOGIN PASSWORD :'password' IN ROLE nudge_analyst;
CREATE ROLE mapper LOGIN PASSWORD :'password' IN ROLE nudge_owner;
\ir stripe.sql
GRANT USAGE ON SCHEMA stripe TO transformer;
GRANT SELECT ON ALL TABLES IN SCHEMA stripe TO transformer;
-- where a client makes what it makes, and where one looks whose search_path is not ours
CREATE SCHEMA scratch AUTHORIZATION transformer;
CREATE SCHEMA elsewhere;
GRANT USAGE ON SCHEMA elsewhere TO dashboards;
CREATE TABLE elsewhere.mrr_summary (nobody_may_read_this integer);
