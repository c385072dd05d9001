--
-- marts_support.sql
--		Support by month: after random changes and leaps of time the marts are what the
--		reports say of the tickets themselves, and only the months are computed that
--		something has happened in.
--
-- All follows from the seed and from now(); NM_SEED in the environment replaces the seed.
--
-- Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence

\set ON_ERROR_STOP on
\set seed marts_support
\getenv seed NM_SEED
BEGIN;
SET client_min_messages = warning;
SET timezone = 'America/New_York';
SET jit = off;
SELECT no_plan();
SELECT diag('seed: ' || :'seed');
SELECT setseed(('x' || substr(md5(:'seed'), 1, 6))::bit(24)::integer / 16777216.0) \gset
\ir refreshes.psql

-- Tables ------------------------------------------------------------------

CREATE SCHEMA desk;
SET search_path = desk, public;
CREATE SEQUENCE ids;
CREATE TABLE customers (id bigint DEFAULT nextval('ids') PRIMARY KEY, customer text, created_at timestamptz, name text, segment text, internal boolean);
CREATE TABLE tickets (ticket text DEFAULT nextval('ids') PRIMARY KEY, customer text, opened_at timestamptz, first_response_at timestamptz, resolved_at timestamptz, reopened_at timestamptz, priority text, complexity text, category text,
	csat numeric, escalated boolean, contacts integer, agent text);

-- some on the edge of a month, some in the days to come, some a moment ago
CREATE FUNCTION pg_temp.instant() RETURNS timestamptz LANGUAGE sql VOLATILE RETURN (
	SELECT CASE WHEN r < 0.08 THEN now() + random() * interval '20 days' WHEN r < 0.2 THEN now() - random() * random() * interval '6 hours'
		WHEN r < 0.3 THEN date_trunc('month', now() AT TIME ZONE 'Europe/Berlin' - random() * interval '300 days') AT TIME ZONE 'Europe/Berlin' + floor(random() * 3 - 1) * interval '1 microsecond'
		ELSE now() - random() * random() * interval '400 days' END
	FROM random() r);
CREATE FUNCTION pg_temp.add_ticket() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	at constant timestamptz := pg_temp.instant();
	done constant timestamptz := CASE WHEN random() < 0.75 THEN at + (random() * random() * random() * 90 - 0.3) * interval '1 day' END;
BEGIN
	INSERT INTO tickets (customer, opened_at, first_response_at, resolved_at, reopened_at, priority, complexity, category, csat, escalated, contacts, agent)
	VALUES ('c' || pg_temp.below(14), at, CASE WHEN random() < 0.8 THEN at + (random() * 9 - 0.3) * interval '1 hour' END, done, CASE WHEN random() < 0.2 THEN coalesce(done, at) + (random() * 40 - 2) * interval '1 day' END,
		pg_temp.one_of('{High,low}'), pg_temp.one_of('{easy,hard,NULL}'), pg_temp.one_of('{billing,bug,NULL}'), CASE WHEN random() < 0.5 THEN 1 + pg_temp.below(5) END, CASE WHEN random() < 0.9 THEN random() < 0.2 END,
		CASE WHEN random() < 0.9 THEN 1 + pg_temp.below(3) END, pg_temp.one_of('{ann,ben,NULL}') || CASE WHEN random() < 0.05 THEN pg_temp.below(9)::text ELSE '' END);
END
$$;
CREATE FUNCTION pg_temp.add_customer() RETURNS void LANGUAGE sql VOLATILE
	AS $$ INSERT INTO customers (customer, created_at, segment, internal) VALUES ('c' || pg_temp.below(30), pg_temp.instant(), pg_temp.one_of('{small,large,NULL}'), pg_temp.one_of('{true,false,false,false,false,NULL}')::boolean) $$;
CREATE FUNCTION pg_temp.change() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	pick constant integer := pg_temp.below(16);
	picked constant text := format('ticket IN (SELECT t.ticket FROM tickets t ORDER BY random() LIMIT %s)', 1 + pg_temp.below(3));
	someone constant text := 'c' || pg_temp.below(14);
BEGIN
	IF pick = 0 THEN EXECUTE 'DELETE FROM tickets WHERE ' || picked;
	ELSIF pick = 1 THEN EXECUTE format('UPDATE tickets SET opened_at = %L WHERE ' || picked, pg_temp.instant());
	ELSIF pick = 2 THEN EXECUTE format('UPDATE tickets SET resolved_at = %L, csat = 2 WHERE ' || picked, CASE WHEN random() < 0.7 THEN pg_temp.instant() END);
	ELSIF pick = 3 THEN EXECUTE format('UPDATE tickets SET reopened_at = %L WHERE ' || picked, CASE WHEN random() < 0.7 THEN pg_temp.instant() END);
	ELSIF pick = 4 THEN EXECUTE format('UPDATE tickets SET customer = %L, agent = %L WHERE ' || picked, someone, 'a' || pg_temp.below(4));
	ELSIF pick = 5 THEN EXECUTE format('UPDATE tickets SET first_response_at = opened_at - interval ''1 second'', category = %L WHERE ' || picked, 'k' || pg_temp.below(4));
	ELSIF pick = 6 THEN UPDATE customers SET segment = pg_temp.one_of('{small,large,huge," ",NULL}') WHERE customer = someone;
	ELSIF pick = 7 THEN UPDATE customers SET internal = internal IS NOT TRUE WHERE customer = someone;
	ELSIF pick = 8 THEN UPDATE customers SET created_at = CASE WHEN random() < 0.9 THEN pg_temp.instant() ELSE '-infinity' END, name = 'renamed' WHERE customer = someone;
	ELSIF pick = 9 THEN DELETE FROM customers WHERE customer = someone;
	ELSIF pick = 10 AND random() < 0.3 THEN PERFORM CASE WHEN nudge.is_excluded('customer', someone) THEN nudge.include('customer', ARRAY[someone]) ELSE nudge.exclude('customer', ARRAY[someone], 'a test') END;
	ELSIF pick = 11 AND random() < 0.3 THEN
		IF nudge.unmerge_entity('customer', someone) IS NOT TRUE AND someone NOT IN ('c0', 'c1') THEN
			PERFORM nudge.merge_entity('customer', someone, 'c' || pg_temp.below(2));
		END IF;
	ELSIF pick = 12 AND random() < 0.1 THEN TRUNCATE tickets;
	ELSIF pick = 13 THEN PERFORM pg_temp.add_customer();
	ELSE PERFORM pg_temp.add_ticket() FROM generate_series(0, pg_temp.below(5));
	END IF;
	RETURN pick::text;
END
$$;
SELECT pg_temp.add_ticket() FROM generate_series(1, 150) \g /dev/null
SELECT pg_temp.add_customer() FROM generate_series(1, 30) \g /dev/null
INSERT INTO nudge.working_calendars VALUES ('office', 'Europe/Berlin');
INSERT INTO nudge.working_hours SELECT 'office', d, time '09:00', time '17:30' FROM generate_series(1, 5) d;
INSERT INTO nudge.sla_targets (measure, priority, complexity, target_minutes, calendar) VALUES ('first_response', '*', '*', 240, 'office'), ('first_response', 'high', '*', 90, NULL), ('resolution', 'low', '*', 9000, 'office'), ('resolution', '*', 'hard', 5000.5, NULL);

DELETE FROM nudge.shipped_marts m WHERE m.name <> 'fact_tickets' AND m.name !~ '^support_';
SELECT nudge.map_source('tickets', 'tickets') \g /dev/null
SELECT nudge.deploy(zone => 'Europe/Berlin') \g /dev/null

-- The reports on the rows as they are mapped, as of when the marts are ------

CREATE FUNCTION pg_temp.said(customers regclass) RETURNS SETOF nudge_analytics.support_performance LANGUAGE sql STABLE AS $$
	SELECT r.period, coalesce(d, 'all'), CASE WHEN r.is_total THEN 'all' ELSE r.value END, r.tickets_total, r.ticket_share, r.customers_total, r.tickets_per_customer, r.tickets_resolved, r.resolution_rate,
		r.tickets_once_resolved, r.tickets_reopened, r.reopen_rate, r.escalation_known, r.tickets_escalated, r.escalation_rate, r.contacts_known, r.tickets_one_touch, r.one_touch_rate, r.csat_answers, r.mean_csat, r.tickets_with_problem,
		f.tickets_done, f.mean_minutes, f.median_minutes, f.p90_minutes, f.sla_met, f.sla_breached, f.sla_pending, f.attainment_rate,
		t.mean_minutes, t.median_minutes, t.p90_minutes, t.sla_met, t.sla_breached, t.sla_pending, t.attainment_rate, r.complete
	FROM (SELECT m.clock_at AS at, date_trunc('month', m.clock_at AT TIME ZONE 'Europe/Berlin') AS month FROM nudge.materialisations m WHERE m.name = 'support_performance') a,
		-- of tickets that have been opened
		LATERAL (SELECT greatest(date_trunc('month', min(i.opened_at) AT TIME ZONE 'Europe/Berlin'), a.month - interval '119 months')::date AS first, (a.month + interval '1 month')::date AS next FROM nudge_staging.tickets i WHERE i.opened_at < a.at HAVING count(*) > 0) w,
		unnest('{NULL,priority,complexity,category,agent,segment}'::text[]) d,
		LATERAL nudge.support_report('nudge_staging.tickets', w.first, w.next, 'month', 'Europe/Berlin', a.at, d, customers) r
		LEFT JOIN LATERAL nudge.support_times('nudge_staging.tickets', w.first, w.next, 'month', 'Europe/Berlin', a.at, d, customers) f
			ON f.measure = 'first_response' AND f.is_total = r.is_total AND f.period = r.period AND f.value IS NOT DISTINCT FROM r.value
		LEFT JOIN LATERAL nudge.support_times('nudge_staging.tickets', w.first, w.next, 'month', 'Europe/Berlin', a.at, d, customers) t
			ON t.measure = 'resolution' AND t.is_total = r.is_total AND t.period = r.period AND t.value IS NOT DISTINCT FROM r.value
	WHERE r.is_total = (d IS NULL) AND (d IS DISTINCT FROM 'segment' OR customers IS NOT NULL)
$$;
CREATE FUNCTION pg_temp.said_of_backlog(customers regclass) RETURNS SETOF nudge_analytics.support_backlog LANGUAGE sql STABLE AS $$
	SELECT r.period, coalesce(d, 'all'), CASE WHEN r.is_total THEN 'all' ELSE r.value END, r.opening, r.opened, r.reopened, r.resolved, r.closing, round(r.mean_age_days, 1), round(r.oldest_age_days, 1), r.complete
	FROM (SELECT m.clock_at AS at, date_trunc('month', m.clock_at AT TIME ZONE 'Europe/Berlin') AS month FROM nudge.materialisations m WHERE m.name = 'support_backlog') a,
		LATERAL (SELECT greatest(date_trunc('month', min(i.opened_at) AT TIME ZONE 'Europe/Berlin'), a.month - interval '119 months')::date AS first, (a.month + interval '1 month')::date AS next FROM nudge_staging.tickets i WHERE i.opened_at < a.at HAVING count(*) > 0) w,
		unnest('{NULL,priority,complexity,category,agent}'::text[]) d,
		LATERAL nudge.backlog('nudge_staging.tickets', w.first, w.next, 'month', 'Europe/Berlin', a.at, d, customers) r
	WHERE r.is_total = (d IS NULL)
$$;
-- the end of each month anew, ticket by ticket
CREATE FUNCTION pg_temp.counted() RETURNS TABLE (period date, closing bigint, oldest numeric) LANGUAGE sql STABLE AS $$
	SELECT p.period, count(t.ticket), round(extract(epoch FROM p.until - min(t.opened_at)) / 86400, 1)
	FROM (SELECT b.period, least((b.period + interval '1 month') AT TIME ZONE 'Europe/Berlin', m.clock_at) AS until FROM nudge_analytics.support_backlog b, nudge.materialisations m WHERE m.name = 'support_backlog' AND b.dimension = 'all') p
	LEFT JOIN (SELECT r.ticket, r.opened_at, r.resolved_at, CASE WHEN r.reopened_at > r.resolved_at THEN r.reopened_at END AS reopened_at
			FROM (SELECT i.ticket, i.customer, i.opened_at, CASE WHEN i.resolved_at < i.opened_at THEN i.opened_at ELSE i.resolved_at END AS resolved_at, i.reopened_at FROM nudge_staging.tickets i) r
			WHERE to_regclass('nudge_staging.customers') IS NULL OR r.customer NOT IN (SELECT c.customer FROM nudge_analytics.support_internal_customers c)) t
		ON t.opened_at < p.until AND (t.resolved_at >= p.until OR t.resolved_at IS NULL OR t.reopened_at < p.until)
	GROUP BY p.period, p.until
$$;
CREATE FUNCTION pg_temp.otherwise() RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	customers constant regclass := to_regclass('nudge_staging.customers');
BEGIN
	RETURN QUERY WITH s AS MATERIALIZED (SELECT * FROM pg_temp.said(customers))
		SELECT 'report only ' || x::text FROM (SELECT * FROM s EXCEPT ALL SELECT * FROM nudge_analytics.support_performance LIMIT 2) x
		UNION ALL SELECT 'mart only ' || x::text FROM (SELECT * FROM nudge_analytics.support_performance EXCEPT ALL SELECT * FROM s LIMIT 2) x;
	RETURN QUERY WITH s AS MATERIALIZED (SELECT * FROM pg_temp.said_of_backlog(customers))
		SELECT 'backlog only ' || x::text FROM (SELECT * FROM s EXCEPT ALL SELECT * FROM nudge_analytics.support_backlog LIMIT 2) x
		UNION ALL SELECT 'mart of backlog only ' || x::text FROM (SELECT * FROM nudge_analytics.support_backlog EXCEPT ALL SELECT * FROM s LIMIT 2) x;
	RETURN QUERY SELECT 'counted ' || x::text FROM (SELECT * FROM pg_temp.counted() EXCEPT ALL SELECT b.period, b.closing_tickets, b.oldest_age_days FROM nudge_analytics.support_backlog b WHERE b.dimension = 'all') x LIMIT 2;
	RETURN QUERY SELECT 'put aside ' || q.materialisation || ' ' || q.error FROM nudge.quarantine q LIMIT 2;
END
$$;

SELECT isnt(pg_temp.refresh_all(), 'nothing', 'all is computed at first');
SELECT is_empty('SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.otherwise()', 'and is what the reports say');
SELECT is_empty($$SELECT FROM nudge_analytics.support_performance WHERE dimension = 'segment' OR customers_total IS NOT NULL$$, 'nothing is known of customers');
SELECT nudge.map_source('customers', 'customers'), nudge.deploy() \g /dev/null
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'customers are taken in once they are mapped');
SELECT is_empty('SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.otherwise()', 'as the reports take them in');
SELECT isnt_empty($$SELECT FROM nudge_analytics.support_performance WHERE dimension = 'segment' AND first_response_sla_pending IS NULL OR tickets_with_problem > 0 AND tickets_total > 0$$, 'the rows have what is rare');

-- Random changes, and leaps of time -----------------------------------------

CREATE FUNCTION pg_temp.rounds(n integer) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	done text;
BEGIN
	FOR round IN 1 .. n LOOP
		SELECT string_agg(pg_temp.change(), ', ') INTO done FROM generate_series(0, pg_temp.below(5));
		PERFORM pg_temp.refresh_all();
		RETURN QUERY SELECT format('round %s (%s): %s', round, done, w) FROM (SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.otherwise()) w(w) LIMIT 4;
		done := pg_temp.refresh_all();
		IF done <> 'nothing' THEN
			RETURN NEXT format('round %s: a second refresh writes %s', round, done);
		END IF;
	END LOOP;
END
$$;
SELECT is_empty('SELECT pg_temp.rounds(16)', 'after random changes the marts are what the reports say');
SELECT pg_temp.add_ticket() FROM generate_series(1, 60) \g /dev/null
SELECT pg_temp.add_customer() FROM generate_series(1, 10) \g /dev/null
SELECT isnt(pg_temp.refresh_all(), 'nothing', 'there is something of all');

-- As if the last refresh had been at an instant, by the rows of today
CREATE FUNCTION pg_temp.be_at(instant timestamptz) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	one text;
BEGIN
	UPDATE nudge.materialisations SET clock_at = instant WHERE has_clock;
	FOR one IN SELECT o.name FROM nudge.refresh_order() o ORDER BY o.depth, o.name LOOP
		PERFORM nudge.refresh_batch(one, 0, NULL);
	END LOOP;
	-- what was written is no change: time alone must do
	DELETE FROM nudge.change_log;
	DELETE FROM nudge.pending;
END
$$;
CREATE FUNCTION pg_temp.after(instant timestamptz, changes integer) RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	done text;
BEGIN
	PERFORM pg_temp.be_at(instant);
	RETURN QUERY SELECT 'then: ' || w FROM (SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.otherwise()) w(w) LIMIT 4;
	PERFORM pg_temp.change() FROM generate_series(1, changes);
	PERFORM pg_temp.refresh_all();
	RETURN QUERY SELECT 'now: ' || w FROM (SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.otherwise()) w(w) LIMIT 4;
	done := pg_temp.refresh_all();
	IF done <> 'nothing' THEN
		RETURN NEXT 'a second refresh writes ' || done;
	END IF;
END
$$;
CREATE FUNCTION pg_temp.month(n integer) RETURNS timestamptz LANGUAGE sql STABLE RETURN (date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - make_interval(months => n)) AT TIME ZONE 'Europe/Berlin';
SELECT is_empty(format('SELECT pg_temp.after(now() - interval %L, 0)', p), 'after ' || p || ' time alone brings what it should') FROM unnest('{200 days,45 days,1 day,5 hours,61 minutes,1 second,1 microsecond}'::interval[]) p;
SELECT is_empty(format('SELECT pg_temp.after(%L, 0)', pg_temp.month(n) + u * interval '1 microsecond'), format('and from %s microseconds after the beginning of a month on', u)) FROM generate_series(0, 1) n, generate_series(-1, 2) u;
SELECT is_empty(format('SELECT pg_temp.after(now() - %L::interval, %s)', random() * random() * interval '150 days', 1 + pg_temp.below(4)), 'and changes beside it: ' || i) FROM generate_series(1, 8) i;
-- 120 months back a month goes as one begins, with what was in no other
INSERT INTO tickets (customer, opened_at, resolved_at, priority) VALUES ('nobody', now() - interval '12 years', now() - interval '9 years', 'low'), ('nobody', '0044-03-15', NULL, 'high');
INSERT INTO tickets (customer, opened_at, priority, category) VALUES ('nobody', pg_temp.month(120) + interval '3 days', 'low', 'only then');
SELECT is_empty(format('SELECT pg_temp.after(%L, 0)', pg_temp.month(0) - interval '1 hour'), 'a month goes after ten years');
SELECT is_empty($$SELECT FROM nudge_analytics.support_performance WHERE value = 'only then'$$, 'and its values with it');
SELECT isnt_empty($$SELECT FROM nudge_analytics.support_backlog WHERE value = 'only then' AND closing_tickets = 1$$, 'but it is still open');

-- What was promised is due at an instant: after it, not at it
CREATE FUNCTION pg_temp.due(opened_at timestamptz, priority text, complexity text, breaches_at timestamptz) RETURNS TABLE (at_refresh text, pending bigint, breached bigint) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	TRUNCATE tickets;
	INSERT INTO tickets (customer, opened_at, priority, complexity) VALUES ('nobody', due.opened_at, due.priority, due.complexity);
	PERFORM pg_temp.refresh_all();
	-- all is as it was just before, and then is now
	PERFORM pg_temp.be_at(breaches_at - interval '1 microsecond');
	RETURN QUERY SELECT 'before', p.first_response_sla_pending, p.first_response_sla_breached FROM nudge_analytics.support_performance p WHERE p.dimension = 'all' AND p.tickets_total = 1;
	PERFORM pg_temp.refresh_all();
	RETURN QUERY SELECT 'after', p.first_response_sla_pending, p.first_response_sla_breached FROM nudge_analytics.support_performance p WHERE p.dimension = 'all' AND p.tickets_total = 1;
END
$$;
SELECT set_eq($$SELECT * FROM pg_temp.due(now() - interval '90 minutes 1 microsecond', 'high', 'easy', now())$$, $$VALUES ('before', 1::bigint, 0::bigint), ('after', 0, 1)$$, 'a target of all minutes is breached as they are over');
SELECT set_eq($$SELECT * FROM pg_temp.due(now() - interval '90 minutes', 'high', 'easy', now())$$, $$VALUES ('before', 1::bigint, 0::bigint), ('after', 1, 0)$$, 'and not at that instant');
-- opened as an office closed, four hours of work are over at one of the next working day
SELECT set_eq($$SELECT p.* FROM (SELECT max(s.closes_at) AS at FROM nudge.working_spans('office', (now() - interval '15 days')::date, (now() - interval '8 days')::date) s) d,
	pg_temp.due(d.at, 'low', 'easy', nudge.working_time_add(d.at, 240, 'office') + interval '1 microsecond') p$$, $$VALUES ('before', 1::bigint, 0::bigint), ('after', 0, 1)$$, 'a target of working minutes is breached by a calendar');
SELECT is_empty('SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.otherwise()', 'and all is right');

-- What is agreed ------------------------------------------------------------

TRUNCATE tickets, customers;
SELECT nudge.include('customer', ARRAY[x.key]) FROM (SELECT e.key FROM nudge.exclusions e OFFSET 0) x \g /dev/null
SELECT nudge.unmerge_entity('customer', x.key) FROM (SELECT m.key FROM nudge.entity_merges m OFFSET 0) x \g /dev/null
INSERT INTO customers (customer, created_at, segment) SELECT 'c' || n, now() - interval '1 year', 'small' FROM generate_series(1, 5) n;
-- one a day of the middle of each of eight months, of all values, and one that is open
INSERT INTO tickets (customer, opened_at, first_response_at, resolved_at, priority, complexity, category, agent)
	SELECT 'c' || 1 + d % 4, pg_temp.month(n) + make_interval(days => d), pg_temp.month(n) + make_interval(days => d, hours => 2), pg_temp.month(n) + make_interval(days => d, hours => 5), 'high', 'easy', 'bug', 'ann' FROM generate_series(1, 8) n, generate_series(9, 19) d;
INSERT INTO tickets (ticket, customer, opened_at, priority, complexity, category, agent) VALUES ('open', 'c1', pg_temp.month(3) + interval '12 days', 'high', 'easy', 'bug', 'ann');
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is_empty('SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.otherwise()', 'a plain desk');
-- nothing but a month that begins: of one that ends, and of one that is too old, though it has no value of its own
INSERT INTO tickets (customer, opened_at, first_response_at, resolved_at, priority, complexity, category, agent) VALUES ('c1', pg_temp.month(120) + interval '3 days', pg_temp.month(120) + interval '4 days', pg_temp.month(120) + interval '5 days', 'high', 'easy', 'bug', 'ann');
SELECT is_empty(format('SELECT pg_temp.after(%L, 0)', pg_temp.month(0) - interval '1 hour'), 'a month ends by time alone');
SELECT is_empty(format('SELECT pg_temp.after(%L, 0)', pg_temp.month(1) - interval '1 hour'), 'and so do two');
DELETE FROM tickets WHERE opened_at < pg_temp.month(100);
SELECT pg_temp.refresh_all() \g /dev/null
CREATE FUNCTION pg_temp.breached() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT sum(p.first_response_sla_breached) FROM nudge_analytics.support_performance p WHERE p.dimension = 'all' $$;
SELECT is(pg_temp.breached(), 89::bigint, 'two hours are too long for all');
UPDATE nudge.sla_targets SET target_minutes = 180 WHERE priority = 'high';
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is(pg_temp.breached(), 1::bigint, 'another target is looked at');
UPDATE nudge.sla_targets SET calendar = 'office' WHERE priority = 'high';
DELETE FROM nudge.working_hours;
INSERT INTO nudge.working_hours SELECT 'office', d, time '00:00', time '24:00' FROM generate_series(1, 7) d;
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is(pg_temp.breached(), 1::bigint, 'all hours are those of a day');
INSERT INTO nudge.holidays SELECT 'office', d::date, 'away', NULL, NULL FROM generate_series(now() - interval '1 year', now() + interval '1 day', interval '1 day') d;
SELECT pg_temp.refresh_all() \g /dev/null
SELECT is(pg_temp.breached(), 0::bigint, 'holidays are looked at');
SELECT is_empty('SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.otherwise()', 'and rightly');

-- What a change computes ----------------------------------------------------

CREATE FUNCTION pg_temp.computed(change text) RETURNS TABLE (name text, keys bigint, batches bigint) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	before constant bigint := (SELECT max(r.run_id) FROM nudge.run_history r);
BEGIN
	EXECUTE change;
	PERFORM pg_temp.refresh_all();
	RETURN QUERY SELECT h.name::text, h.keys::bigint, h.batches::bigint FROM nudge.run_history h WHERE h.run_id > before AND h.name IN ('support_ticket_months', 'support_performance', 'support_backlog') AND h.batches > 0;
END
$$;
SELECT is_empty($$SELECT * FROM pg_temp.computed('SELECT')$$, 'what has not changed is not computed');
SELECT set_eq($$SELECT * FROM pg_temp.computed('UPDATE nudge.materialisations SET clock_at = now() - interval ''1 second''')$$, $$VALUES ('support_backlog', 1::bigint, 1::bigint)$$, 'as time goes on, ages of the open month');
SELECT set_eq($$SELECT * FROM pg_temp.computed('UPDATE tickets SET csat = 5 WHERE opened_at = pg_temp.month(5) + interval ''9 days''')$$, $$VALUES ('support_ticket_months', 1::bigint, 1::bigint), ('support_performance', 1, 1), ('support_backlog', 6, 1)$$,
	'a ticket is one of its month, and of the backlog since');
SELECT set_eq($$SELECT * FROM pg_temp.computed('UPDATE tickets SET opened_at = opened_at - interval ''2 months'', first_response_at = NULL WHERE ticket = ''open''')$$, $$VALUES ('support_ticket_months', 2::bigint, 1::bigint), ('support_performance', 2, 1), ('support_backlog', 6, 1)$$,
	'one that was opened in another month, of both');
SELECT set_eq($$SELECT * FROM pg_temp.computed('UPDATE customers SET created_at = now() - interval ''1 minute'' WHERE customer = ''c5''')$$,
	$$VALUES ('support_performance', 13::bigint, 1::bigint)$$, 'a customer is one of the months since it was created, then and now');
SELECT set_eq($$SELECT * FROM pg_temp.computed('INSERT INTO customers (customer, created_at, segment) VALUES (''new'', now() - interval ''1 minute'', ''small'')')$$, $$VALUES ('support_performance', 1::bigint, 1::bigint)$$, 'a new one of this month');
SELECT is_empty($$SELECT * FROM pg_temp.computed('UPDATE customers SET name = ''renamed''')$$, 'a name is none of it');
SELECT set_eq($$SELECT * FROM pg_temp.computed('INSERT INTO tickets (customer, opened_at, priority, complexity, category, agent) VALUES (''c1'', now() - interval ''1 minute'', ''high'', ''easy'', ''bug'', ''eve'')')$$,
	$$VALUES ('support_ticket_months', 1::bigint, 1::bigint), ('support_performance', 0, 1), ('support_backlog', 0, 1)$$, 'a new agent has a row in each month');
SELECT set_eq($$SELECT * FROM pg_temp.computed('UPDATE customers SET internal = true WHERE customer = ''c4''')$$, $$VALUES ('support_ticket_months', 8::bigint, 1::bigint), ('support_performance', 13, 1), ('support_backlog', 9, 1)$$,
	'one that becomes internal, of the months of its tickets, and of the customers since it was created');
SELECT is_empty('SELECT pg_temp.wrong() UNION ALL SELECT pg_temp.otherwise()', 'and all is right');
SELECT is_empty($$SELECT e.materialisation, e.upstream, e.changes_known FROM nudge.explain_refresh() e WHERE e.materialisation ~ '^(support_(ticket_months|customers|internal_customers|customer_months)|fact_tickets)$' AND e.changes_known NOT IN ('by key', 'by a map')$$, 'what is large knows what has changed');

SELECT * FROM finish();
ROLLBACK;
