--
-- stored_states.sql
--		Prints the samples of the stored format that test/data/stored_states.csv
--		keeps: run it once when a format is new, and add what it prints.
--
--		psql -XqAt -d DATABASE -f test/upgrade/store.sql \
--			-f test/upgrade/store_items.sql -f test/upgrade/store_behaviour.sql \
--			-f test/upgrade/store_journeys.sql -f test/upgrade/store_surveys.sql \
--			-f test/upgrade/store_journeys.sql -f test/upgrade/store_percentiles.sql \
--			-f test/upgrade/stored_states.sql
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET timezone = 'UTC';
CREATE TEMP TABLE reading (stored, type, reader) AS VALUES
	('stored', 'mrr_state', 'mrr_waterfall'),
	('stored_items', 'mrr_item_state', 'mrr_item_periods'),
	('stored_activity', 'activity_state', 'activity_days'),
	('stored_funnel', 'funnel_state', 'funnel_users'),
	('stored_sequence', 'sequence_state', 'sequence_rows'),
	('stored_feature', 'feature_state', 'feature_users'),
	('stored_journeys', 'journey_state', 'journey_rows'),
	('stored_surveys', 'survey_state', 'survey_distribution');
	('stored_percentiles', 'percentile_state', 'percentile_histogram');
CREATE TEMP TABLE sample (version text, type text, name text, wire text, hash integer, reader text, answer text);
SELECT format('INSERT INTO sample SELECT (SELECT extversion FROM pg_extension WHERE extname = ''nudge_metrics''), %L, name,
	encode(nudge.%I(state), ''hex''), nudge.%I(state), %L,
	(SELECT md5(string_agg(x::text, E''\n'' ORDER BY x::text COLLATE "C")) FROM nudge.%I(state) x)
	FROM %I WHERE state IS NOT NULL', 'nudge.' || type, type || '_send', type || '_hash', 'nudge.' || reader, reader, stored)
FROM reading \gexec
COPY (SELECT * FROM sample ORDER BY type COLLATE "C", name COLLATE "C") TO STDOUT (FORMAT csv, HEADER);
