--
-- read_surveys.sql
--		What the stored states of answers to surveys say.
--
-- since version 0.5.0
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SELECT name, state, encode(nudge.survey_state_send(state), 'hex') FROM stored_surveys ORDER BY name COLLATE "C";
SELECT s.name, q.* FROM stored_surveys s, nudge.survey_question(s.state) q ORDER BY s.name COLLATE "C";
SELECT s.name, d.* FROM stored_surveys s, nudge.survey_distribution(s.state) d ORDER BY s.name COLLATE "C", d.score;
SELECT n.* FROM stored_surveys s, nudge.nps(s.state) n WHERE s.name ~ '^n' ORDER BY s.name COLLATE "C";
SELECT c.* FROM stored_surveys s, nudge.csat(s.state) c WHERE s.name ~ '^csat' ORDER BY s.name COLLATE "C";
SELECT c.* FROM stored_surveys s, nudge.ces(s.state) c WHERE s.name = 'ces';
