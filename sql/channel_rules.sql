-- Which channel a visit came by.
SET timezone = 'UTC';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'

-- Every input has a channel: nothing, placeholders of analytics tools, nonsense
SELECT channel_of() AS nothing, channel_of('', '  ', E'\t', '', '') AS blank, channel_of('(direct)', '(none)', '(not set)', '-') AS placeholders,
	channel_of('direct', 'none') AS tagged, channel_of('nobody', 'knows') AS unknown, channel_of(utm_campaign => 'spring') AS campaign_alone;

-- One visit for each channel that ships, and more where one comes close to another
CREATE TEMP TABLE visits (no serial, expected text, s text, m text, c text, r text, k text);
INSERT INTO visits (expected, s, m, c, r, k) VALUES
	('direct', NULL, NULL, NULL, NULL, NULL),
	('cross_network', 'google', 'cpc', 'Spring Cross-Network', NULL, NULL),
	('cross_network', 'google', 'cross-network', NULL, NULL, NULL),
	('paid_shopping', 'ebay.de', 'cpc', NULL, NULL, NULL),
	('paid_shopping', 'google', 'cpc', 'eu_shopping_all', NULL, NULL),
	('paid_shopping', NULL, 'ppc', NULL, 'https://shopping.google.com/x', NULL),
	('paid_search', 'google', 'cpc', 'workshop', NULL, NULL),
	('paid_search', 'Google', 'CPC', NULL, 'https://www.google.com/', 'gclid=x'),
	('paid_search', NULL, 'sem', NULL, NULL, NULL),
	('paid_search', NULL, 'paid', NULL, 'https://www.bing.com/', NULL),
	('paid_search', NULL, 'cpc', NULL, NULL, 'gclid=x'),
	('paid_search', NULL, NULL, NULL, NULL, 'GCLID=EAIaIQobChMI'),
	('paid_search', NULL, NULL, NULL, 'https://www.google.com/', 'gbraid=1'),
	('paid_search', NULL, NULL, NULL, NULL, 'wbraid'),
	('paid_search', NULL, NULL, NULL, NULL, 'msclkid=1'),
	('paid_social', 'facebook', 'cpm', NULL, NULL, NULL),
	('paid_social', 'ads', 'paid-social', NULL, NULL, NULL),
	('paid_social', NULL, 'cpc', NULL, 'https://l.facebook.com/l.php?u=x', NULL),
	('paid_social', NULL, 'cpc', NULL, NULL, 'fbclid=x'),
	('paid_social', NULL, NULL, NULL, NULL, 'ttclid=x'),
	('paid_social', NULL, NULL, NULL, NULL, 'li_fat_id=x'),
	('paid_social', NULL, NULL, NULL, NULL, 'twclid=x'),
	('paid_video', 'youtube', 'cpc', NULL, NULL, 'gclid=x'),
	('paid_video', 'agency', 'cpv', NULL, NULL, NULL),
	('paid_video', NULL, 'paid', NULL, 'm.youtube.com', NULL),
	('display', 'google', 'display', NULL, NULL, 'gclid=x'),
	('display', 'google', 'cpm', NULL, NULL, NULL),
	('display', NULL, NULL, NULL, NULL, 'dclid=x'),
	('paid_other', 'magazine', 'cpc', NULL, NULL, NULL),
	('email', 'newsletter', 'E-Mail', NULL, NULL, NULL),
	('email', 'email', NULL, NULL, NULL, NULL),
	('email', NULL, NULL, NULL, 'https://mail.google.com/mail/u/0/', NULL),
	('email', NULL, NULL, NULL, 'android-app://com.google.android.gm/', NULL),
	('email', NULL, NULL, NULL, NULL, 'mc_eid=1'),
	('sms', 'sms', NULL, NULL, NULL, NULL),
	('sms', 'provider', 'SMS', NULL, NULL, NULL),
	('push', 'app', 'webpush', NULL, NULL, NULL),
	('push', 'firebase', NULL, NULL, NULL, NULL),
	('audio', 'spotify', 'audio', NULL, NULL, NULL),
	('affiliates', 'somebody', 'affiliate', NULL, 'https://www.google.com/', NULL),
	('affiliates', NULL, NULL, NULL, 'https://deals.example', 'irclickid=1'),
	('partner', 'acme', 'partner', NULL, NULL, NULL),
	('organic_shopping', 'amazon', NULL, NULL, NULL, NULL),
	('organic_shopping', NULL, NULL, NULL, NULL, 'srsltid=1'),
	('organic_shopping', 'site', 'post', 'shop spring', NULL, NULL),
	('organic_social', 'linkedin', 'post', NULL, NULL, NULL),
	('organic_social', 'partner.example', 'social', NULL, NULL, NULL),
	('organic_social', NULL, NULL, NULL, 'https://t.co/abc', NULL),
	('organic_social', NULL, NULL, NULL, 'https://example.com', 'fbclid=x'),
	('organic_video', 'vimeo', NULL, NULL, NULL, NULL),
	('organic_video', 'site', 'video-post', NULL, NULL, NULL),
	('organic_video', NULL, NULL, NULL, 'https://youtu.be/x', NULL),
	('organic_search', 'google', 'organic', NULL, NULL, NULL),
	('organic_search', 'unknown-engine', 'organic', NULL, NULL, NULL),
	('organic_search', NULL, NULL, NULL, 'https://www.google.co.uk/', NULL),
	('organic_search', NULL, NULL, NULL, 'https://de.search.yahoo.com/', NULL),
	('ai_assistant', NULL, NULL, NULL, 'https://chatgpt.com/', NULL),
	('ai_assistant', 'chatgpt.com', NULL, NULL, NULL, NULL),
	('ai_assistant', NULL, NULL, NULL, 'https://gemini.google.com/app', NULL),
	('referral', 'blog', 'referral', NULL, NULL, NULL),
	('referral', NULL, NULL, NULL, 'https://docs.google.com/document/d/1', NULL),
	('referral', NULL, NULL, NULL, 'https://blog.example.com/', NULL),
	('referral', NULL, NULL, NULL, 'https://reddit.co', NULL),
	-- a site by any other name: the host ends in its letters, or begins with them
	('referral', NULL, NULL, NULL, 'https://notgoogle.com/', NULL),
	('referral', NULL, NULL, NULL, 'https://facebook.com.example/', NULL),
	-- a source that is tagged counts, and not where the link stood
	('other', 'brochure', NULL, NULL, 'https://www.google.com/', NULL),
	('other', 'brochure', 'print', NULL, NULL, NULL);
SELECT no, expected, channel_of(s, m, c, r, k) AS is, s, m, c, r, k FROM visits WHERE channel_of(s, m, c, r, k) IS DISTINCT FROM expected ORDER BY no;
SELECT expected AS channel, count(*) AS visits FROM visits GROUP BY expected ORDER BY expected COLLATE "C";
-- every channel that a shipped rule gives was tried
SELECT DISTINCT channel FROM shipped_channel_rules EXCEPT SELECT expected FROM visits;

-- Hosts: a rule for each way to write one would match this alone
INSERT INTO channel_rules (rule, channel, referrer) VALUES ('probe', 'probe', '{host.example}');
SELECT r, channel_of(referrer => r) = 'probe' AS found FROM (VALUES
	('https://host.example/'), ('http://host.example'), ('HTTPS://Host.Example/Path'), ('host.example'), ('host.example:8443'), ('host.example:8443/x'), ('//host.example/x'),
	('https://host.example:443/?q=https://other.example'), ('https://user:secret@host.example/'), ('https://a@b@host.example'), ('host.example.'), ('https://host.example?x'),
	('https://host.example#x'), ('host.example/x@other.example'), ('  https://host.example '), ('www.host.example'), ('https://a.b.host.example'), ('android-app://host.example/'),
	('https://nothost.example/'), ('https://host.example.other/'), ('https://other.example/host.example'), ('mailto:me@host.example'), ('javascript:host.example'), ('host.example:port'),
	('/host.example'), ('https:///host.example'), ('https://'), (':'), ('://host.example'), ('host example'), ('example')) v(r);
-- no host is no referrer
SELECT r, channel_of(referrer => r) FROM (VALUES ('about:blank'), ('/pricing'), ('https://'), ('-'), ('localhost:3000/x'), ('[::1]:80'), ('https://[2001:db8::1]:8080/x'), ('[::1'), ('192.0.2.7'), ('täst.example'), ('.'), ('..'), ('?x=y')) v(r);
INSERT INTO channel_rules (rule, channel, referrer) VALUES ('idn', 'found', '{täst.example}'), ('six', 'found', '{[2001:db8::1]}'), ('one', 'found', '{loc_lhost}');
SELECT r, channel_of(referrer => r) FROM (VALUES ('https://www.täst.example:1/x'), ('https://TÄST.example'), ('https://[2001:DB8::1]:8080/x'), ('localhost:3000'), ('loc--lhost')) v(r);

-- Click identifiers: with a value, bare, in a whole query string
INSERT INTO channel_rules (rule, channel, click_id) VALUES ('click', 'click', '{zclid}');
SELECT k, channel_of(click_id => k) = 'click' AS found FROM (VALUES
	('zclid=1'), ('zclid'), ('ZCLID=a=b'), (' zclid=1 '), ('utm_source=x&zclid=1'), ('?a=1&zclid=1&b=2'), ('https://own.example/?zclid=1#top'), ('&&zclid=1'), ('zclid&x'),
	('zclid='), ('zclid=&x=1'), ('x=zclid'), ('azclid=1'), ('1234'), ('=1'), ('?'), ('#zclid=1'), ('https://own.example/zclid')) v(k);

-- Rules of one's own come first, in order; one of the same name takes the place of a shipped one, without a channel it switches it off
DELETE FROM channel_rules;
INSERT INTO channel_rules (rule, position, channel, utm_source, utm_medium, utm_campaign, referrer, click_id, comment) VALUES
	('own_site', 100, 'direct', '{""}', '{""}', NULL, '{own.example,own-shop.example}', '{""}', 'Our own pages'),
	('webinar', 200, 'webinar', NULL, '{webinar%}', NULL, NULL, NULL, NULL),
	('webinar_spring', 150, 'event', NULL, '{webinar}', '{SPRING\_%}', NULL, NULL, NULL),
	('ai_assistant_referrer', 100, NULL, NULL, NULL, NULL, NULL, NULL, 'Assistants are referrals here'),
	('organic_search_referrer', 1650, 'seo', '{""}', NULL, NULL, '{google.%}', NULL, 'Google alone'),
	('fallback', 100000, 'unassigned', NULL, NULL, NULL, NULL, NULL, NULL);
SELECT channel_of(referrer => 'https://www.own.example/pricing') AS self, channel_of('flyer', referrer => 'https://own.example') AS tagged, channel_of('zoom', 'Webinar') AS webinar,
	channel_of('zoom', 'webinar', 'spring_24') AS event, channel_of('zoom', 'webinar', 'spring24') AS no_event, channel_of(referrer => 'chatgpt.com') AS assistant,
	channel_of(referrer => 'www.google.de') AS seo, channel_of(referrer => 'www.bing.com') AS bing, channel_of('nobody', 'knows') AS rest;
SELECT rule, position, channel, shipped FROM channel_rules_in_force WHERE NOT shipped OR rule IN ('ai_assistant_referrer', 'organic_search_referrer', 'direct_nothing') ORDER BY position, shipped, rule COLLATE "C";
-- rules count from the statement after they were written, in PL/pgSQL too
DO $$
DECLARE
	channel text[];
BEGIN
	FOR i IN 1..3 LOOP
		channel := channel || nudge.channel_of('poster');
		INSERT INTO nudge.channel_rules (rule, position, channel, utm_source) VALUES ('poster ' || i, 100 - i, 'poster ' || i, '{poster}');
	END LOOP;
	RAISE NOTICE '%', channel;
END
$$;
-- and not those that were rolled back
DO $$
DECLARE
	channels text[];
BEGIN
	FOR i IN 1..3 LOOP
		BEGIN
			IF i = 2 THEN
				INSERT INTO nudge.channel_rules (rule, position, channel, utm_source) VALUES ('never', 0, 'never', '{poster}');
			END IF;
			channels := channels || nudge.channel_of('poster');
			IF i = 2 THEN
				RAISE division_by_zero;
			END IF;
		EXCEPTION WHEN division_by_zero THEN
			channels := channels || nudge.channel_of('poster');
		END;
	END LOOP;
	RAISE NOTICE '%', channels;
END
$$;
-- equal positions: by name
INSERT INTO channel_rules (rule, position, channel, utm_source) VALUES ('b', 10, 'b', '{tie}'), ('a', 10, 'a', '{tie}'), ('B', 10, 'B', '{tie}');
SELECT channel_of('tie');
DELETE FROM channel_rules;

-- LIKE: _ is a character, \ takes the next as it is; case does not matter in patterns either
INSERT INTO channel_rules (rule, channel, utm_source) VALUES ('like', 'yes', '{A_B,100\\%,x\\_y,%ü_,"",%mid%}');
SELECT s, channel_of(s, 'x') = 'yes' AS matches FROM (VALUES ('axb'), ('aäb'), ('ab'), ('100%'), ('1000'), ('X_Y'), ('xzy'), ('grün'), ('grünt'), ('(not set)'), ('amidst'), ('middle')) v(s);
DELETE FROM channel_rules;

-- More descriptions than answers are kept, and long ones: the same as one by one
SELECT count(*), count(DISTINCT channel) FROM (
	SELECT g, channel_of(s, 'm' || g % 6007, repeat('c', g % 700), r) AS channel FROM generate_series(1, 20000) g, LATERAL (SELECT (ARRAY['google', 'acme', 'facebook'])[1 + g % 3] AS s, (ARRAY['google.com', 'acme.example'])[1 + g % 2] AS r) x) y
WHERE channel = (ARRAY['organic_search', 'other', 'organic_social'])[1 + g % 3];

-- What a table of rules refuses
\pset tuples_only on
\pset format unaligned
CREATE FUNCTION pg_temp.code(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	name text;
BEGIN
	EXECUTE query;
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS name = CONSTRAINT_NAME;
	RETURN SQLSTATE || ' ' || name;
END
$$;
SELECT v, pg_temp.code('INSERT INTO nudge.channel_rules (rule, position, channel, utm_source, referrer) VALUES (' || v || ')')
FROM (VALUES ($$'', 1, 'c', '{x}', NULL$$), ($$NULL, 1, 'c', '{x}', NULL$$), ($$'r', NULL, 'c', '{x}', NULL$$), ($$'r', 1, '', '{x}', NULL$$), ($$'r', 1, 'c', '{}', NULL$$),
	($$'r', 1, 'c', '{x,NULL}', NULL$$), ($$'r', 1, 'c', '{{x},{y}}', NULL$$), ($$'r', 1, 'c', ARRAY['x\'], NULL$$), ($$'r', 1, 'c', NULL, ARRAY['x\\\']$$),
	($$'r', 1, 'c', ARRAY['x\\'], ARRAY['\%', '%\\']$$), ($$'r', 2, 'c', '{x}', NULL$$)) t(v);
DELETE FROM channel_rules;
-- a rule that is rolled back is gone, whatever was asked while it was there
BEGIN ISOLATION LEVEL REPEATABLE READ;
DO $$
DECLARE x text;
BEGIN
	FOR i IN 1 .. 2 LOOP
		BEGIN
			IF i = 1 THEN
				INSERT INTO nudge.channel_rules (rule, channel, utm_source) VALUES ('tmp', 'gone', '{ghost}');
			END IF;
			x := nudge.channel_of('ghost');
			RAISE NOTICE '% %', i, x;
			IF i = 1 THEN
				RAISE EXCEPTION 'back';
			END IF;
		EXCEPTION WHEN raise_exception THEN NULL;
		END;
	END LOOP;
END $$;
COMMIT;
-- a referrer longer than any host costs no more than its length
SET statement_timeout = '10s';
SELECT channel_of(referrer => repeat('a.', 100000)), channel_of(referrer => 'https://' || repeat('a.', 100) || 'google.com/search');
RESET statement_timeout;
-- the shipped rows obey the same constraints, and nobody is let write them
SELECT count(*) FROM pg_constraint WHERE conrelid = 'shipped_channel_rules'::regclass AND contype = 'c';
SELECT c, has_table_privilege('public', c, 'SELECT') AS reads, has_table_privilege('public', c, 'INSERT, UPDATE, DELETE') AS writes
FROM (VALUES ('nudge.channel_rules'), ('nudge.shipped_channel_rules'), ('nudge.channel_rules_in_force')) v(c);
SELECT provolatile, proparallel, proisstrict FROM pg_proc WHERE proname = 'channel_of';
-- whoever may use the schema has channels, and may not change the rules
CREATE ROLE regress_nudge_visitor;
GRANT USAGE ON SCHEMA nudge TO regress_nudge_visitor;
SET ROLE regress_nudge_visitor;
SELECT channel_of('google', 'cpc'), pg_temp.code('INSERT INTO nudge.channel_rules (rule, channel) VALUES (''x'', ''x'')');
RESET ROLE;
REVOKE ALL ON SCHEMA nudge FROM regress_nudge_visitor;
DROP ROLE regress_nudge_visitor;
