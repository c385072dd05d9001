--
-- stored_states.sql
--		Prints the samples of the stored format that test/data/stored_states.csv
--		keeps: run it once when a format is new, and add what it prints.
--
--		psql -XqAt -d DATABASE -f test/upgrade/store.sql \
--			-f test/upgrade/store_items.sql -f test/upgrade/stored_states.sql
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET timezone = 'UTC';
COPY (
	SELECT (SELECT extversion FROM pg_extension WHERE extname = 'nudge_metrics') AS version, s.type, s.name, s.wire, s.hash, q.reader, s.answer
	FROM (
		SELECT 'nudge.mrr_state' AS type, name, encode(nudge.mrr_state_send(state), 'hex') AS wire,
			nudge.mrr_state_hash(state) AS hash,
			(SELECT md5(string_agg(x::text, E'\n' ORDER BY x::text COLLATE "C")) FROM nudge.mrr_waterfall(state) x) AS answer
		FROM stored WHERE state IS NOT NULL
		UNION ALL
		SELECT 'nudge.mrr_item_state', name, encode(nudge.mrr_item_state_send(state), 'hex'),
			nudge.mrr_item_state_hash(state),
			(SELECT md5(string_agg(x::text, E'\n' ORDER BY x::text COLLATE "C")) FROM nudge.mrr_item_periods(state) x)
		FROM stored_items
	) s
	JOIN (VALUES ('nudge.mrr_state', 'nudge.mrr_waterfall'), ('nudge.mrr_item_state', 'nudge.mrr_item_periods')) q(type, reader)
		USING (type)
	ORDER BY s.type COLLATE "C", s.name COLLATE "C"
) TO STDOUT (FORMAT csv, HEADER);
