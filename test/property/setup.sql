-- Three tables that writers change, and the materialisations of them that
-- test/property/run refreshes meanwhile.
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION nudge_metrics;

CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer text, plan text, amount numeric NOT NULL, starts timestamptz NOT NULL, ends timestamptz);
CREATE INDEX ON item (customer);
CREATE TABLE account (customer text, segment text, PRIMARY KEY (customer)) PARTITION BY HASH (customer);
CREATE TABLE account_0 PARTITION OF account FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE account_1 PARTITION OF account FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE plan (plan text PRIMARY KEY, family text, price numeric NOT NULL DEFAULT 0);
INSERT INTO plan SELECT 'p' || n, 'f' || n % 4 FROM generate_series(1, 40) n;
INSERT INTO account SELECT 'c' || n, 's' || n % 3 FROM generate_series(1, 200) n;
INSERT INTO item (customer, plan, amount, starts, ends) SELECT 'c' || n % 300 + 1, 'p' || n % 40 + 1, n % 90 + 1, timestamptz '2024-01-01 00:00:00Z' + n % 300 * interval '1 day', NULL FROM generate_series(1, 1000) n;

SELECT nudge.map_source('subscriptions', 'item', '{"customer": "customer", "item": "id", "plan": "plan", "valid_from": "starts", "valid_to": "ends", "amount": "amount",
		"currency": "''EUR''", "interval_unit": "''month''", "interval_count": "1", "status": "''active''"}') AS mapped,
	nudge.map_source('customers', 'account', '{"customer": "customer", "created_at": "timestamptz ''2024-01-01 00:00:00Z''", "segment": "segment"}') AS too,
	nudge.map_source('plans', 'plan', '{"plan": "plan", "family": "family", "list_price": "price"}') AS as_well \gset
SELECT nudge.track_source('subscriptions', '{customer,plan}') AS tracked, nudge.track_source('customers') AS too, nudge.track_source('plans') AS as_well \gset

-- a query that takes its time, after it has its snapshot, so that others come between
CREATE FUNCTION slow() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM pg_sleep(random() * 0.03);
	RETURN true;
END
$$;

-- a state for each customer, with what the marts above it are kept by
SELECT nudge.add_materialisation('accounts', $$
	SELECT s.customer, max(c.segment) AS segment, nullif(max(s.plan), 'p7') AS plan, to_char(min(s.valid_from) AT TIME ZONE 'UTC', 'YYYY-MM') AS month, count(*) AS items, sum(s.amount) AS total,
		nudge.mrr_agg(s.customer, s.valid_from, s.valid_to, s.amount) AS mrr
	FROM nudge_staging.subscriptions s LEFT JOIN nudge_staging.customers c USING (customer) WHERE (SELECT public.slow()) GROUP BY s.customer$$, 'customer', batch_keys => 7) AS added \gset
-- a mart over it, and over an input; those without a plan count elsewhere
SELECT nudge.add_materialisation('plan_totals', $$
	SELECT a.plan, max(p.family) AS family, count(*) AS customers, sum(a.total) AS total, nudge.rollup(a.mrr) AS mrr
	FROM nudge_analytics.accounts a LEFT JOIN nudge_staging.plans p USING (plan) GROUP BY a.plan$$, 'plan') AS added \gset
-- rows of a key and another column, which may be NULL
SELECT nudge.add_materialisation('months', $$
	SELECT month, plan, count(*) AS customers, sum(total) AS total FROM nudge_analytics.accounts GROUP BY month, plan$$, 'month', row_key => '{month,plan}', batch_keys => 3) AS added \gset
-- one for which any change of what it reads is one of everything, and one of two levels above
SELECT nudge.add_materialisation('segments', $$
	SELECT coalesce(segment, '') AS name, count(*) AS customers, sum(total) AS total FROM nudge_analytics.accounts GROUP BY 1$$, 'name') AS added \gset
SELECT nudge.add_materialisation('families', $$
	SELECT family, sum(customers) AS customers, sum(total) AS total FROM nudge_analytics.plan_totals GROUP BY family$$, 'family', batch_keys => 1) AS added \gset
-- plans lead to customers by a map
SELECT nudge.add_materialisation('bought', $$
	SELECT s.customer, string_agg(DISTINCT p.family, ',' ORDER BY p.family) AS families, max(p.list_price) AS dearest
	FROM nudge_staging.subscriptions s JOIN nudge_staging.plans p USING (plan) GROUP BY s.customer$$, 'customer', batch_keys => 11,
	key_maps => '{"plans": {"column": "plan", "query": "SELECT plan, customer FROM nudge_staging.subscriptions WHERE (SELECT public.slow())"}}') AS added \gset
-- rows that change by time
SELECT nudge.add_materialisation('in_force', $$
	SELECT customer, count(*) AS items, sum(amount) AS amount FROM nudge_staging.subscriptions
	WHERE valid_from <= nudge.as_of() AND (valid_to IS NULL OR valid_to > nudge.as_of()) GROUP BY customer$$, 'customer', batch_keys => 20,
	clock_query => 'SELECT customer, valid_from FROM nudge_staging.subscriptions UNION ALL SELECT customer, valid_to FROM nudge_staging.subscriptions') AS added \gset
-- keys that cannot be computed
SELECT nudge.add_materialisation('shares', $$
	SELECT customer, sum(round(100 / amount, 4)) AS shares FROM nudge_staging.subscriptions WHERE (SELECT public.slow()) GROUP BY customer$$, 'customer', batch_keys => 16) AS added \gset
-- what is claimed: prices only rise
SELECT nudge.add_materialisation('prices', 'SELECT plan, list_price FROM nudge_staging.plans WHERE (SELECT public.slow())', 'plan', batch_keys => 5) AS added \gset
SELECT nudge.add_materialisation('prices_again', 'SELECT plan, list_price FROM nudge_analytics.prices', 'plan', batch_keys => 5) AS added \gset

-- prices that were committed before an instant; and whether what claims to be as of
-- a later one has them
CREATE UNLOGGED TABLE marks (plan text, price numeric, at timestamptz DEFAULT clock_timestamp());
CREATE VIEW wrong_claims AS
	SELECT m.name, p.plan, p.price, m.data_as_of - p.at AS late
	FROM marks p JOIN nudge.materialisations m ON m.name IN ('prices', 'prices_again') AND p.at < m.data_as_of
	WHERE p.price > coalesce(CASE m.name WHEN 'prices' THEN (SELECT a.list_price FROM nudge_analytics.prices a WHERE a.plan = p.plan) ELSE (SELECT a.list_price FROM nudge_analytics.prices_again a WHERE a.plan = p.plan) END, -1);

-- who waits for whom
CREATE UNLOGGED TABLE waiting (waiter text, waits_for text, query text);
CREATE PROCEDURE watch(seconds double precision) LANGUAGE plpgsql AS $$
DECLARE
	until constant timestamptz := clock_timestamp() + seconds * interval '1 second';
	wrong record;
BEGIN
	WHILE clock_timestamp() < until LOOP
		INSERT INTO waiting SELECT w.application_name, b.application_name, w.query
		FROM pg_stat_activity w, unnest(pg_blocking_pids(w.pid)) p JOIN pg_stat_activity b ON b.pid = p
		WHERE w.application_name = 'writer' AND w.wait_event_type = 'Lock' AND b.application_name NOT IN ('writer', 'breaker') AND b.backend_type = 'client backend';
		COMMIT;
		SELECT * INTO wrong FROM wrong_claims LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION 'a claim is wrong: %', wrong;
		END IF;
		COMMIT;
		PERFORM pg_sleep(0.01);
		COMMIT;
	END LOOP;
END
$$;

-- What a refresher does next, in a random order that a seed tells
CREATE FUNCTION refreshes(seed double precision) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM setseed(seed);
	RETURN QUERY
		SELECT w.word FROM (
			SELECT format('CALL nudge.refresh(%L, %L);', m.name, n % 2 = 0) AS word FROM nudge.materialisations m, generate_series(1, CASE WHEN m.name LIKE 'prices%' THEN 8 ELSE 4 END) n
			UNION ALL SELECT format('CALL nudge.rebuild(%L, %s);', m.name, (ARRAY['NULL', '3', '100'])[(random() * 2)::integer + 1]) FROM nudge.materialisations m WHERE random() < 0.3
			UNION ALL SELECT 'UPDATE nudge.materialisations SET next_due_at = now(), next_attempt_at = NULL; ' || E'\nCALL nudge.run_due();' FROM generate_series(1, 5)
			UNION ALL SELECT 'CALL nudge.run_due(''50 milliseconds'');' FROM generate_series(1, 3)
			UNION ALL SELECT 'SELECT nudge.retry_quarantined();' FROM generate_series(1, 2)
			UNION ALL SELECT 'SELECT nudge.fan_out(20);' FROM generate_series(1, 10)
		) w ORDER BY random();
END
$$;

-- What is wrong when all is refreshed and nobody writes
CREATE VIEW verdict AS
	SELECT m.name || ' differs in ' || count(*) || ' rows, such as ' || min(v.difference || ' ' || v.row_data::text) AS wrong FROM nudge.materialisations m, nudge.verify(m.name) v GROUP BY m.name
	UNION ALL SELECT 'the log has ' || count(*) || ' rows' FROM nudge.change_log HAVING count(*) > 0
	UNION ALL SELECT count(*) || ' keys of ' || materialisation || ' are pending' FROM nudge.pending GROUP BY materialisation
	UNION ALL SELECT materialisation || ' of ' || key || ' is in quarantine: ' || error FROM nudge.quarantine q
		WHERE q.materialisation <> 'shares' OR NOT EXISTS (SELECT FROM item i WHERE i.customer = q.key AND i.amount = 0)
	UNION ALL SELECT customer || ' is not in quarantine' FROM item i WHERE i.amount = 0 AND NOT EXISTS (SELECT FROM nudge.quarantine q WHERE q.materialisation = 'shares' AND q.key = i.customer)
	UNION ALL SELECT materialisation || ': ' || status || ' ' || coalesce(error, '') FROM (SELECT DISTINCT ON (r.materialisation) r.* FROM nudge.runs r ORDER BY r.materialisation, r.run_id DESC) l
		WHERE l.status <> 'ok' OR l.rows_written + l.rows_deleted > 0
	UNION ALL SELECT 'no rows in ' || m.name FROM nudge.materialisations m WHERE (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM nudge_analytics.%I', m.name), false, true, '')))[1]::text = '0'
	UNION ALL SELECT 'claim of ' || name || ' for ' || plan FROM wrong_claims
	UNION ALL SELECT format('a writer waited %s times for %s: %s', count(*), waits_for, min(query)) FROM waiting GROUP BY waits_for;
