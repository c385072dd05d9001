-- How far users come on a path that they should take.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET search_path = nudge, public;
\pset null '(null)'

-- a letter an hour: S signup, I import, C campaign, E send
CREATE TEMP TABLE st AS
	SELECT sequence_agg(split_part(u, ':', 1), timestamptz '2024-01-01 00:00+00' + o * interval '1 hour', (ARRAY['signup', 'import_contacts', 'create_campaign', 'send', 'other'])[strpos('SICEx', l)]) AS s
	FROM unnest('{1:SICE,2:SxxIxC,3:SI,4:S,5:SxxxxxxxI,6:ICE,7:ISCE,8:SIxxxxxxxxxCE}'::text[]) u, string_to_table(split_part(u, ':', 2), NULL) WITH ORDINALITY x(l, o);
SELECT c.* FROM st, critical_path(s, '{signup,import_contacts,create_campaign,send}') c;
SELECT c.* FROM st, critical_path(s, '{signup,import_contacts,create_campaign,send}', '4 hours') c;
SELECT c.* FROM st, critical_path(s, '{signup,import_contacts,create_campaign,send}', as_of => '2024-01-01 03:00+00') c;
-- the drop-off of a step, and of all before it
SELECT bool_and(users + drop_off = before) AS adds_up FROM (SELECT users, drop_off, coalesce(lag(users) OVER (ORDER BY step), users) AS before FROM st, critical_path(s, '{signup,import_contacts,create_campaign,send}')) x;
-- nobody, and no state
SELECT c.* FROM st, critical_path(s, '{nothing,signup}') c;
SELECT count(*) FROM critical_path(NULL, '{signup,send}');
SELECT count(*) FROM st, critical_path(s, NULL);
