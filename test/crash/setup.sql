-- What test/crash/run breaks off: two marts of one table, the second reads the first,
-- and a map of another table, by which changes of it are led to keys.
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION nudge_metrics;
CREATE TABLE actors (name text PRIMARY KEY, pid integer);

-- stops a query at a key for as long as another session has the lock
CREATE FUNCTION gate(customer text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM pg_advisory_xact_lock_shared(4711, ascii(customer));
	RETURN true;
END
$$;

CREATE TABLE price (id integer PRIMARY KEY, customer text, plan text, amount numeric);
CREATE TABLE plan (plan text PRIMARY KEY, family text);
INSERT INTO plan VALUES ('p', 'old'), ('q', 'old'), ('r', 'new');
INSERT INTO price SELECT n, chr(97 + n % 6), chr(112 + n % 3), n FROM generate_series(1, 60) n;
SELECT nudge.map_source('subscriptions', 'price', '{"customer": "customer", "item": "id", "plan": "plan", "valid_from": "timestamptz ''2024-01-01 00:00:00Z''", "valid_to": null, "amount": "amount",
	"currency": "''EUR''", "interval_unit": "''month''", "interval_count": "1", "status": "''active''"}') AS mapped,
	nudge.map_source('plans', 'plan', '{"plan": "plan", "family": "family"}') AS too \gset
SELECT nudge.track_source('subscriptions', '{customer,plan}') AS tracked, nudge.track_source('plans') AS too \gset
SELECT nudge.add_materialisation('totals', $$
	SELECT s.customer, max(p.family) AS family, sum(s.amount) AS total, sum(100 / s.amount) AS shares
	FROM nudge_staging.subscriptions s LEFT JOIN nudge_staging.plans p USING (plan)
	WHERE public.gate(s.customer) GROUP BY s.customer$$, 'customer', batch_keys => 1,
	key_maps => '{"plans": {"column": "plan", "query": "SELECT s.plan, s.customer FROM nudge_staging.subscriptions s WHERE public.gate(''map'')"}}') AS added,
	nudge.add_materialisation('families', 'SELECT family, count(*) AS customers, sum(total) AS total FROM nudge_analytics.totals GROUP BY family', 'family') AS too \gset

-- changes of all kinds; no two calls do the same
CREATE SEQUENCE scenes;
CREATE PROCEDURE change() LANGUAGE plpgsql AS $$
DECLARE
	n constant bigint := nextval('scenes');
BEGIN
	UPDATE price SET amount = amount + n WHERE id % 3 = 0;
	UPDATE price SET customer = chr(97 + (ascii(customer) - 96) % 6) WHERE id % 7 = n % 7;
	DELETE FROM price WHERE id % 11 = n % 11;
	INSERT INTO price SELECT 1000 * n + k, chr(97 + k), chr(112 + k % 3), k + 1 FROM generate_series(0, 5) k;
	UPDATE plan SET family = CASE family WHEN 'old' THEN 'new' ELSE 'old' END WHERE plan = chr((112 + n % 3)::integer);
END
$$;

-- How it stands after a refresh: nothing differs, nothing waits, nothing is said to be at work; and
-- after one more, that it has written nothing.
CREATE VIEW verdict AS
	SELECT string_agg(v.word, ', ' ORDER BY v.word) AS verdict FROM (
		SELECT m.name || ' differs in ' || count(*) || ' rows' AS word FROM nudge.materialisations m, nudge.verify(m.name) GROUP BY m.name
		UNION ALL SELECT 'the log has ' || count(*) || ' rows' FROM nudge.change_log HAVING count(*) > 0
		UNION ALL SELECT count(*) || ' keys are pending' FROM nudge.pending HAVING count(*) > 0
		UNION ALL SELECT count(*) || ' keys are in quarantine' FROM nudge.quarantine HAVING count(*) > 0
		UNION ALL SELECT count(*) || ' runs are running' FROM nudge.runs WHERE status = 'running' HAVING count(*) > 0
		UNION ALL SELECT 'an empty mart' WHERE NOT EXISTS (SELECT FROM nudge_analytics.totals)
		UNION ALL SELECT l.materialisation || ' was written for nothing' FROM (SELECT DISTINCT ON (r.materialisation) r.* FROM nudge.runs r ORDER BY r.materialisation, r.run_id DESC) l
			WHERE l.rows_written + l.rows_deleted > 0 OR l.status <> 'ok') v;
