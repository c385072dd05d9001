--
-- read_scores.sql
--		What the stored states of dated scores say.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET timezone = 'UTC';
SELECT name, state, encode(nudge.score_state_send(state), 'hex') FROM stored_scores ORDER BY name COLLATE "C";
SELECT s.name, r.* FROM stored_scores s, nudge.score_readings(s.state) r ORDER BY s.name COLLATE "C", r.at;
SELECT s.name, d.* FROM stored_scores s, nudge.score_drops(s.state, '30 days') d ORDER BY s.name COLLATE "C", d.at;
SELECT s.name, m.* FROM stored_scores s, nudge.score_summary(s.state) m ORDER BY s.name COLLATE "C";
