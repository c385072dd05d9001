--
-- channel_rules.sql
--		Channels against the same rules in plain SQL, and what must not matter.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed channel_rules
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SELECT plan(9);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset

-- one of the words of a list, or none
CREATE FUNCTION pg_temp.pick(words text[], emptiness double precision) RETURNS text LANGUAGE sql VOLATILE
	RETURN CASE WHEN random() >= emptiness THEN words[1 + floor(random() * cardinality(words))::integer] ELSE '' END;

-- Visits as plain texts: source, medium, campaign, host, names of click identifiers
CREATE TEMP TABLE visit AS
SELECT g AS id,
	pg_temp.pick('{google,facebook,youtube,amazon,email,sms,firebase,direct,acme,chatgpt,x,own,bing.com,www.google.de,e_mail,100%}', 0.4) AS s,
	pg_temp.pick('{cpc,paid_social,cpm,display,email,newsletter,webpush,audio,affiliate,partner,organic,social,video,referral,none,weird,cpv,sem,brand-cpc,e mail}', 0.4) AS m,
	pg_temp.pick('{spring,shop summer,eu_shopping,cross-network,workshop,webinar_5}', 0.6) AS c,
	pg_temp.pick('{google.com,www.google.co.uk,mail.google.com,docs.google.com,l.facebook.com,t.co,notgoogle.com,blog.example.org,m.youtube.com,de.search.yahoo.com,chatgpt.com,amazon.de,own.example,localhost,com.google.android.gm,facebook.com.example}', 0.4) AS h,
	CASE WHEN random() < 0.4 THEN ARRAY[pg_temp.pick('{gclid,msclkid,dclid,fbclid,ttclid,li_fat_id,mc_eid,zzz,srsltid,rdt-cid}', 0)] || CASE WHEN random() < 0.3 THEN ARRAY['utm_id', 'gbraid'] END
		ELSE '{}' END AS k
FROM generate_series(1, 3000) g;

-- The rules in plain SQL
CREATE FUNCTION pg_temp.matches(value text, patterns text[]) RETURNS boolean LANGUAGE sql
	RETURN patterns IS NULL OR value LIKE ANY (lower(patterns::text)::text[]);
CREATE FUNCTION pg_temp.any_matches(candidates text[], patterns text[]) RETURNS boolean LANGUAGE sql
	RETURN patterns IS NULL OR EXISTS (SELECT FROM unnest(candidates) value WHERE value LIKE ANY (lower(patterns::text)::text[]));
CREATE FUNCTION pg_temp.domains(host text) RETURNS text[] LANGUAGE sql
	RETURN ARRAY(SELECT array_to_string((string_to_array(host, '.'))[i:], '.') FROM generate_series(1, greatest(1, cardinality(string_to_array(host, '.')))) i);
CREATE VIEW pg_temp.expected AS
	SELECT v.id, coalesce((SELECT r.channel FROM nudge.channel_rules_in_force r
		WHERE pg_temp.matches(v.s, r.utm_source) AND pg_temp.matches(v.m, r.utm_medium) AND pg_temp.matches(v.c, r.utm_campaign)
			AND pg_temp.any_matches(pg_temp.domains(v.h), r.referrer)
			AND pg_temp.any_matches(CASE v.k WHEN '{}' THEN ARRAY[''] ELSE v.k END, r.click_id)
		ORDER BY r.position, r.shipped, r.rule COLLATE "C" LIMIT 1), 'other') AS channel
	FROM visit v;
CREATE VIEW pg_temp.found AS
	SELECT v.id, nudge.channel_of(v.s, v.m, v.c, v.h, array_to_string(v.k, '&')) AS channel FROM visit v;

SELECT is_empty('SELECT * FROM pg_temp.expected EXCEPT SELECT * FROM pg_temp.found', 'channels are those of the rules in plain SQL');
SELECT is_empty('SELECT * FROM pg_temp.found WHERE channel IS NULL OR channel <> ''other'' AND channel NOT IN (SELECT channel FROM nudge.shipped_channel_rules)',
	'every visit has a channel that is known');
SELECT cmp_ok((SELECT count(DISTINCT channel) FROM pg_temp.found), '>=', 18::bigint, 'the visits come by most channels');

-- In another dress
SELECT is_empty($$
	SELECT v.id, nudge.channel_of('  ' || upper(v.s), initcap(v.m) || E'\t', upper(v.c),
		CASE WHEN v.h = '' THEN '-' ELSE (ARRAY['https://', 'HTTP://', '//', 'android-app://', 'https://me:secret@', ''])[1 + v.id % 6] || upper(v.h)
			|| (ARRAY['', ':8443', '.', '/', ':80/a@b?c=https://google.com', '?q=x', '#y'])[1 + v.id % 7] END,
		(SELECT string_agg(upper(k) || '=' || (ARRAY['1', 'a=b', 'X'])[1 + v.id % 3], '&') FROM unnest(v.k) k)) AS channel
	FROM visit v EXCEPT SELECT * FROM pg_temp.found
$$, 'case, blanks, scheme, user, port, path and values do not matter');
SELECT is_empty($$
	SELECT v.id, nudge.channel_of(nullif(v.s, ''), CASE v.m WHEN '' THEN '(none)' ELSE v.m END, CASE v.c WHEN '' THEN '(not set)' ELSE v.c END,
		CASE v.h WHEN '' THEN 'about:blank' ELSE v.h END, CASE v.k WHEN '{}' THEN 'gclid=' ELSE 'x=&' || array_to_string(v.k, '&') END)
	FROM visit v EXCEPT SELECT * FROM pg_temp.found
$$, 'NULL, placeholders, no host and no value are nothing');
SELECT results_eq('SELECT id, channel FROM (SELECT v.*, nudge.channel_of(v.s, v.m, v.c, v.h, array_to_string(v.k, ''&'')) AS channel FROM (SELECT * FROM visit ORDER BY md5(id::text)) v) w ORDER BY id',
	'SELECT id, channel FROM pg_temp.found ORDER BY id', 'the order of visits does not matter');

-- With rules of one's own: at random positions, some of them replacing or switching off
INSERT INTO nudge.channel_rules (rule, position, channel, utm_source, utm_medium, utm_campaign, referrer, click_id)
SELECT CASE WHEN g % 3 = 0 THEN (SELECT rule FROM nudge.shipped_channel_rules ORDER BY rule OFFSET g LIMIT 1) ELSE 'own ' || g END, (g * 379) % 1800,
	CASE WHEN g % 6 <> 0 THEN 'own_' || g % 5 END,
	CASE WHEN g % 4 = 0 THEN ARRAY['%OO%', 'x', '100\%'] END, CASE WHEN g % 4 = 1 THEN ARRAY['_p_', '%paid%'] END, CASE WHEN g % 5 = 2 THEN ARRAY['%shop%', 'webinar\_%'] END,
	CASE WHEN g % 4 = 2 THEN ARRAY['example.%', 'google.%', 'own.example'] END, CASE WHEN g % 4 = 3 THEN ARRAY['%clid', 'mc\__id', ''] END
FROM generate_series(1, 30) g;
SELECT is_empty('SELECT * FROM pg_temp.expected EXCEPT SELECT * FROM pg_temp.found', 'channels are those of shipped and own rules in plain SQL');
SELECT cmp_ok((SELECT count(*) FROM pg_temp.found WHERE channel LIKE 'own%'), '>', 100::bigint, 'own rules match');
DELETE FROM nudge.channel_rules;
SELECT is_empty('SELECT * FROM pg_temp.expected EXCEPT SELECT * FROM pg_temp.found', 'without own rules all is as it was');

SELECT * FROM finish();
ROLLBACK;
