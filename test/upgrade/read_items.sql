--
-- read_items.sql
--		What the stored states of price items say.
--
-- since version 0.2.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET timezone = 'UTC';
SELECT name, state, encode(nudge.mrr_item_state_send(state), 'hex') FROM stored_items ORDER BY name COLLATE "C";
SELECT s.name, p.* FROM stored_items s, nudge.mrr_item_periods(s.state) p ORDER BY s.name COLLATE "C", p::text COLLATE "C";
SELECT s.name, w.* FROM stored_items s, nudge.mrr_waterfall(s.state) w ORDER BY s.name COLLATE "C", w.period;
