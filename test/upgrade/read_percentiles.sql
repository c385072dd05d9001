--
-- read_percentiles.sql
--		What the stored states of samples say.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET timezone = 'UTC';
SELECT name, state, encode(nudge.percentile_state_send(state), 'hex') FROM stored_percentiles ORDER BY name COLLATE "C";
SELECT s.name, p.* FROM stored_percentiles s, nudge.percentile_summary(s.state) p ORDER BY s.name COLLATE "C";
SELECT s.name, h.* FROM stored_percentiles s, nudge.percentile_histogram(s.state) h ORDER BY s.name COLLATE "C", h.low;
SELECT s.name, p.* FROM stored_percentiles s, nudge.percentiles(s.state, '{0,0.1,0.25,0.5,0.75,0.9,1}', 'cont') p ORDER BY s.name COLLATE "C", p.fraction;
SELECT s.name, w.* FROM stored_percentiles s, nudge.share_within(s.state, 10) w ORDER BY s.name COLLATE "C";
