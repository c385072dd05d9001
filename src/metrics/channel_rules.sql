/*
 * channel_rules.sql
 *		Which channel a visit came by, by rules in a table.
 *
 * Definitions: doc/channel_rules.md.
 */

-- Rules ---------------------------------------------------------------------

CREATE FUNCTION nudge.valid_channel_patterns(patterns text[]) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN patterns IS NULL
		-- a plain list, no NULL, and no backslash with nothing behind it
		OR coalesce(array_ndims(patterns) = 1, false) AND array_position(patterns, NULL) IS NULL
			AND NOT EXISTS (SELECT FROM unnest(patterns) p WHERE p ~ '^([^\\]|\\.)*\\$');
COMMENT ON FUNCTION nudge.valid_channel_patterns(text[]) IS
	'Whether a column of channel rules may hold these LIKE patterns. Not STRICT: NULL is no pattern, which is valid';

CREATE TABLE nudge.channel_rules (
	rule text PRIMARY KEY CHECK (rule <> ''),
	position integer NOT NULL DEFAULT 100,
	channel text CHECK (channel <> ''),
	utm_source text[] CHECK (nudge.valid_channel_patterns(utm_source)),
	utm_medium text[] CHECK (nudge.valid_channel_patterns(utm_medium)),
	utm_campaign text[] CHECK (nudge.valid_channel_patterns(utm_campaign)),
	referrer text[] CHECK (nudge.valid_channel_patterns(referrer)),
	click_id text[] CHECK (nudge.valid_channel_patterns(click_id)),
	comment text
);
SELECT pg_catalog.pg_extension_config_dump('nudge.channel_rules', '');
GRANT SELECT ON nudge.channel_rules TO PUBLIC;
COMMENT ON TABLE nudge.channel_rules IS 'Your own rules of channel_of; one named like a shipped rule takes its place';
COMMENT ON COLUMN nudge.channel_rules.rule IS 'Name of the rule';
COMMENT ON COLUMN nudge.channel_rules.position IS 'Rules are tried in this order; shipped ones begin at 1000';
COMMENT ON COLUMN nudge.channel_rules.channel IS 'Channel of what the rule matches; NULL switches a rule off';
COMMENT ON COLUMN nudge.channel_rules.utm_source IS 'LIKE patterns, one of which the source must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules.utm_medium IS 'LIKE patterns, one of which the medium must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules.utm_campaign IS 'LIKE patterns, one of which the campaign must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules.referrer IS 'LIKE patterns, one of which the host of the referrer or a parent domain must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules.click_id IS 'LIKE patterns, one of which the name of a click identifier must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules.comment IS 'What the rule is for';

-- a trusted extension's tables belong to the superuser: whoever created it
-- fills them, and restores them
DO $$
BEGIN
	EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON nudge.channel_rules TO %s WITH GRANT OPTION',
		(SELECT e.extowner::pg_catalog.regrole FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'nudge_metrics'));
END
$$;

-- Shipped with the extension and not edited, so that pg_dump leaves them out:
-- an update may change them, and never meets a row of a user.
CREATE TABLE nudge.shipped_channel_rules (LIKE nudge.channel_rules INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING COMMENTS);
ALTER TABLE nudge.shipped_channel_rules ALTER COLUMN channel SET NOT NULL;
GRANT SELECT ON nudge.shipped_channel_rules TO PUBLIC;
COMMENT ON TABLE nudge.shipped_channel_rules IS 'The rules of channel_of that come with the extension';

CREATE VIEW nudge.channel_rules_in_force AS
	SELECT r.rule, r.position, r.channel, r.utm_source, r.utm_medium, r.utm_campaign, r.referrer, r.click_id, false AS shipped, r.comment
	FROM nudge.channel_rules r WHERE r.channel IS NOT NULL
	UNION ALL
	SELECT s.rule, s.position, s.channel, s.utm_source, s.utm_medium, s.utm_campaign, s.referrer, s.click_id, true, s.comment
	FROM nudge.shipped_channel_rules s
	WHERE NOT EXISTS (SELECT FROM nudge.channel_rules r WHERE r.rule = s.rule);
GRANT SELECT ON nudge.channel_rules_in_force TO PUBLIC;
COMMENT ON VIEW nudge.channel_rules_in_force IS 'The rules that channel_of applies: your own, and those shipped that none of yours replaces';
COMMENT ON COLUMN nudge.channel_rules_in_force.rule IS 'Name of the rule';
COMMENT ON COLUMN nudge.channel_rules_in_force.position IS 'Rules are tried in this order, of equal ones your own first, then by name';
COMMENT ON COLUMN nudge.channel_rules_in_force.channel IS 'Channel of what the rule matches';
COMMENT ON COLUMN nudge.channel_rules_in_force.utm_source IS 'LIKE patterns, one of which the source must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules_in_force.utm_medium IS 'LIKE patterns, one of which the medium must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules_in_force.utm_campaign IS 'LIKE patterns, one of which the campaign must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules_in_force.referrer IS 'LIKE patterns, one of which the host of the referrer or a parent domain must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules_in_force.click_id IS 'LIKE patterns, one of which the name of a click identifier must match; NULL is any';
COMMENT ON COLUMN nudge.channel_rules_in_force.shipped IS 'Whether it came with the extension';
COMMENT ON COLUMN nudge.channel_rules_in_force.comment IS 'What the rule is for';

INSERT INTO nudge.shipped_channel_rules (rule, position, channel, utm_source, utm_medium, utm_campaign, referrer, click_id, comment)
WITH lists AS (
	SELECT
		ARRAY['cpc', 'cpa', 'cpp', 'cpe', 'cpl', 'cpv', 'ppc', 'paid%', '%-cpc', '%\_cpc', '%-ppc', '%\_ppc', 'retargeting', 'remarketing'] AS paid,
		ARRAY['shop%', '%shopping%', '%-shop%', '%\_shop%', '% shop%', '%eshop%', '%e-shop%'] AS shop_campaigns,
		ARRAY['google\_shopping', 'google shopping', 'googleshopping', 'merchant\_center', 'amazon', 'amazon.%', 'ebay', 'ebay.%', 'etsy', 'etsy.%', 'walmart',
			'walmart.%', 'aliexpress', 'aliexpress.%', 'alibaba', 'alibaba.%', 'shopify', 'shop.app', 'shopzilla', 'idealo', 'idealo.%', 'rakuten', 'rakuten.%',
			'mercadolibre', 'mercadolibre.%', 'igshopping'] AS shop_sources,
		ARRAY['shopping.google.%', 'shopping.yahoo.%', 'amazon.%', 'ebay.%', 'etsy.com', 'walmart.%', 'aliexpress.%', 'alibaba.com', 'shop.app', 'shopzilla.%',
			'idealo.%', 'rakuten.%', 'mercadolibre.%', 'mercadolivre.%', 'otto.de', 'zalando.%'] AS shop_hosts,
		ARRAY['google', 'google.%', 'www.google.%', 'googleads', 'google-ads', 'google\_ads', 'google ads', 'adwords', 'bing', 'bing.%', 'bingads', 'microsoft-ads',
			'microsoft ads', 'yahoo', 'yahoo.%', '%.yahoo.%', 'duckduckgo', 'duckduckgo.%', 'ecosia', 'ecosia.%', '%.ecosia.%', 'baidu', 'baidu.%', '%.baidu.%', 'yandex',
			'yandex.%', 'naver', 'naver.%', '%.naver.%', 'seznam', 'seznam.%', '%.seznam.%', 'sogou', 'qwant', 'qwant.%', 'startpage', 'startpage.%', 'brave',
			'search.brave.com', 'daum', 'daum.%', '%.daum.%', 'kagi', 'kagi.com', 'ask', 'ask.com', 'aol', 'aol.%', 'dogpile', 'swisscows'] AS search_sources,
		ARRAY['google.%', 'bing.com', 'search.yahoo.%', 'yahoo.%', 'duckduckgo.com', 'ecosia.org', 'baidu.com', 'yandex.%', 'ya.ru', 'search.naver.com', 'naver.com',
			'seznam.cz', 'sogou.com', 'so.com', 'qwant.com', 'startpage.com', 'search.brave.com', 'daum.net', 'kagi.com', 'ask.com', 'search.aol.%', 'aol.com',
			'dogpile.com', 'swisscows.com', 'mojeek.com', 'metager.org', 'metager.de', 'presearch.com', 'coccoc.com', 'search.lycos.com', 'excite.com', 'search.marginalia.nu',
			'com.google.android.googlequicksearchbox', 'search.google.com'] AS search_hosts,
		ARRAY['facebook', 'facebook.%', '%.facebook.%', 'fb', 'fb.com', 'meta', 'instagram', 'instagram.%', '%.instagram.%', 'ig', 'threads', 'threads.net', 'threads.com',
			'linkedin', 'linkedin.%', '%.linkedin.%', 'lnkd.in', 'twitter', 'twitter.%', 't.co', 'x', 'x.com', 'tiktok', 'tiktok.%', '%.tiktok.%', 'pinterest', 'pinterest.%',
			'%.pinterest.%', 'reddit', 'reddit.%', '%.reddit.%', 'snapchat', 'snapchat.%', 'quora', 'quora.%', 'xing', 'xing.%', 'vk', 'vk.com', 'mastodon', 'mastodon.%',
			'bluesky', 'bsky.app', 'tumblr', 'tumblr.%', 'discord', 'discord.%', 'telegram', 't.me', 'whatsapp', 'whatsapp.%', 'weibo', 'weibo.%', 'hackernews', 'producthunt'] AS social_sources,
		ARRAY['facebook.com', 'fb.com', 'fb.me', 'm.me', 'messenger.com', 'instagram.com', 'threads.net', 'threads.com', 'linkedin.com', 'lnkd.in', 'com.linkedin.android',
			'twitter.com', 't.co', 'x.com', 'tiktok.com', 'pinterest.%', 'pin.it', 'reddit.com', 'redd.it', 'snapchat.com', 'quora.com', 'xing.com', 'vk.com', 'ok.ru',
			'mastodon.%', 'bsky.app', 'tumblr.com', 'discord.com', 'discord.gg', 't.me', 'telegram.me', 'org.telegram.messenger', 'whatsapp.com', 'wa.me', 'weibo.com', 'weibo.cn',
			'douban.com', 'zhihu.com', 'xiaohongshu.com', 'line.me', 'news.ycombinator.com', 'producthunt.com', 'stackoverflow.com', 'stackexchange.com', 'meetup.com',
			'com.facebook.katana', 'com.instagram.android', 'com.twitter.android', 'com.reddit.frontpage'] AS social_hosts,
		ARRAY['youtube', 'youtube.%', '%.youtube.%', 'youtu.be', 'vimeo', 'vimeo.%', 'wistia', 'wistia.%', 'dailymotion', 'dailymotion.%', 'twitch', 'twitch.%', 'netflix',
			'hulu', 'disneyplus', 'bilibili', 'iqiyi', 'youku', 'rumble', 'loom'] AS video_sources,
		ARRAY['youtube.com', 'youtu.be', 'youtube-nocookie.com', 'vimeo.com', 'wistia.com', 'wistia.net', 'dailymotion.com', 'twitch.tv', 'netflix.com', 'hulu.com',
			'disneyplus.com', 'bilibili.com', 'iqiyi.com', 'youku.com', 'rumble.com', 'loom.com', 'ted.com', 'com.google.android.youtube'] AS video_hosts,
		ARRAY['mail.%', 'webmail.%', 'email.%', 'com.google.android.gm', 'outlook.live.com', 'outlook.office.com', 'outlook.office365.com', 'outlook.com', 'gmx.%', 'web.de',
			'proton.me', 'protonmail.com', 'tutanota.com', 'fastmail.com', 'navigator-bs.gmx.%', 'deref-%', 'com.microsoft.office.outlook', 'com.yahoo.mobile.client.android.mail',
			'hey.com', 'mailchi.mp', 'campaign-archive.com', 'list-manage.com', 'superhuman.com'] AS mail_hosts,
		ARRAY['email', 'e-mail', 'e\_mail', 'e mail'] AS email_words,
		ARRAY['chatgpt.com', 'chat.openai.com', 'openai.com', 'perplexity.ai', 'claude.ai', 'gemini.google.com', 'bard.google.com', 'copilot.microsoft.com', 'chat.mistral.ai',
			'chat.deepseek.com', 'you.com', 'poe.com', 'meta.ai', 'grok.com', 'phind.com'] AS assistant_hosts,
		ARRAY['chatgpt', 'chatgpt.com', 'openai', 'perplexity', 'perplexity.ai', 'claude', 'claude.ai', 'gemini', 'copilot', 'grok', 'deepseek'] AS assistant_sources,
		ARRAY['gclid', 'gbraid', 'wbraid', 'msclkid', 'yclid'] AS search_clicks,
		ARRAY['ttclid', 'twclid', 'li\_fat\_id', 'sccid', 'rdt\_cid', 'epik'] AS social_clicks,
		ARRAY[''] AS nothing
)
SELECT r.rule, r.position, r.channel, r.utm_source, r.utm_medium, r.utm_campaign, r.referrer, r.click_id, r.comment
FROM lists l, LATERAL (VALUES
	('direct_nothing', 1000, 'direct', nothing, nothing, nothing, nothing, nothing, 'Nothing is known'),
	('direct_source', 1010, 'direct', ARRAY['direct'], ARRAY['', 'none', 'direct'], NULL, NULL, nothing, 'Tagged as direct'),
	('cross_network_campaign', 1020, 'cross_network', NULL, NULL, ARRAY['%cross-network%', '%cross\_network%'], NULL, NULL, 'Campaigns that run on several networks'),
	('cross_network_medium', 1030, 'cross_network', NULL, ARRAY['cross-network', 'cross\_network'], NULL, NULL, NULL, NULL),
	-- paid, by medium and site
	('paid_shopping_source', 1100, 'paid_shopping', shop_sources, paid, NULL, NULL, NULL, 'Paid medium, shopping site'),
	('paid_shopping_campaign', 1110, 'paid_shopping', NULL, paid, shop_campaigns, NULL, NULL, 'Paid medium, campaign of a shop'),
	('paid_shopping_referrer', 1120, 'paid_shopping', nothing, paid, NULL, shop_hosts, NULL, NULL),
	('paid_search_medium', 1130, 'paid_search', NULL, ARRAY['paidsearch', 'paid-search', 'paid\_search', 'paid search', 'sem'], NULL, NULL, NULL, 'The medium says it'),
	('paid_social_medium', 1140, 'paid_social', NULL, ARRAY['paidsocial', 'paid-social', 'paid\_social', 'paid social'], NULL, NULL, NULL, 'The medium says it'),
	('paid_video_medium', 1150, 'paid_video', NULL, ARRAY['paidvideo', 'paid-video', 'paid\_video', 'paid video', 'cpv'], NULL, NULL, NULL, 'The medium says it'),
	('paid_search_source', 1160, 'paid_search', search_sources, paid, NULL, NULL, NULL, 'Paid medium, search engine'),
	('paid_search_referrer', 1170, 'paid_search', nothing, paid, NULL, search_hosts, NULL, NULL),
	('paid_social_source', 1180, 'paid_social', social_sources, paid || ARRAY['cpm'], NULL, NULL, NULL, 'Paid medium, social network'),
	('paid_social_referrer', 1190, 'paid_social', nothing, paid || ARRAY['cpm'], NULL, social_hosts, NULL, NULL),
	('paid_video_source', 1200, 'paid_video', video_sources, paid || ARRAY['cpm'], NULL, NULL, NULL, 'Paid medium, video site'),
	('paid_video_referrer', 1210, 'paid_video', nothing, paid || ARRAY['cpm'], NULL, video_hosts, NULL, NULL),
	('paid_search_medium_click', 1212, 'paid_search', NULL, paid, NULL, NULL, search_clicks, 'Paid medium, click of a search engine'),
	('paid_social_medium_click', 1214, 'paid_social', NULL, paid || ARRAY['cpm'], NULL, NULL, social_clicks || ARRAY['fbclid'], 'Paid medium, click of a social network'),
	('display_medium', 1220, 'display', NULL, ARRAY['display', 'banner', 'expandable', 'interstitial', 'cpm', 'native', 'programmatic', 'gdn'], NULL, NULL, NULL, NULL),
	('paid_other_medium', 1230, 'paid_other', NULL, paid, NULL, NULL, NULL, 'Paid, none of the above'),
	-- by words
	('email_source', 1300, 'email', email_words, NULL, NULL, NULL, NULL, NULL),
	('email_medium', 1310, 'email', NULL, email_words || ARRAY['newsletter', 'mailing'], NULL, NULL, NULL, NULL),
	('sms_source', 1320, 'sms', ARRAY['sms', 'mms'], NULL, NULL, NULL, NULL, NULL),
	('sms_medium', 1330, 'sms', NULL, ARRAY['sms', 'mms', 'text-message', 'text\_message', 'text message'], NULL, NULL, NULL, NULL),
	('push_medium', 1340, 'push', NULL, ARRAY['%push', '%mobile%', '%notification%'], NULL, NULL, NULL, 'Push messages to a phone or browser'),
	('push_source', 1350, 'push', ARRAY['firebase'], NULL, NULL, NULL, NULL, NULL),
	('audio_medium', 1360, 'audio', NULL, ARRAY['audio', 'podcast'], NULL, NULL, NULL, NULL),
	('affiliates_medium', 1370, 'affiliates', NULL, ARRAY['affiliate', 'affiliates'], NULL, NULL, NULL, NULL),
	('partner_medium', 1380, 'partner', NULL, ARRAY['partner', 'partners', 'partnership', 'reseller', 'partner-%', 'partner\_%'], NULL, NULL, NULL, NULL),
	-- by click identifier, where the medium has not said it
	('paid_search_click', 1400, 'paid_search', NULL, NULL, NULL, NULL, search_clicks, 'Google Ads, Microsoft Advertising, Yandex Direct'),
	('display_click', 1410, 'display', NULL, NULL, NULL, NULL, ARRAY['dclid'], 'Google Marketing Platform'),
	('paid_social_click', 1420, 'paid_social', NULL, NULL, NULL, NULL, social_clicks, 'TikTok, X, LinkedIn, Snapchat, Reddit, Pinterest'),
	('affiliates_click', 1430, 'affiliates', NULL, NULL, NULL, NULL, ARRAY['irclickid', 'cjevent', 'awc'], 'Impact, CJ, Awin'),
	('email_click', 1440, 'email', NULL, NULL, NULL, NULL, ARRAY['mc\_cid', 'mc\_eid', '\_hsenc', '\_hsmi', 'mkt\_tok'], 'Mailchimp, HubSpot, Marketo'),
	('organic_shopping_click', 1450, 'organic_shopping', NULL, NULL, NULL, NULL, ARRAY['srsltid'], 'Free listings of Google Merchant Center'),
	('organic_social_click', 1460, 'organic_social', NULL, ARRAY[''], NULL, NULL, ARRAY['fbclid', 'igshid', 'igsh'], 'Facebook and Instagram add them to links of all kinds, paid or not'),
	-- organic, by site or medium
	('ai_assistant_source', 1500, 'ai_assistant', assistant_sources, NULL, NULL, NULL, NULL, 'Answers of assistants'),
	('ai_assistant_referrer', 1510, 'ai_assistant', nothing, NULL, NULL, assistant_hosts, NULL, NULL),
	('organic_shopping_source', 1520, 'organic_shopping', shop_sources, NULL, NULL, NULL, NULL, NULL),
	('organic_shopping_campaign', 1530, 'organic_shopping', NULL, NULL, shop_campaigns, NULL, NULL, NULL),
	('organic_shopping_referrer', 1540, 'organic_shopping', nothing, NULL, NULL, shop_hosts, NULL, NULL),
	('organic_social_source', 1550, 'organic_social', social_sources, NULL, NULL, NULL, NULL, NULL),
	('organic_social_medium', 1560, 'organic_social', NULL, ARRAY['social', 'social-network', 'social\_network', 'social network', 'social-media', 'social\_media', 'social media', 'sm'], NULL, NULL, NULL, NULL),
	('organic_social_referrer', 1570, 'organic_social', nothing, NULL, NULL, social_hosts, NULL, NULL),
	('organic_video_source', 1580, 'organic_video', video_sources, NULL, NULL, NULL, NULL, NULL),
	('organic_video_medium', 1590, 'organic_video', NULL, ARRAY['%video%'], NULL, NULL, NULL, NULL),
	('organic_video_referrer', 1600, 'organic_video', nothing, NULL, NULL, video_hosts, NULL, NULL),
	('email_referrer', 1610, 'email', nothing, NULL, NULL, mail_hosts, NULL, 'Mail read in a browser; before search, since mail.google.com is no search'),
	('referral_not_search', 1620, 'referral', nothing, ARRAY[''], NULL, ARRAY['docs.google.%', 'sites.google.%', 'drive.google.%', 'groups.google.%', 'calendar.google.%',
		'meet.google.%', 'classroom.google.%', 'accounts.google.%', 'play.google.%', 'news.google.%', 'cloud.google.%', 'support.google.%', 'finance.yahoo.%', 'news.yahoo.%'],
		NULL, 'Pages of search engines that are no search'),
	('organic_search_source', 1630, 'organic_search', search_sources, NULL, NULL, NULL, NULL, NULL),
	('organic_search_medium', 1640, 'organic_search', NULL, ARRAY['organic'], NULL, NULL, NULL, NULL),
	('organic_search_referrer', 1650, 'organic_search', nothing, NULL, NULL, search_hosts, NULL, NULL),
	('referral_medium', 1700, 'referral', NULL, ARRAY['referral', 'app', 'link'], NULL, NULL, NULL, NULL),
	('referral_referrer', 1710, 'referral', nothing, ARRAY[''], NULL, ARRAY['_%'], NULL, 'A site that is none of the above')
) r(rule, position, channel, utm_source, utm_medium, utm_campaign, referrer, click_id, comment);

-- The channel ---------------------------------------------------------------

CREATE FUNCTION nudge.channel_of(
	utm_source text DEFAULT NULL,
	utm_medium text DEFAULT NULL,
	utm_campaign text DEFAULT NULL,
	referrer text DEFAULT NULL,
	click_id text DEFAULT NULL
) RETURNS text
	AS 'MODULE_PATHNAME', 'nm_channel_of' LANGUAGE C STABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION nudge.channel_of(text, text, text, text, text) IS
	'The channel of a visit: that of the first rule in force that matches, other if none does. Not STRICT: NULL is the same as an empty text';
