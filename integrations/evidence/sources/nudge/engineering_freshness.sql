SELECT f.mart, f.layer, f.freshness_status, f.as_of, f.age_minutes, f.quarantined_keys
FROM nudge_reporting.data_freshness f
ORDER BY f.freshness_status = 'fresh', f.age_minutes DESC NULLS FIRST, 1 LIMIT 20
