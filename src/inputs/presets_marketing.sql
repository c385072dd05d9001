/*
 * presets_marketing.sql
 *		The presets of web analytics and of ads: Google Analytics, Google, Facebook
 *		and LinkedIn ads.
 *
 * Rules: doc/presets.md.
 */

-- Google Analytics: as BigQuery exports it, with its lists as JSON, or as the
-- connector of that export flattens it.  One query over either.
INSERT INTO nudge.shipped_presets (preset, source, variant, input, zone, note, tables, query)
SELECT 'google_analytics', v.source, n.variant, v.source, 'UTC', v.note, n.tables, 'WITH hits AS NOT MATERIALIZED (' || n.hits || ')' || v.query
FROM (VALUES
	(1, jsonb '{
		"events": {"event_timestamp": "numeric!", "event_name": "text!", "user_pseudo_id": "text!", "user_id": "text", "event_params": "jsonb!", "collected_traffic_source": "jsonb", "event_value_in_usd": "numeric", "batch_event_index": "numeric"}
	}', $query$
	SELECT timestamptz '1970-01-01 00:00:00+00' + e.event_timestamp::double precision * interval '1 microsecond' AS at, e.event_name AS name, nullif(e.user_id, '') AS user_id, e.user_pseudo_id AS visitor, e.batch_event_index::integer AS place,
		e.event_value_in_usd AS value, p.all_of ->> 'ga_session_id' AS session, p.all_of ->> 'page_location' AS page, p.all_of ->> 'page_referrer' AS referrer, (p.all_of ->> 'engagement_time_msec')::numeric AS engaged,
		coalesce(e.collected_traffic_source ->> 'manual_source', p.all_of ->> 'source') AS source, coalesce(e.collected_traffic_source ->> 'manual_medium', p.all_of ->> 'medium') AS medium,
		coalesce(e.collected_traffic_source ->> 'manual_campaign_name', p.all_of ->> 'campaign') AS campaign, coalesce(e.collected_traffic_source ->> 'gclid', p.all_of ->> 'gclid') AS gclid, p.all_of AS properties
	FROM {{events}} AS e
	CROSS JOIN LATERAL (
		SELECT jsonb_object_agg(k.pair ->> 'key', coalesce(k.pair #>> '{value,string_value}', k.pair #>> '{value,int_value}', k.pair #>> '{value,double_value}', k.pair #>> '{value,float_value}')) AS all_of
		FROM jsonb_array_elements(CASE jsonb_typeof(e.event_params) WHEN 'array' THEN e.event_params ELSE '[]' END) AS k(pair) WHERE k.pair ->> 'key' IS NOT NULL
	) AS p
	$query$),
	(2, '{
		"event": {"timestamp": "timestamptz!", "name": "text!", "user_pseudo_id": "text!", "user_id": "text", "batch_event_index": "numeric", "value_in_usd": "numeric", "param_ga_session_id": "text!", "param_page_location": "text", "param_page_referrer": "text", "param_engagement_time_msec": "numeric",
			"collected_traffic_source_manual_source": "text", "collected_traffic_source_manual_medium": "text", "collected_traffic_source_manual_campaign_name": "text", "collected_traffic_source_gclid": "text", "param_source": "text", "param_medium": "text", "param_campaign": "text", "param_gclid": "text"}
	}', $query$
	SELECT e.timestamp AS at, e.name, nullif(e.user_id, '') AS user_id, e.user_pseudo_id AS visitor, e.batch_event_index::integer AS place, e.value_in_usd AS value, e.param_ga_session_id AS session, e.param_page_location AS page, e.param_page_referrer AS referrer,
		e.param_engagement_time_msec AS engaged, coalesce(e.collected_traffic_source_manual_source, e.param_source) AS source, coalesce(e.collected_traffic_source_manual_medium, e.param_medium) AS medium,
		coalesce(e.collected_traffic_source_manual_campaign_name, e.param_campaign) AS campaign, coalesce(e.collected_traffic_source_gclid, e.param_gclid) AS gclid, NULL::jsonb AS properties
	FROM {{event}} AS e
	$query$)
) n(variant, tables, hits), (VALUES
('events', 'Google Analytics 4, by the export to BigQuery or its connector of Fivetran. What visitors without consent did is not there', $query$
SELECT h.user_id AS "user", h.visitor AS anonymous_id, h.at, h.name, h.engaged::double precision * interval '1 millisecond' AS duration, h.value, h.page, h.visitor || '.' || h.session AS session, h.properties, h.place AS tie_break
FROM hits AS h
$query$),
('touches', 'Sessions of Google Analytics 4: the first source of each, its channel by channel_of', $query$
SELECT s.user_id AS "user", s.visitor AS anonymous_id, s.at, nudge.channel_of(s.source, s.medium, s.campaign, s.referrer, CASE WHEN s.gclid <> '' THEN 'gclid' END) AS channel, s.campaign,
	s.source AS utm_source, s.medium AS utm_medium, s.campaign AS utm_campaign, s.referrer, s.gclid AS click_id, s.visitor || '.' || s.session AS touch
FROM (
	-- what of source, medium and campaign belongs together is of one hit
	SELECT k.visitor, k.session, k.at, k.user_id, k.head ->> 0 AS source, k.head ->> 1 AS medium, k.head ->> 2 AS campaign, k.head ->> 3 AS gclid, k.referrer
	FROM (
		SELECT h.visitor, h.session, min(h.at) AS at, max(h.user_id) AS user_id, (array_agg(h.referrer ORDER BY h.at, h.place))[1] AS referrer,
			(array_agg(jsonb_build_array(h.source, h.medium, h.campaign, h.gclid) ORDER BY h.at, h.place) FILTER (WHERE coalesce(h.source, h.medium, h.campaign, h.gclid) IS NOT NULL))[1] AS head
		FROM hits AS h WHERE h.session IS NOT NULL GROUP BY h.visitor, h.session
	) AS k
) AS s
$query$),
('identities', 'Visitors and users of Google Analytics 4, since the first event that has both', $query$
SELECT h.visitor AS anonymous_id, h.user_id AS "user", min(h.at) AS valid_from
FROM hits AS h WHERE h.user_id IS NOT NULL GROUP BY h.visitor, h.user_id
$query$)
) v(source, note, query);

-- Ads by Fivetran.  Their history tables have a row for each change of a campaign
-- or an account: a join with all of them multiplies the spend.
INSERT INTO nudge.shipped_presets (preset, source, input, zone, note, tables, query)
SELECT v.preset, v.source, v.source, 'UTC', v.note, v.tables, v.query
FROM (VALUES
('google_ads', 'spend', 'Google Ads by Fivetran, by day of the account, campaign, device and network', jsonb '{
	"campaign_stats": {"id": "text!", "customer_id": "text!", "date": "date!", "cost_micros": "numeric!", "impressions": "numeric", "clicks": "numeric"},
	"campaign_history": {"id": "text!", "name": "text", "advertising_channel_type": "text", "updated_at": "timestamptz!"},
	"account_history": {"id": "text", "currency_code": "text", "updated_at": "timestamptz"}
}', $query$
SELECT s.date AS day, CASE upper(c.advertising_channel_type) WHEN 'DISPLAY' THEN 'display' WHEN 'VIDEO' THEN 'paid_video' WHEN 'SHOPPING' THEN 'paid_shopping' WHEN 'PERFORMANCE_MAX' THEN 'cross_network' WHEN 'DEMAND_GEN' THEN 'cross_network'
		ELSE 'paid_search' END AS channel, s.cost_micros * 0.000001 AS amount, coalesce(a.currency_code, {{currency}}) AS currency, coalesce(c.name, s.id) AS campaign, s.impressions::bigint AS impressions, s.clicks::bigint AS clicks
FROM {{campaign_stats}} AS s
LEFT JOIN LATERAL (SELECT h.name, h.advertising_channel_type FROM {{campaign_history}} AS h WHERE h.id = s.id ORDER BY h.updated_at DESC LIMIT 1) AS c ON true
LEFT JOIN LATERAL (SELECT h.currency_code FROM {{account_history}} AS h WHERE h.id = s.customer_id ORDER BY h.updated_at DESC LIMIT 1) AS a ON true
$query$),
('google_ads', 'campaigns', 'Campaigns of Google Ads by Fivetran, by name', '{
	"campaign_history": {"id": "text!", "name": "text!", "advertising_channel_type": "text", "start_date": "text", "updated_at": "timestamptz!"}
}', $query$
SELECT c.name AS campaign, min(CASE upper(c.advertising_channel_type) WHEN 'DISPLAY' THEN 'display' WHEN 'VIDEO' THEN 'paid_video' WHEN 'SHOPPING' THEN 'paid_shopping' WHEN 'PERFORMANCE_MAX' THEN 'cross_network' WHEN 'DEMAND_GEN' THEN 'cross_network' ELSE 'paid_search' END) AS channel,
	min(to_date(left(c.start_date, 10), 'YYYY-MM-DD')::timestamp) AS started_at
FROM {{campaign_history}} AS c
WHERE c.name IS NOT NULL AND NOT EXISTS (SELECT FROM {{campaign_history}} AS l WHERE l.id = c.id AND l.updated_at > c.updated_at)
GROUP BY c.name
$query$),
('facebook_ads', 'spend', 'Facebook Ads by Fivetran, by day of the account and ad; clicks are those on links', '{
	"basic_ad": {"ad_id": "text!", "date": "date!", "account_id": "text!", "spend": "numeric!", "impressions": "numeric", "inline_link_clicks": "numeric"},
	"ad_history": {"id": "text!", "campaign_id": "text!", "updated_time": "timestamptz!"},
	"campaign_history": {"id": "text!", "name": "text", "updated_time": "timestamptz!"},
	"account_history": {"id": "text", "currency": "text", "_fivetran_synced": "timestamptz"}
}', $query$
SELECT s.date AS day, 'paid_social' AS channel, s.spend AS amount, coalesce(a.currency, {{currency}}) AS currency, coalesce(c.name, d.campaign_id) AS campaign, s.impressions::bigint AS impressions, s.inline_link_clicks::bigint AS clicks
FROM {{basic_ad}} AS s
LEFT JOIN LATERAL (SELECT h.campaign_id FROM {{ad_history}} AS h WHERE h.id = s.ad_id ORDER BY h.updated_time DESC LIMIT 1) AS d ON true
LEFT JOIN LATERAL (SELECT h.name FROM {{campaign_history}} AS h WHERE h.id = d.campaign_id ORDER BY h.updated_time DESC LIMIT 1) AS c ON true
LEFT JOIN LATERAL (SELECT h.currency FROM {{account_history}} AS h WHERE h.id = s.account_id ORDER BY h._fivetran_synced DESC LIMIT 1) AS a ON true
$query$),
('facebook_ads', 'campaigns', 'Campaigns of Facebook Ads by Fivetran, by name', '{
	"campaign_history": {"id": "text!", "name": "text!", "start_time": "timestamptz", "stop_time": "timestamptz", "updated_time": "timestamptz!"}
}', $query$
SELECT c.name AS campaign, 'paid_social' AS channel, min(c.start_time) AS started_at, CASE WHEN count(c.stop_time) = count(*) THEN max(c.stop_time) END AS ended_at
FROM {{campaign_history}} AS c
WHERE c.name IS NOT NULL AND NOT EXISTS (SELECT FROM {{campaign_history}} AS l WHERE l.id = c.id AND l.updated_time > c.updated_time)
GROUP BY c.name
$query$),
('linkedin_ads', 'spend', 'LinkedIn Ads by Fivetran, by day and campaign, in the currency of the account', '{
	"ad_analytics_by_campaign": {"campaign_id": "text!", "day": "date!", "cost_in_local_currency": "numeric!", "impressions": "numeric", "clicks": "numeric"},
	"campaign_history": {"id": "text!", "account_id": "text!", "name": "text", "last_modified_time": "timestamptz!"},
	"account_history": {"id": "text", "currency": "text", "last_modified_time": "timestamptz"}
}', $query$
SELECT s.day, 'paid_social' AS channel, s.cost_in_local_currency AS amount, coalesce(a.currency, {{currency}}) AS currency, coalesce(c.name, s.campaign_id) AS campaign, s.impressions::bigint AS impressions, s.clicks::bigint AS clicks
FROM {{ad_analytics_by_campaign}} AS s
LEFT JOIN LATERAL (SELECT h.name, h.account_id FROM {{campaign_history}} AS h WHERE h.id = s.campaign_id ORDER BY h.last_modified_time DESC LIMIT 1) AS c ON true
LEFT JOIN LATERAL (SELECT h.currency FROM {{account_history}} AS h WHERE h.id = c.account_id ORDER BY h.last_modified_time DESC LIMIT 1) AS a ON true
$query$),
('linkedin_ads', 'campaigns', 'Campaigns of LinkedIn Ads by Fivetran, by name', '{
	"campaign_history": {"id": "text!", "name": "text!", "run_schedule_start": "timestamptz", "run_schedule_end": "timestamptz", "last_modified_time": "timestamptz!"}
}', $query$
SELECT c.name AS campaign, 'paid_social' AS channel, min(c.run_schedule_start) AS started_at, CASE WHEN count(c.run_schedule_end) = count(*) THEN max(c.run_schedule_end) END AS ended_at
FROM {{campaign_history}} AS c
WHERE c.name IS NOT NULL AND NOT EXISTS (SELECT FROM {{campaign_history}} AS l WHERE l.id = c.id AND l.last_modified_time > c.last_modified_time)
GROUP BY c.name
$query$)
) v(preset, source, note, tables, query);
