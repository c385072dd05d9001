/*
 * presets_product.sql
 *		The presets of events in the product and of engineering: Segment,
 *		Amplitude, GitHub, PagerDuty.
 *
 * Rules: doc/presets.md.
 */

INSERT INTO nudge.shipped_presets (preset, source, input, zone, note, tables, query)
SELECT v.preset, v.source, v.source, 'UTC', v.note, v.tables, v.query
FROM (VALUES
('segment', 'events', 'Calls of track of a warehouse of Segment; the time is that corrected for the clock of the device', jsonb '{
	"tracks": {"event": "text!", "event_text": "text", "timestamp": "timestamptz!", "user_id": "text!", "anonymous_id": "text", "context_group_id": "text", "context_page_path": "text", "context_page_url": "text"}
}', $query$
SELECT nullif(t.user_id, '') AS "user", t.anonymous_id, t.context_group_id AS customer, t.timestamp AS at, coalesce(t.event_text, t.event) AS name, coalesce(t.context_page_path, t.context_page_url) AS page
FROM {{tracks}} AS t
$query$),
('segment', 'touches', 'Pages of a warehouse of Segment that were reached from a campaign or from outside; the channel by channel_of', '{
	"pages": {"id": "text!", "timestamp": "timestamptz!", "anonymous_id": "text!", "user_id": "text", "url": "text", "referrer": "text", "context_page_referrer": "text", "context_campaign_source": "text", "context_campaign_medium": "text", "context_campaign_name": "text"}
}', $query$
SELECT nullif(p.user_id, '') AS "user", p.anonymous_id, p.timestamp AS at, nudge.channel_of(p.context_campaign_source, p.context_campaign_medium, p.context_campaign_name, r.referrer, r.click) AS channel, p.context_campaign_name AS campaign,
	p.context_campaign_source AS utm_source, p.context_campaign_medium AS utm_medium, p.context_campaign_name AS utm_campaign, r.referrer, r.click AS click_id, p.id AS touch
FROM {{pages}} AS p
CROSS JOIN LATERAL (SELECT coalesce(p.referrer, p.context_page_referrer) AS referrer, substring(p.url FROM '[?&](gclid|fbclid|msclkid|li_fat_id|ttclid|dclid)=') AS click) AS r
-- a page reached from another of the same host is no contact
WHERE coalesce(p.context_campaign_source, p.context_campaign_medium, p.context_campaign_name, r.click) IS NOT NULL
	OR coalesce(substring(r.referrer FROM '^[a-z]+://([^/:?#]+)'), '-') IS DISTINCT FROM coalesce(substring(p.url FROM '^[a-z]+://([^/:?#]+)'), '')
$query$),
('segment', 'users', 'Users of a warehouse of Segment, since they were first identified', '{
	"identifies": {"user_id": "text!", "timestamp": "timestamptz!"},
	"groups": {"user_id": "text", "group_id": "text", "timestamp": "timestamptz"}
}', $query$
SELECT i.user_id AS "user", (SELECT g.group_id FROM {{groups}} AS g WHERE g.user_id = i.user_id AND g.group_id <> '' ORDER BY g.timestamp DESC, g.group_id LIMIT 1) AS customer, min(i.timestamp) AS signed_up_at
FROM {{identifies}} AS i WHERE i.user_id <> '' GROUP BY i.user_id
$query$),
('segment', 'identities', 'Visitors and users of a warehouse of Segment', '{
	"identifies": {"user_id": "text!", "anonymous_id": "text!", "timestamp": "timestamptz!"}
}', $query$
SELECT i.anonymous_id, i.user_id AS "user", min(i.timestamp) AS valid_from FROM {{identifies}} AS i WHERE i.user_id <> '' AND i.anonymous_id <> '' GROUP BY 1, 2
$query$),
('amplitude', 'events', 'Events of Amplitude by Fivetran; what was sent twice is read once', '{
	"event": {"event_type": "text!", "event_time": "timestamptz!", "user_id": "text", "amplitude_id": "text!", "device_id": "text", "session_id": "text", "event_properties": "jsonb", "_insert_id": "text", "id": "numeric", "server_upload_time": "timestamptz"}
}', $query$
SELECT nullif(e.user_id, '') AS "user", e.amplitude_id AS anonymous_id, e.event_time AS at, e.event_type AS name, CASE WHEN e.session_id <> '-1' THEN e.amplitude_id || '.' || e.session_id END AS session, e.event_properties AS properties
FROM (SELECT k.*, row_number() OVER (PARTITION BY k.amplitude_id, k._insert_id ORDER BY k.server_upload_time, k.event_time) AS place FROM {{event}} AS k) AS e
WHERE e.place = 1 OR e._insert_id IS NULL
$query$),
('amplitude', 'identities', 'Visitors and users of Amplitude by Fivetran', '{
	"event": {"event_time": "timestamptz!", "user_id": "text!", "amplitude_id": "text!"}
}', $query$
SELECT e.amplitude_id AS anonymous_id, e.user_id AS "user", min(e.event_time) AS valid_from FROM {{event}} AS e WHERE e.user_id <> '' GROUP BY 1, 2
$query$),
('github', 'bugs', 'Issues of GitHub by Fivetran with a label that says bug; the severity is that of a label such as severity: high, sev1, P2 or critical', '{
	"issue": {"id": "text!", "created_at": "timestamptz!", "closed_at": "timestamptz", "pull_request": "boolean"},
	"issue_label": {"issue_id": "text!", "label_id": "text!"},
	"label": {"id": "text!", "name": "text!"}
}', $query$
SELECT i.id AS bug, i.created_at AS opened_at, i.closed_at, coalesce(l.severity, 'none') AS severity
FROM {{issue}} AS i
CROSS JOIN LATERAL (
	SELECT bool_or(n.name ~* '(^|[^a-z])(bug|defect)([^a-z]|$)') AS is_bug, min(lower(coalesce(substring(n.name FROM '(?i)^(?:severity|sev|priority|prio)[ :/=_-]+([a-z0-9]+)$'), substring(n.name FROM '(?i)^(sev-?[0-9]|p[0-9]|critical|major|minor|blocker)$')))) AS severity
	FROM {{issue_label}} AS k JOIN {{label}} AS n ON n.id = k.label_id WHERE k.issue_id = i.id
) AS l
WHERE NOT coalesce(i.pull_request, false) AND l.is_bug
$query$),
('github', 'deployments', 'Pull requests of GitHub by Fivetran that were merged into the default branch: a merge is read as a deployment, and that it failed is not known. Leave it out where that is not so', '{
	"issue": {"id": "text!", "created_at": "timestamptz!", "repository_id": "text!"},
	"issue_merged": {"issue_id": "text!", "merged_at": "timestamptz!"},
	"pull_request": {"issue_id": "text!", "base_ref": "text!"},
	"repository": {"id": "text!", "full_name": "text!", "default_branch": "text!"}
}', $query$
SELECT m.merged_at AS at, i.created_at AS change_created_at, r.full_name AS service
FROM {{issue_merged}} AS m
JOIN {{issue}} AS i ON i.id = m.issue_id
JOIN {{pull_request}} AS p ON p.issue_id = i.id
JOIN {{repository}} AS r ON r.id = i.repository_id
WHERE p.base_ref = r.default_branch
$query$)
) v(preset, source, note, tables, query);

-- PagerDuty, by the names of its API: incidents, or with the name of the system.
INSERT INTO nudge.shipped_presets (preset, source, variant, input, zone, note, tables, query)
SELECT 'pagerduty', v.source, n.variant, v.source, 'UTC', v.note, (SELECT jsonb_object_agg(n.prefix || t.key, t.value) FROM jsonb_each(v.tables) t), replace(v.query, '{{', '{{' || n.prefix)
FROM (VALUES
('incidents', 'Incidents of PagerDuty. One begins when it was triggered; the severity is its priority, else its urgency. Whether the service was down is not known: see outage_severities', jsonb '{
	"incidents": {"id": "text!", "created_at": "timestamptz!", "status": "text!", "urgency": "text!", "resolved_at": "timestamptz", "last_status_change_at": "timestamptz", "priority": "jsonb", "service": "jsonb"}
}', $query$
SELECT i.id AS incident, i.created_at AS started_at, CASE i.status WHEN 'resolved' THEN coalesce(i.resolved_at, i.last_status_change_at) END AS ended_at, lower(coalesce(i.priority ->> 'summary', i.priority ->> 'name', i.urgency)) AS severity,
	i.created_at AS detected_at, i.service ->> 'summary' AS service
FROM {{incidents}} AS i
$query$),
('maintenance', 'Maintenance windows of PagerDuty, by service', '{
	"maintenance_windows": {"start_time": "timestamptz!", "end_time": "timestamptz!", "services": "jsonb"}
}', $query$
SELECT w.start_time AS started_at, w.end_time AS ended_at, s.service ->> 'summary' AS service
FROM {{maintenance_windows}} AS w
LEFT JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(w.services) WHEN 'array' THEN w.services ELSE '[]' END) AS s(service) ON true
$query$)
) v(source, note, tables, query), (VALUES (1, ''), (2, 'pagerduty_')) n(variant, prefix);
