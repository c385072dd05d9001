--
-- closed_periods.sql
--		Closed periods against the waterfall, restatements against plain SQL, on
--		random subscriptions.
--
-- The rows follow from the seed alone; NM_SEED in the environment replaces it.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed closed_periods
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SET timezone = 'Asia/Tokyo';
SELECT plan(20);
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset

CREATE TABLE subs AS
SELECT 'c' || floor(random() * 60) AS customer, g::text AS item, 'p' AS plan, s AS valid_from, CASE WHEN random() < 0.6 THEN s + floor(random() * 200 * 86400) * interval '1 second' END AS valid_to,
	round((random() * 100)::numeric, 2) AS amount, 'month' AS interval_unit, 1 AS interval_count, 'EUR' AS currency, 'active' AS status, timestamptz '2025-01-01Z' AS recorded_at
FROM (SELECT g, timestamptz '2023-06-01Z' + floor(random() * 400 * 86400) * interval '1 second' AS s FROM generate_series(1, 150) g) s;
CREATE VIEW company AS SELECT nudge.mrr_currency_agg(customer, valid_from, valid_to, amount, currency) AS state FROM subs WHERE valid_to > valid_from OR valid_to IS NULL;
CREATE TABLE reported AS SELECT state FROM company;
CREATE TABLE months AS SELECT d::date AS period FROM generate_series(timestamp '2023-06-01', '2024-10-01', '1 month') d;
SELECT lives_ok($$ SELECT nudge.close_period(period, state, 'America/New_York') FROM company, months $$, 'months are closed');

SELECT bag_eq($$ SELECT period, opening_mrr, closing_mrr, customers FROM nudge.closed_periods $$,
	$$ SELECT w.period, w.opening_mrr, w.closing_mrr, w.closing_customers FROM company, months m, nudge.mrr_waterfall(state, 'month', 'America/New_York', start_day => m.period, end_day => (m.period + interval '1 month')::date) w $$,
	'totals are those of the waterfall');
SELECT bag_eq($$ SELECT period, movement, sum(closing_mrr - opening_mrr), count(*) FROM nudge.closed_period_rows WHERE movement IS NOT NULL GROUP BY 1, 2 $$,
	$$ SELECT v.period, v.movement, v.amount, v.n FROM company, nudge.mrr_waterfall(state, 'month', 'America/New_York', start_day => '2023-06-01', end_day => '2024-11-01') w
		CROSS JOIN LATERAL (VALUES (w.period, 'new', w.new_mrr, w.new_customers), (w.period, 'reactivation', w.reactivation_mrr, w.reactivated_customers), (w.period, 'expansion', w.expansion_mrr, w.expanded_customers),
			(w.period, 'contraction', w.contraction_mrr, w.contracted_customers), (w.period, 'churn', w.churn_mrr, w.churned_customers)) v(period, movement, amount, n) WHERE v.n > 0 $$,
	'so are the movements');
SELECT is_empty($$ SELECT * FROM nudge.closed_period_rows WHERE (movement IS NULL) <> (opening_mrr = closing_mrr) $$, 'who moved has a movement');
SELECT is_empty($$ SELECT r.* FROM company, months m, nudge.restatements(m.period, state, 'subs', 'America/New_York') r $$, 'nothing has moved yet');

-- Late rows, corrections, deletions
UPDATE nudge.closed_periods SET closed_at = '2025-02-01Z';
DELETE FROM subs WHERE random() < 0.1;
UPDATE subs SET amount = round((random() * 100)::numeric, 2), recorded_at = '2025-03-01Z' WHERE random() < 0.1;
UPDATE subs SET valid_from = valid_from - interval '20 days' WHERE random() < 0.1;
INSERT INTO subs SELECT 'd' || g, 'd' || g, 'p', timestamptz '2023-06-01Z' + floor(random() * 400 * 86400) * interval '1 second', NULL, 5, 'month', 1, 'EUR', 'active', '2025-03-01Z' FROM generate_series(1, 10) g;
CREATE TABLE moved AS SELECT m.period, r.* FROM company, months m, nudge.restatements(m.period, state, 'subs', 'America/New_York') r;
SELECT cmp_ok((SELECT count(*) FROM moved), '>', 50::bigint, 'much has moved');
SELECT bag_eq($$ SELECT period, customer, reported_opening, opening_now, reported_closing, closing_now FROM moved WHERE change <> 'reclassified' $$, $$
	SELECT m.period, k.customer, coalesce(ro.mrr, 0) AS ro, coalesce(no.mrr, 0) AS no, coalesce(rc.mrr, 0) AS rc, coalesce(nc.mrr, 0) AS nc
	FROM months m CROSS JOIN (SELECT 'c' || g AS customer FROM generate_series(0, 59) g UNION ALL SELECT 'd' || g FROM generate_series(1, 10) g) k
	LEFT JOIN LATERAL (SELECT c.* FROM reported, nudge.customer_mrr(state, m.period - 1, 'America/New_York') c) ro ON ro.customer = k.customer
	LEFT JOIN LATERAL (SELECT c.* FROM company, nudge.customer_mrr(state, m.period - 1, 'America/New_York') c) no ON no.customer = k.customer
	LEFT JOIN LATERAL (SELECT c.* FROM reported, nudge.customer_mrr(state, (m.period + interval '1 month')::date - 1, 'America/New_York') c) rc ON rc.customer = k.customer
	LEFT JOIN LATERAL (SELECT c.* FROM company, nudge.customer_mrr(state, (m.period + interval '1 month')::date - 1, 'America/New_York') c) nc ON nc.customer = k.customer
	WHERE coalesce(ro.mrr, 0) <> coalesce(no.mrr, 0) OR coalesce(rc.mrr, 0) <> coalesce(nc.mrr, 0) $$, 'by customer, as both states say');
SELECT bag_eq($$ SELECT period, movement, sum(amount) AS amount FROM (SELECT period, reported_movement AS movement, reported_opening - reported_closing AS amount FROM moved UNION ALL SELECT period, movement_now, closing_now - opening_now FROM moved) m
		WHERE movement IS NOT NULL GROUP BY 1, 2 HAVING sum(amount) <> 0 $$,
	$$ SELECT period, movement, sum(amount) AS amount FROM (SELECT m.period, m.movement, m.amount FROM company, nudge.mrr_movements(state, 'month', 'America/New_York', start_day => '2023-06-01', end_day => '2024-11-01') m
			UNION ALL SELECT m.period, m.movement, -m.amount FROM reported, nudge.mrr_movements(state, 'month', 'America/New_York', start_day => '2023-06-01', end_day => '2024-11-01') m) m GROUP BY 1, 2 HAVING sum(amount) <> 0 $$,
	'they are the difference of each movement');
SELECT is_empty($$ SELECT m.period FROM company, nudge.mrr_waterfall(state, 'month', 'America/New_York', start_day => '2023-06-01', end_day => '2024-11-01') w
	JOIN nudge.closed_periods c ON c.period = w.period LEFT JOIN moved m ON m.period = w.period
	GROUP BY m.period, w.period, w.opening_mrr, w.closing_mrr, c.opening_mrr, c.closing_mrr
	HAVING coalesce(sum(m.difference), 0) <> w.closing_mrr - c.closing_mrr OR coalesce(sum(m.opening_now - m.reported_opening), 0) <> w.opening_mrr - c.opening_mrr $$, 'differences add up to that of the totals');
SELECT is_empty($$ SELECT * FROM moved WHERE difference <> closing_now - reported_closing OR (change = 'appeared') <> (reported_opening = 0 AND reported_closing = 0) OR (change = 'vanished') <> (opening_now = 0 AND closing_now = 0)
	OR (change = 'reclassified') <> (closing_now = reported_closing AND opening_now = reported_opening AND movement_now IS DISTINCT FROM reported_movement)
	OR (change = 'moved') <> (closing_now = reported_closing AND opening_now <> reported_opening AND closing_now + opening_now > 0 AND reported_closing + reported_opening > 0) $$, 'changes are what they say');
SELECT is_empty($$ SELECT m.* FROM moved m CROSS JOIN LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE s.recorded_at = '2025-03-01Z' AND (s.valid_from < o.over_at OR o.n = 0)) AS later
		FROM subs s CROSS JOIN LATERAL (SELECT (m.period + interval '1 month') AT TIME ZONE 'America/New_York' AS over_at, (SELECT count(*) FROM subs e WHERE e.customer = m.customer AND e.valid_from < (m.period + interval '1 month') AT TIME ZONE 'America/New_York') AS n) o WHERE s.customer = m.customer) s
	WHERE m.cause IS DISTINCT FROM CASE WHEN s.later > 0 THEN CASE m.change WHEN 'appeared' THEN 'late row' ELSE 'correction' END WHEN s.n > 0 THEN 'unrecorded' ELSE 'deleted' END $$, 'and so are causes');
SELECT throws_ok(format('SELECT nudge.close_period(%L, state, %L) FROM company', date_trunc('month', now() AT TIME ZONE z)::date, z), '55000', NULL, 'a month that is not over in ' || z) FROM unnest('{Pacific/Kiritimati,Etc/GMT+12,UTC}'::text[]) z;
SELECT lives_ok(format('SELECT nudge.close_period(%L, state, %L) FROM company', (date_trunc('month', now() AT TIME ZONE z) - interval '1 month')::date, z), 'the one before is in ' || z) FROM unnest('{Pacific/Kiritimati,Etc/GMT+12,UTC}'::text[]) z;
SELECT is(nudge.reopen_period('2024-03-01', 'test', 'America/New_York', currency => 'EUR'), 1, 'one is reopened');
SELECT cmp_ok((SELECT nudge.close_period('2024-03-01', state, 'America/New_York') FROM company), '>', 0::bigint, 'and closed again');
SELECT is_empty($$ SELECT r.* FROM company, nudge.restatements('2024-03-01', state, 'subs', 'America/New_York') r $$, 'since when nothing has moved');
SELECT * FROM finish();
ROLLBACK;
