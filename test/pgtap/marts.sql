--
-- marts.sql
--		Random rows and random changes: the marts of customers, revenue and usage are
--		what the functions of their families say of the rows as they are, a second
--		refresh writes nothing, and time alone is enough for what depends on it.
--
-- CALL nudge.refresh() commits, which nothing here may: pg_temp.refresh() does what
-- it does in one transaction.  All follows from the seed and the day alone;
-- NM_SEED in the environment replaces the seed.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed marts
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SET timezone = 'America/New_York';
SET jit = off;
SELECT no_plan();
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset

-- Tables and marts --------------------------------------------------------

CREATE SCHEMA shop;
CREATE TABLE shop.item (id integer PRIMARY KEY, customer text, plan text, amount numeric, starts timestamptz, ends timestamptz, currency text, status text, unit text);
CREATE TABLE shop.account (customer text PRIMARY KEY, segment text, region text, industry text GENERATED ALWAYS AS (left(customer, 2)) STORED);
CREATE TABLE shop.person (person text PRIMARY KEY, account text, since timestamptz, staff boolean);
CREATE TABLE shop.event (id integer PRIMARY KEY, person text, at timestamptz, name text, feature text, worked boolean, took interval, worth numeric);
CREATE TEMP SEQUENCE ids;
SELECT nudge.map_source('subscriptions', 'shop.item', '{"item": "id", "valid_from": "starts", "valid_to": "ends", "interval_unit": "unit", "interval_count": "1"}') \gset
SELECT nudge.map_source('customers', 'shop.account', '{"created_at": "timestamptz ''2024-01-01 00:00:00Z''"}') \gset
SELECT nudge.map_source('users', 'shop.person', '{"user": "person", "customer": "account", "signed_up_at": "since", "internal": "staff"}') \gset
SELECT nudge.map_source('events', 'shop.event', '{"user": "person", "success": "worked", "duration": "took", "value": "worth"}') \gset
SELECT count(*) FROM nudge.deploy(zone => 'Europe/Berlin', buckets => 3, week_start => 'sunday') \gset
\set zone '''Europe/Berlin'''
-- those of this file
CREATE TABLE pg_temp.marts AS SELECT o.name, o.depth FROM nudge.refresh_order() o WHERE o.name IN ('customer_mrr', 'customer_mrr_timeline', 'mrr_buckets', 'mrr_summary', 'fact_revenue', 'revenue_cohorts', 'dim_customers', 'mrr_segment_buckets', 'mrr_by_segment', 'customer_products', 'mrr_dimension_buckets', 'mrr_by_dimension', 'revenue_cohorts_by_dimension',
	'dim_users', 'user_activity_states', 'activity_buckets', 'active_users', 'lifecycle', 'cohort_retention', 'feature_user_states', 'feature_buckets', 'feature_adoption',
	'revenue_retention_buckets', 'revenue_retention', 'revenue_retention_slices', 'revenue_retention_by_dimension', 'user_retention', 'user_classes', 'feature_adoption_by_month');
SELECT is(count(*), 29::bigint, 'all are there') FROM pg_temp.marts;
-- some keys at a time
UPDATE nudge.materialisations SET batch_keys = 3 WHERE name IN ('customer_mrr', 'customer_mrr_timeline', 'fact_revenue', 'user_activity_states', 'mrr_by_segment');

-- As nudge.run_refresh(), without COMMIT; tells what it has written, if anything
CREATE FUNCTION pg_temp.refresh(wanted text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	run bigint;
	size integer := (SELECT batch_keys FROM nudge.materialisations WHERE name = wanted);
	step record;
	after text;
BEGIN
	PERFORM nudge.fan_out(100000);
	run := nudge.begin_run(wanted, 'refresh');
	PERFORM nudge.mark_run(wanted);
	LOOP
		step := nudge.next_keys(wanted, after, size);
		EXIT WHEN NOT step.everything AND step.keys = '{}';
		PERFORM nudge.refresh_batch(wanted, run, CASE WHEN NOT step.everything THEN step.keys END);
		after := CASE WHEN step.everything THEN after ELSE step.keys[cardinality(step.keys)] END;
	END LOOP;
	PERFORM nudge.end_run(wanted, run, 'ok', NULL, NULL);
	RETURN (SELECT format('%s: %s written, %s deleted', wanted, rows_written, rows_deleted) FROM nudge.runs WHERE run_id = run AND rows_written + rows_deleted > 0);
END
$$;
CREATE FUNCTION pg_temp.refresh_all() RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
	told text;
BEGIN
	FOR one IN SELECT o.name FROM pg_temp.marts o ORDER BY o.depth, random() LOOP
		told := pg_temp.refresh(one);
		IF told IS NOT NULL THEN
			RETURN NEXT told;
		END IF;
	END LOOP;
END
$$;
-- as they were refreshed then: everything, for that instant
CREATE FUNCTION pg_temp.back_to(instant timestamptz) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
	run bigint;
BEGIN
	UPDATE nudge.materialisations SET clock_at = instant WHERE has_clock;
	FOR one IN SELECT o.name FROM pg_temp.marts o ORDER BY o.depth LOOP
		run := nudge.begin_run(one, 'rebuild');
		PERFORM nudge.refresh_batch(one, run, NULL);
		PERFORM nudge.end_run(one, run, 'ok', NULL, NULL);
	END LOOP;
	DELETE FROM nudge.pending;
	DELETE FROM nudge.change_log;
END
$$;
CREATE FUNCTION pg_temp.wrong() RETURNS SETOF text LANGUAGE sql VOLATILE
	AS $$ SELECT m.name || ' ' || v.difference || ' ' || v.row_data FROM pg_temp.marts m, nudge.verify(m.name) v $$;

-- Random rows: most instants within three months before now, a few after, some at midnight of Berlin
CREATE FUNCTION pg_temp.below(n integer) RETURNS integer LANGUAGE sql VOLATILE RETURN floor(random() * n)::integer;
CREATE FUNCTION pg_temp.customer() RETURNS text LANGUAGE sql VOLATILE RETURN 'c' || pg_temp.below(15);
CREATE FUNCTION pg_temp.person() RETURNS text LANGUAGE sql VOLATILE RETURN 'p' || pg_temp.below(12);
CREATE FUNCTION pg_temp.instant() RETURNS timestamptz LANGUAGE sql VOLATILE
	RETURN CASE pg_temp.below(4) WHEN 0 THEN (date_trunc('day', now() AT TIME ZONE 'Europe/Berlin') - make_interval(days => pg_temp.below(90))) AT TIME ZONE 'Europe/Berlin'
		WHEN 1 THEN date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin' - make_interval(secs => pg_temp.below(3) - 1)
		ELSE now() - make_interval(mins => pg_temp.below(130000) - 6000) END;
CREATE FUNCTION pg_temp.add_item() RETURNS void LANGUAGE sql VOLATILE AS $$
	INSERT INTO shop.item SELECT nextval('pg_temp.ids'), pg_temp.customer(), 'p' || pg_temp.below(3), CASE WHEN random() < 0.1 THEN 0 ELSE pg_temp.below(4) * 100 + pg_temp.below(100) / 100.0 END, s.at, CASE WHEN random() < 0.5 THEN s.at + make_interval(mins => 1 + pg_temp.below(60000)) END,
		CASE WHEN random() < 0.8 THEN 'EUR' ELSE ' usd' END, (ARRAY['active', 'active', 'ended', 'at_risk', 'trialing'])[1 + pg_temp.below(5)], (ARRAY['month', 'month', 'year', 'none'])[1 + pg_temp.below(4)]
	FROM (SELECT pg_temp.instant() AS at) s $$;
CREATE FUNCTION pg_temp.add_event() RETURNS void LANGUAGE sql VOLATILE AS $$
	INSERT INTO shop.event SELECT nextval('pg_temp.ids'), CASE WHEN random() < 0.95 THEN pg_temp.person() END, pg_temp.instant(), (ARRAY['viewed', 'Completed', 'run', 'run'])[1 + pg_temp.below(4)],
		(ARRAY['f1', 'f2', 'f3', NULL])[1 + pg_temp.below(4)], (ARRAY[true, false, NULL])[1 + pg_temp.below(3)], CASE WHEN random() < 0.5 THEN make_interval(secs => pg_temp.below(100)) END,
		CASE WHEN random() < 0.3 THEN pg_temp.below(1000) / 10.0 END $$;
CREATE FUNCTION pg_temp.some() RETURNS text LANGUAGE sql VOLATILE RETURN format('id %% %s = %s', 3 + pg_temp.below(9), pg_temp.below(3));
CREATE FUNCTION pg_temp.statement() RETURNS text LANGUAGE sql VOLATILE
	RETURN CASE pg_temp.below(20)
		WHEN 0 THEN format('UPDATE shop.item SET amount = amount + %s WHERE %s', pg_temp.below(3), pg_temp.some())
		WHEN 1 THEN format('UPDATE shop.item SET customer = %L WHERE %s', pg_temp.customer(), pg_temp.some())
		WHEN 2 THEN format('UPDATE shop.item SET ends = starts + interval ''%s days'', status = ''ended'' WHERE %s', 1 + pg_temp.below(60), pg_temp.some())
		WHEN 3 THEN format('UPDATE shop.item SET currency = %L WHERE %s', (ARRAY['EUR', 'usd '])[1 + pg_temp.below(2)], pg_temp.some())
		WHEN 4 THEN format('DELETE FROM shop.item WHERE %s', CASE WHEN random() < 0.5 THEN format('customer = %L', pg_temp.customer()) ELSE pg_temp.some() END)
		WHEN 5 THEN format('UPDATE shop.account SET segment = %L WHERE customer = %L', (ARRAY['s1', 's2', 's3', ' s1 ', 'all', '', NULL])[1 + pg_temp.below(7)], pg_temp.customer())
		WHEN 6 THEN format('INSERT INTO shop.account VALUES (%L, ''s%s'') ON CONFLICT (customer) DO UPDATE SET segment = excluded.segment', pg_temp.customer(), pg_temp.below(4))
		WHEN 7 THEN CASE WHEN random() < 0.5 THEN format('DELETE FROM shop.account WHERE customer = %L', pg_temp.customer()) ELSE format('UPDATE shop.account SET region = %L WHERE customer >= %L', (ARRAY['EU', ' US', NULL])[1 + pg_temp.below(3)], pg_temp.customer()) END
		WHEN 8 THEN format('UPDATE shop.account SET segment = %L', (ARRAY['s1', 's2', NULL])[1 + pg_temp.below(3)]) || format(' WHERE segment = ''s%s''', pg_temp.below(4))
		WHEN 9 THEN format('INSERT INTO shop.person VALUES (%L, %L, %L, %L) ON CONFLICT (person) DO UPDATE SET staff = excluded.staff, since = excluded.since', pg_temp.person(), pg_temp.customer(), pg_temp.instant(), random() < 0.2)
		WHEN 10 THEN format('DELETE FROM shop.person WHERE person = %L', pg_temp.person())
		WHEN 11 THEN format('UPDATE shop.event SET person = %L WHERE %s', pg_temp.person(), pg_temp.some())
		WHEN 12 THEN format('UPDATE shop.event SET feature = %L, name = ''viewed'' WHERE %s', (ARRAY['f1', 'f4', NULL])[1 + pg_temp.below(3)], pg_temp.some())
		WHEN 13 THEN format('DELETE FROM shop.event WHERE %s', CASE WHEN random() < 0.5 THEN format('person = %L', pg_temp.person()) ELSE pg_temp.some() END)
		WHEN 14 THEN format('UPDATE shop.event SET at = at - interval ''%s hours'' WHERE %s', pg_temp.below(200), pg_temp.some())
		WHEN 15 THEN CASE WHEN random() < 0.1 THEN 'TRUNCATE shop.item, shop.event' ELSE 'UPDATE shop.item SET amount = amount' END
		WHEN 16 THEN 'SELECT pg_temp.add_event() FROM generate_series(1, 12)'
		WHEN 17 THEN 'SELECT pg_temp.add_event() FROM generate_series(1, 4)'
		ELSE 'SELECT pg_temp.add_item() FROM generate_series(1, 5)' END;
-- who has been there for long, and who was
INSERT INTO shop.item SELECT nextval('pg_temp.ids'), 'c' || n, 'p' || n % 3, 40 * n * n, now() - make_interval(months => 3 * n, hours => n), CASE WHEN n % 3 = 0 THEN now() - make_interval(months => n) END, 'EUR', CASE WHEN n % 3 = 0 THEN 'ended' ELSE 'active' END, 'month' FROM generate_series(1, 9) n;

-- What the families say of the rows, at the instant of the refresh ----------

CREATE VIEW pg_temp.priced AS
	SELECT s.customer, upper(btrim(s.currency)) AS currency, s.valid_from, s.valid_to, nudge.monthly_amount(s.amount, s.interval_unit, 1) AS mrr,
		coalesce((SELECT CASE WHEN btrim(c.segment) = 'all' THEN 'all (segment)' ELSE nullif(btrim(c.segment), '') END FROM shop.account c WHERE c.customer = s.customer), '(none)') AS segment
	FROM nudge_staging.subscriptions s
	WHERE s.interval_unit <> 'none' AND (s.status IN ('active', 'at_risk') OR s.status = 'ended' AND s.valid_to IS NOT NULL);
-- by sub-selects of each customer
CREATE VIEW pg_temp.bought AS
	WITH price AS (
		SELECT s.customer, s.plan, upper(btrim(s.currency)) AS currency, s.valid_from, s.valid_to, nudge.monthly_amount(s.amount, s.interval_unit, 1) AS mrr FROM nudge_staging.subscriptions s
		WHERE s.interval_unit <> 'none' AND (s.status IN ('active', 'at_risk') OR s.status = 'ended' AND s.valid_to IS NOT NULL) AND s.amount > 0 AND s.valid_from < now()
	), customer AS (
		SELECT c.customer, (SELECT min(p.valid_from) FROM price p WHERE p.customer = c.customer) AS first_at, NOT EXISTS (SELECT FROM price p WHERE p.customer = c.customer AND coalesce(p.valid_to, 'infinity') >= now()) AS has_left,
			(SELECT max(p.valid_to) FROM price p WHERE p.customer = c.customer) AS last_at FROM (SELECT DISTINCT customer FROM price) c
	)
	SELECT c.customer,
		CASE WHEN c.has_left THEN (SELECT p.plan FROM price p WHERE p.customer = c.customer ORDER BY p.valid_from DESC, p.plan LIMIT 1)
			ELSE (SELECT p.plan FROM price p WHERE p.customer = c.customer AND coalesce(p.valid_to, 'infinity') >= now() ORDER BY p.mrr DESC, p.valid_from DESC, p.plan LIMIT 1) END AS plan,
		(SELECT array_to_string(array_agg(DISTINCT p.plan ORDER BY p.plan), ' + ') FROM price p WHERE p.customer = c.customer AND coalesce(p.valid_to, 'infinity') >= now()) AS product_mix,
		(SELECT (ARRAY['under 3 months', '3 to 12 months', '1 to 2 years', '2 years or more'])[1 + count(*)] FROM unnest('{3,12,24}'::integer[]) m
			WHERE (CASE WHEN c.has_left THEN c.last_at ELSE now() END AT TIME ZONE 'Europe/Berlin')::date >= ((c.first_at AT TIME ZONE 'Europe/Berlin')::date + make_interval(months => m))::date) AS tenure,
		(SELECT CASE WHEN count(DISTINCT p.currency) = 1 THEN (ARRAY['under 100', '100 to 500', '500 to 2,000', '2,000 or more'])[1 + width_bucket(sum(p.mrr), '{100,500,2000}'::numeric[])] END FROM price p WHERE p.customer = c.customer AND p.valid_from = c.first_at) AS size
	FROM customer c;
CREATE VIEW pg_temp.company AS SELECT p.currency, nudge.mrr_agg(p.customer, p.valid_from, p.valid_to, p.mrr) AS state FROM pg_temp.priced p GROUP BY p.currency;
CREATE VIEW pg_temp.product AS SELECT nudge.activity_at_agg(e."user", e.at, 'Europe/Berlin') AS state FROM nudge_staging.events e WHERE e."user" IS NOT NULL;
CREATE VIEW pg_temp.features AS
	SELECT nudge.feature_agg(r.person, r.at, r.feature, r.action, r.worked, r.took, r.worth) AS state
	FROM (SELECT e.person, e.at, e.feature, CASE WHEN e.name = 'run' THEN 'used' ELSE e.name END AS action, e.worked, e.took, e.worth FROM shop.event e JOIN shop.person p ON p.person = e.person AND p.staff IS NOT TRUE WHERE e.feature IS NOT NULL
		UNION ALL SELECT p.person, p.since, NULL, 'signed_up', NULL, NULL, NULL FROM shop.person p WHERE p.staff IS NOT TRUE) r;

CREATE TABLE pg_temp.oracles (mart text PRIMARY KEY, actual text, expected text);
INSERT INTO pg_temp.oracles VALUES
	('mrr_by_segment', 'SELECT segment, currency, period, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, fx_mrr, net_new_mrr, closing_mrr, opening_customers, new_customers, reactivated_customers,
			expanded_customers, contracted_customers, churned_customers, closing_customers, complete FROM nudge_analytics.mrr_by_segment',
		$$SELECT s.segment, s.currency, w.* FROM (SELECT p.segment, p.currency, nudge.mrr_agg(p.customer, p.valid_from, p.valid_to, p.mrr) AS state FROM pg_temp.priced p GROUP BY 1, 2
				UNION ALL SELECT 'all', c.currency, c.state FROM pg_temp.company c) s, nudge.mrr_waterfall(s.state, 'month', 'Europe/Berlin', now()) w$$),
	('mrr_by_dimension', 'SELECT dimension, value, currency, period, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, fx_mrr, net_new_mrr, closing_mrr, opening_customers, new_customers, reactivated_customers,
			expanded_customers, contracted_customers, churned_customers, closing_customers, complete FROM nudge_analytics.mrr_by_dimension',
		$$SELECT s.dimension, s.value, s.currency, w.* FROM (SELECT v.dimension, coalesce(btrim(v.value), '(none)') AS value, p.currency, nudge.mrr_agg(p.customer, p.valid_from, p.valid_to, p.mrr) AS state
				FROM pg_temp.priced p LEFT JOIN shop.account c USING (customer), LATERAL (VALUES ('region', c.region), ('industry', c.industry), ('growth_tier', NULL), ('company_size', NULL), ('sales_channel', NULL),
					('plan', (SELECT b.plan FROM pg_temp.bought b WHERE b.customer = p.customer)), ('product_mix', (SELECT b.product_mix FROM pg_temp.bought b WHERE b.customer = p.customer)), ('tenure', (SELECT b.tenure FROM pg_temp.bought b WHERE b.customer = p.customer)),
					('initial_contract_size', (SELECT b.size FROM pg_temp.bought b WHERE b.customer = p.customer))) v(dimension, value) GROUP BY 1, 2, 3) s,
			nudge.mrr_waterfall(s.state, 'month', 'Europe/Berlin', now()) w$$),
	('mrr_summary', 'SELECT currency, period, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, net_new_mrr, closing_mrr, opening_customers, closing_customers, complete
			FROM nudge_analytics.mrr_summary WHERE opening_mrr <> 0 OR closing_mrr <> 0',
		'SELECT currency, period, sum(opening_mrr), sum(new_mrr), sum(reactivation_mrr), sum(expansion_mrr), sum(contraction_mrr), sum(churn_mrr), sum(net_new_mrr), sum(closing_mrr), count(*) FILTER (WHERE opening_mrr > 0),
			count(*) FILTER (WHERE closing_mrr > 0), bool_and(complete) FROM nudge_analytics.fact_revenue GROUP BY 1, 2'),
	('fact_revenue', $$SELECT currency, period, customer, movement, opening_mrr, closing_mrr, net_new_mrr FROM nudge_analytics.fact_revenue WHERE movement <> 'none'$$,
		$$SELECT c.currency, m.period, m.customer, m.movement, m.mrr_before, m.mrr_after, m.amount FROM pg_temp.company c, nudge.mrr_movements(c.state, 'month', 'Europe/Berlin', now()) m$$),
	('revenue_cohorts', 'SELECT * FROM nudge_analytics.revenue_cohorts',
		$$SELECT c.currency, r.cohort, r.age, r.period, r.cohort_customers, r.cohort_mrr, r.customers, r.mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.reactivation_mrr, r.logo_retention, r.net_revenue_retention,
			r.gross_revenue_retention, r.complete FROM pg_temp.company c, nudge.revenue_cohorts(c.state, 'month', 'Europe/Berlin', now()) r$$),
	('revenue_cohorts_by_dimension', $$SELECT dimension, value, currency, cohort, age, period, cohort_customers, cohort_mrr, customers, mrr, expansion_mrr, contraction_mrr, churn_mrr, reactivation_mrr, logo_retention_rate, net_revenue_retention_rate, gross_revenue_retention_rate, complete
			FROM nudge_analytics.revenue_cohorts_by_dimension WHERE dimension IN ('segment', 'region')$$,
		$$SELECT s.dimension, s.value, s.currency, r.* FROM (SELECT 'segment' AS dimension, p.segment AS value, p.currency, nudge.mrr_agg(p.customer, p.valid_from, p.valid_to, p.mrr) AS state FROM pg_temp.priced p GROUP BY 2, 3
				UNION ALL SELECT 'region', coalesce(btrim(a.region), '(none)'), p.currency, nudge.mrr_agg(p.customer, p.valid_from, p.valid_to, p.mrr) FROM pg_temp.priced p LEFT JOIN shop.account a USING (customer) GROUP BY 2, 3) s,
			LATERAL (SELECT r.cohort, r.age, r.period, r.cohort_customers, r.cohort_mrr, r.customers, r.mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.reactivation_mrr, r.logo_retention, r.net_revenue_retention, r.gross_revenue_retention, r.complete
				FROM nudge.revenue_cohorts(s.state, 'month', 'Europe/Berlin', now()) r WHERE r.cohort_customers > 0) r$$),
	-- each dimension has all that revenue_cohorts has
	('revenue_cohorts_by_dimension all', 'SELECT currency, cohort, age, d.dimension, cohort_customers, cohort_mrr, customers, mrr, expansion_mrr, contraction_mrr, churn_mrr, reactivation_mrr FROM nudge_analytics.revenue_cohorts r, (SELECT DISTINCT dimension FROM nudge_analytics.revenue_cohorts_by_dimension) d WHERE r.cohort_customers > 0',
		'SELECT currency, cohort, age, dimension, sum(cohort_customers)::bigint, sum(cohort_mrr), sum(customers)::bigint, sum(mrr), sum(expansion_mrr), sum(contraction_mrr), sum(churn_mrr), sum(reactivation_mrr) FROM nudge_analytics.revenue_cohorts_by_dimension GROUP BY 1, 2, 3, 4'),
	-- by plain SQL
	('customer_mrr_timeline', 'SELECT customer, currency, started_at, ended_at, mrr, customer_since, last_end_day FROM nudge_analytics.customer_mrr_timeline',
		$$SELECT b.customer, b.currency, b.at, b.next, sum(round(p.mrr, 6)), (e.first AT TIME ZONE 'Europe/Berlin')::date, (e.last AT TIME ZONE 'Europe/Berlin')::date
		FROM (SELECT u.*, lead(u.at) OVER (PARTITION BY u.customer, u.currency ORDER BY u.at) AS next
				FROM (SELECT customer, currency, valid_from AS at FROM pg_temp.priced UNION SELECT customer, currency, valid_to FROM pg_temp.priced WHERE valid_to IS NOT NULL) u) b
			JOIN pg_temp.priced p ON p.customer = b.customer AND p.currency = b.currency AND p.valid_from <= b.at AND (p.valid_to IS NULL OR p.valid_to > b.at)
			JOIN (SELECT customer, currency, min(valid_from) AS first, CASE WHEN bool_and(valid_to IS NOT NULL) THEN max(valid_to) END AS last FROM pg_temp.priced GROUP BY 1, 2) e ON e.customer = b.customer AND e.currency = b.currency
		GROUP BY 1, 2, 3, 4, 6, 7$$),
	('dim_customers', 'SELECT customer, segment, status, first_revenue_day, last_revenue_day, currency, current_mrr FROM nudge_analytics.dim_customers',
		$$SELECT k.customer, (SELECT a.segment FROM shop.account a WHERE a.customer = k.customer),
			CASE WHEN count(p.customer) = 0 THEN 'never_paid' WHEN bool_or(p.is_on) THEN 'active' ELSE 'churned' END,
			min(p.valid_from AT TIME ZONE 'Europe/Berlin')::date, CASE WHEN NOT bool_or(p.is_on) THEN max(p.valid_to - interval '1 microsecond') AT TIME ZONE 'Europe/Berlin' END::date,
			CASE WHEN count(DISTINCT p.currency) FILTER (WHERE p.is_on) = 1 THEN min(p.currency) FILTER (WHERE p.is_on) WHEN bool_or(p.is_on) IS NOT TRUE AND count(DISTINCT p.currency) = 1 THEN min(p.currency) END,
			CASE WHEN count(DISTINCT p.currency) FILTER (WHERE p.is_on) < 2 THEN coalesce(sum(round(p.mrr, 6)) FILTER (WHERE p.is_on), 0) END
		FROM (SELECT customer FROM shop.account UNION SELECT customer FROM pg_temp.priced) k
		LEFT JOIN (SELECT r.*, r.valid_to IS NULL OR r.valid_to >= now() AS is_on FROM pg_temp.priced r WHERE r.mrr > 0 AND r.valid_from < now()) p ON p.customer = k.customer GROUP BY k.customer$$),
	('active_users', 'SELECT day, dau, wau, mau, new_users, total_users, dau_wau_rate, dau_mau_rate FROM nudge_analytics.active_users',
		$$SELECT d.day, d.dau, d.wau, d.mau, d.fresh, d.everybody, d.dau::numeric / nullif(d.wau, 0), d.dau::numeric / nullif(d.mau, 0) FROM (
			SELECT d::date AS day, count(DISTINCT x.person) FILTER (WHERE x.day = d::date) AS dau, count(DISTINCT x.person) FILTER (WHERE x.day > d::date - 7) AS wau, count(DISTINCT x.person) FILTER (WHERE x.day > d::date - 30) AS mau,
				count(DISTINCT x.person) FILTER (WHERE x.first_day = d::date) AS fresh, count(DISTINCT x.person) AS everybody
			FROM (SELECT e.person, (e.at AT TIME ZONE 'Europe/Berlin')::date AS day, min((e.at AT TIME ZONE 'Europe/Berlin')::date) OVER (PARTITION BY e.person) AS first_day FROM shop.event e WHERE e.person IS NOT NULL) x,
				LATERAL (SELECT min((e.at AT TIME ZONE 'Europe/Berlin')::date) AS first FROM shop.event e WHERE e.person IS NOT NULL) f,
				LATERAL generate_series(f.first, (now() AT TIME ZONE 'Europe/Berlin')::date - 1, interval '1 day') d
			WHERE x.day <= d::date GROUP BY d) d$$),
	('lifecycle', 'SELECT * FROM nudge_analytics.lifecycle',
		$$SELECT g, l.* FROM pg_temp.product p, unnest('{week,month}'::text[]) g, nudge.lifecycle(p.state, g, (now() AT TIME ZONE 'Europe/Berlin')::date, week_start => 'sunday') l$$),
	('cohort_retention', 'SELECT * FROM nudge_analytics.cohort_retention',
		$$SELECT g, r.* FROM pg_temp.product p, unnest('{week,month}'::text[]) g, nudge.retention_cohorts(p.state, g, 12, (now() AT TIME ZONE 'Europe/Berlin')::date, week_start => 'sunday') r WHERE r.cohort IS NOT NULL$$),
	('feature_adoption', 'SELECT * FROM nudge_analytics.feature_adoption',
		$$SELECT a.feature, a.users, a.discovered_users, a.tried_users, a.adopted_users, a.habitual_users, a.adoption_rate, a.uses, a.usage_frequency, a.success_rate, a.completions, a.completion_rate, a.median_duration_seconds,
			a.median_seconds_to_first_use, a.median_seconds_to_adopt, a.value_created
		FROM pg_temp.features f, nudge.feature_adoption(f.state, (SELECT count(*) FROM shop.person WHERE staff IS NOT TRUE AND since < now()), now(), 'Europe/Berlin', week_start => 'sunday') a$$),
	('revenue_retention', 'SELECT currency, period, opening_mrr, expansion_mrr, contraction_mrr, churn_mrr, opening_customers, churned_customers, net_revenue_retention_rate, gross_revenue_retention_rate, logo_retention_rate FROM nudge_analytics.revenue_retention',
		$$SELECT c.currency, m::date, r.opening_mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.opening_customers, r.churned_customers, nudge.net_revenue_retention(c.state, w.since, w.until, 'Europe/Berlin'), nudge.gross_revenue_retention(c.state, w.since, w.until, 'Europe/Berlin'),
			nudge.logo_retention(c.state, w.since, w.until, 'Europe/Berlin')
		FROM pg_temp.company c, generate_series(date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - interval '40 months', date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - interval '1 month', interval '1 month') m,
			LATERAL (SELECT (m - interval '11 months')::date AS since, (m + interval '1 month')::date AS until) w, nudge.mrr_summary(c.state, w.since, w.until, 'Europe/Berlin') r WHERE r.opening_customers > 0$$),
	('revenue_retention_by_dimension', $$SELECT dimension, value, currency, period, opening_mrr, expansion_mrr, contraction_mrr, churn_mrr, opening_customers, churned_customers FROM nudge_analytics.revenue_retention_by_dimension WHERE dimension IN ('segment', 'region')$$,
		$$SELECT s.dimension, s.value, s.currency, m::date, r.opening_mrr, r.expansion_mrr, r.contraction_mrr, r.churn_mrr, r.opening_customers, r.churned_customers
		FROM (SELECT 'segment' AS dimension, p.segment AS value, p.currency, nudge.mrr_agg(p.customer, p.valid_from, p.valid_to, p.mrr) AS state FROM pg_temp.priced p GROUP BY 2, 3
				UNION ALL SELECT 'region', coalesce(btrim(a.region), '(none)'), p.currency, nudge.mrr_agg(p.customer, p.valid_from, p.valid_to, p.mrr) FROM pg_temp.priced p LEFT JOIN shop.account a USING (customer) GROUP BY 2, 3) s,
			generate_series(date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - interval '40 months', date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - interval '1 month', interval '1 month') m,
			nudge.mrr_summary(s.state, (m - interval '11 months')::date, (m + interval '1 month')::date, 'Europe/Berlin') r WHERE r.opening_customers > 0$$),
	('user_retention', 'SELECT age, period, eligible_users, retained_users, retention_rate FROM nudge_analytics.user_retention WHERE eligible_users > 0',
		$$SELECT r.day, m::date, r.eligible, r.retained, r.rate FROM pg_temp.product p, generate_series(date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - interval '40 months', date_trunc('month', now() AT TIME ZONE 'Europe/Berlin'), interval '1 month') m,
			nudge.retention_curve(p.state, 90, (now() AT TIME ZONE 'Europe/Berlin')::date, start_day => m::date, end_day => (m + interval '1 month')::date) r WHERE r.day IN (1, 7, 30, 90) AND r.eligible > 0$$),
	('user_classes', 'SELECT period, power_users, regular_users, low_users, dormant_users, active_users, qualified_users, qualified_rate, complete FROM nudge_analytics.user_classes',
		$$SELECT c.period, c.power_users, c.regular_users, c.low_users, n.n - c.active_users, c.active_users, c.qualified_users, c.qualified_users::numeric / n.n, c.complete
		FROM (SELECT nudge.activity_count_agg(e.person, (e.at AT TIME ZONE 'Europe/Berlin')::date, 1) AS state FROM shop.event e WHERE e.person IS NOT NULL) p, nudge.active_user_classes(p.state, 'week', (now() AT TIME ZONE 'Europe/Berlin')::date, week_start => 'sunday') c,
			LATERAL (SELECT count(DISTINCT e.person) AS n FROM shop.event e WHERE (e.at AT TIME ZONE 'Europe/Berlin')::date < least(c.period + 7, (now() AT TIME ZONE 'Europe/Berlin')::date)) n$$),
	('feature_adoption_by_month', 'SELECT feature, period, users, discovered_users, tried_users, adopted_users, habitual_users, adoption_rate, uses, complete FROM nudge_analytics.feature_adoption_by_month',
		$$SELECT a.feature, m::date, a.users, a.discovered_users, a.tried_users, a.adopted_users, a.habitual_users, a.adoption_rate, a.uses, u.until <= now()
		FROM pg_temp.features f, generate_series(greatest(date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - interval '23 months', date_trunc('month', (SELECT min(since) FROM shop.person) AT TIME ZONE 'Europe/Berlin')), date_trunc('month', now() AT TIME ZONE 'Europe/Berlin'), interval '1 month') m,
			LATERAL (SELECT (m + interval '1 month') AT TIME ZONE 'Europe/Berlin' AS until) u,
			nudge.feature_adoption(f.state, (SELECT count(*) FROM shop.person WHERE staff IS NOT TRUE AND since < least(u.until, now())), least(u.until, now()), 'Europe/Berlin', week_start => 'sunday') a$$);

CREATE FUNCTION pg_temp.otherwise() RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	o record;
BEGIN
	FOR o IN SELECT * FROM pg_temp.oracles ORDER BY mart LOOP
		RETURN QUERY EXECUTE format('SELECT %L || d::text FROM ((SELECT ''has '' AS side, x::text FROM (%s EXCEPT ALL %s) x) UNION ALL (SELECT ''lacks '', x::text FROM (%3$s EXCEPT ALL %2$s) x)) d', o.mart || ' ', o.actual, o.expected);
	END LOOP;
END
$$;

-- Rounds ------------------------------------------------------------------

SELECT count(pg_temp.add_item()) FROM generate_series(1, 40) \gset
-- some of more than a year ago
UPDATE shop.item SET starts = starts - make_interval(months => 10 + pg_temp.below(10)) WHERE id % 3 = 0;
SELECT count(pg_temp.add_event()) FROM generate_series(1, 150) \gset
INSERT INTO shop.account SELECT 'c' || i, (ARRAY['s1', 's2', 's3', NULL])[1 + pg_temp.below(4)] FROM generate_series(0, 11) i;
INSERT INTO shop.person SELECT 'p' || i, pg_temp.customer(), pg_temp.instant() - interval '30 days', i = 3 FROM generate_series(0, 9) i;
-- each Sunday of the last four whole weeks that begin with it: no habit by weeks that begin on Monday
INSERT INTO shop.event (id, person, at, name, feature) SELECT nextval('pg_temp.ids'), 'p1', (w.start - 7 * i + time '12:00') AT TIME ZONE 'Europe/Berlin', 'run', 'f5'
FROM generate_series(1, 4) i, (SELECT nudge.period_start(nudge.civil_date(now(), 'Europe/Berlin'), 'week', 'sunday') AS start) w;
SELECT isnt_empty('SELECT pg_temp.refresh_all()', 'the first refresh writes');
SELECT is_empty('SELECT pg_temp.wrong()', 'and verify finds nothing');
SELECT is_empty('SELECT pg_temp.otherwise()', 'all is as the families say');
SELECT isnt_empty('SELECT 1 FROM nudge_analytics.revenue_retention WHERE net_revenue_retention_rate <> 1', 'some customers are of 12 months before');
SELECT is(habitual_users, 1::bigint, 'one has a habit') FROM nudge_analytics.feature_adoption WHERE feature = 'f5';

CREATE FUNCTION pg_temp.rounds(n integer) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	statements text[];
	one text;
	instant timestamptz;
BEGIN
	FOR i IN 1 .. n LOOP
		statements := '{}';
		FOR j IN 1 .. 1 + pg_temp.below(4) LOOP
			one := pg_temp.statement();
			statements := statements || one;
			EXECUTE one;
		END LOOP;
		IF i % 3 = 0 THEN
			-- nothing has changed but the time
			instant := CASE (i / 3) % 4 WHEN 0 THEN pg_temp.instant() WHEN 2 THEN date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin' WHEN 1 THEN (SELECT coalesce(max(starts) FILTER (WHERE starts < now()), now()) FROM shop.item WHERE id % 7 = i % 7)
				ELSE now() - make_interval(mins => pg_temp.below(3000)) END;
			PERFORM nudge.fan_out(100000);
			PERFORM pg_temp.back_to(least(instant, now()));
			statements := statements || format('-- back to %s', instant);
			RETURN NEXT is_empty('SELECT pg_temp.wrong()', format('round %s: what was then is right', i));
		END IF;
		PERFORM pg_temp.refresh_all();
		RETURN NEXT is_empty('SELECT pg_temp.wrong()', format('round %s: verify after %s', i, statements));
		RETURN NEXT is_empty('SELECT pg_temp.otherwise()', format('round %s: as the families say after %s', i, statements));
		RETURN NEXT is_empty('SELECT pg_temp.refresh_all()', format('round %s: a second refresh writes nothing', i));
	END LOOP;
END
$$;
SELECT pg_temp.rounds(24);
SELECT is((SELECT count(*) FROM nudge.quarantine), 0::bigint, 'nothing was put aside');

-- A comment on each mart with its grain, and on each column
SELECT is_empty($$SELECT m.name, a.attname FROM pg_temp.marts m JOIN pg_attribute a ON a.attrelid = ('nudge_analytics.' || m.name)::regclass AND a.attnum > 0 AND NOT a.attisdropped WHERE col_description(a.attrelid, a.attnum) IS NULL$$, 'columns have comments');
SELECT is_empty($$SELECT m.name FROM pg_temp.marts m WHERE obj_description(('nudge_analytics.' || m.name)::regclass) !~ '\. Grain: '$$, 'comments tell the grain');
-- what BI tools read: no states but in those that are for other marts
SELECT is_empty($$SELECT m.name, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_temp.marts m JOIN pg_attribute a ON a.attrelid = ('nudge_analytics.' || m.name)::regclass AND a.attnum > 0 AND NOT a.attisdropped
	WHERE format_type(a.atttypid, NULL) NOT IN ('text', 'boolean', 'integer', 'bigint', 'numeric', 'double precision', 'date', 'timestamp with time zone') AND m.name !~ '(_states|_buckets|^customer_mrr)$'$$, 'types that BI tools read');

SELECT finish();
ROLLBACK;
