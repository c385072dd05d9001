--
-- read_journeys.sql
--		What the stored states of touches and conversions say.
--
-- since version 0.4.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET timezone = 'UTC';
SELECT name, state, encode(nudge.journey_state_send(state), 'hex') FROM stored_journeys ORDER BY name COLLATE "C";
SELECT s.name, r.* FROM stored_journeys s, nudge.journey_rows(s.state) r ORDER BY s.name COLLATE "C", r::text COLLATE "C";
SELECT s.name, c.* FROM stored_journeys s, nudge.attribution_credits(s.state, 'position_based') c ORDER BY s.name COLLATE "C", c::text COLLATE "C";
