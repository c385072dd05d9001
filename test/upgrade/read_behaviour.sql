--
-- read_behaviour.sql
--		What the stored states of what users did say.
--
-- since version 0.3.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET timezone = 'UTC';
SELECT name, state, encode(nudge.activity_state_send(state), 'hex') FROM stored_activity ORDER BY name COLLATE "C";
SELECT name, state, encode(nudge.funnel_state_send(state), 'hex') FROM stored_funnel ORDER BY name COLLATE "C";
SELECT name, state, encode(nudge.sequence_state_send(state), 'hex') FROM stored_sequence ORDER BY name COLLATE "C";
SELECT name, state, encode(nudge.feature_state_send(state), 'hex') FROM stored_feature ORDER BY name COLLATE "C";
SELECT s.name, d.* FROM stored_activity s, nudge.activity_days(s.state) d ORDER BY s.name COLLATE "C", d::text COLLATE "C";
SELECT s.name, u.* FROM stored_funnel s, nudge.funnel_users(s.state) u ORDER BY s.name COLLATE "C", u::text COLLATE "C";
SELECT s.name, r.* FROM stored_sequence s, nudge.sequence_rows(s.state) r ORDER BY s.name COLLATE "C", r::text COLLATE "C";
SELECT s.name, u.* FROM stored_feature s, nudge.feature_users(s.state) u ORDER BY s.name COLLATE "C", u::text COLLATE "C";
SELECT * FROM nudge.action_sets ORDER BY name COLLATE "C", event COLLATE "C";
SELECT * FROM nudge.funnel_definitions ORDER BY funnel COLLATE "C", step_no;
