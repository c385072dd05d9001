--
-- read.sql
--		What the stored states say.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET timezone = 'UTC';
SELECT name, state, encode(nudge.mrr_state_send(state), 'hex') FROM stored ORDER BY name COLLATE "C";
SELECT * FROM stored_waterfall ORDER BY name COLLATE "C", period;
SELECT s.name, count(*), sum(m.amount), md5(string_agg(m::text, ',' ORDER BY m::text COLLATE "C"))
FROM stored s, nudge.mrr_movements(s.state) m GROUP BY s.name ORDER BY s.name COLLATE "C";
SELECT name, nudge.mrr_at(state, date '2023-12-31'), nudge.customers_at(state, date '2023-12-31'),
	nudge.net_revenue_retention(state, date '2023-06-01', date '2024-01-01')
FROM stored ORDER BY name COLLATE "C";
SELECT name, s.state OPERATOR(nudge.=) nudge.rollup(s.state) FROM stored s GROUP BY name, s.state ORDER BY name COLLATE "C";
