--
-- demo_warehouse.sql
--		The simulated company as marts that are kept fresh.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

SET client_min_messages = warning;
\pset footer off
\qecho
\qecho 'The same company, mapped once as a source; what deploy() does with it'
\qecho
CREATE INDEX subscriptions_customer ON subscriptions ((customer_id::text));
SELECT nudge.map_source('subscriptions', 'subscriptions', zone => 'UTC', columns => '{"customer": "customer_id", "item": "r.customer_id || r.valid_from::text", "amount": "mrr",
	"currency": "''EUR''", "interval_unit": "''month''", "interval_count": "1", "status": "''active''"}') \gset
SELECT action, object, estimate FROM nudge.deploy() WHERE action <> 'leave out' AND object !~ '^nudge_reporting' ORDER BY place;
-- a row of each customer and month is more than a demo needs
SELECT nudge.enable_materialisation('fact_revenue', false) \gset
SELECT count(*) AS cadences FROM nudge.materialisations m, nudge.set_cadence(m.name, '1 minute') \gset
\qecho
\qecho 'The first refresh computes everything'
\qecho
CALL nudge.run_due();
SELECT name, status, rows_written AS "rows written", round(duration_seconds, 1) AS seconds FROM nudge.run_history ORDER BY run_id;
\qecho
SELECT period, round(opening_mrr) AS opening, round(new_mrr) AS new, round(expansion_mrr) AS expansion, round(contraction_mrr) AS contraction, round(churn_mrr) AS churn,
	round(closing_mrr) AS closing, closing_customers AS customers
FROM nudge_analytics.mrr_summary WHERE complete AND period < '2025-01-01' ORDER BY period DESC LIMIT 3;
SELECT count(*) AS roles FROM nudge.create_roles() \gset
SELECT count(*) AS steps FROM nudge.schedule('1 minute') \gset
