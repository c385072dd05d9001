-- revenue_properties.sql
--		Properties of the revenue family over random histories, and equality
--		with an oracle in plain SQL that shares no code with the extension.

\ir histories.psql

-- The oracle --------------------------------------------------------------

-- What the oracle reads: one history at a time, as instants.
CREATE TABLE h (customer text, f timestamptz, t timestamptz, mrr numeric);

CREATE FUNCTION use_days() RETURNS void LANGUAGE sql BEGIN ATOMIC
	DELETE FROM h;
	INSERT INTO h SELECT customer, f::timestamp AT TIME ZONE 'UTC', t::timestamp AT TIME ZONE 'UTC', mrr FROM days;
END;
CREATE FUNCTION use_instants() RETURNS void LANGUAGE sql BEGIN ATOMIC
	DELETE FROM h;
	INSERT INTO h SELECT customer, f, t, mrr FROM instants;
END;

-- Periods of a grain: first day, first instant, instant after the last.
CREATE FUNCTION calendar(grain text, zone text, last_at timestamptz DEFAULT NULL)
	RETURNS TABLE (period date, s timestamptz, e timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH step AS (
		SELECT CASE grain WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || grain)::interval END AS one
	), ends AS (
		SELECT min(h.f) AS first_at, coalesce(last_at, greatest(max(h.f), max(h.t))) AS final_at FROM h
	)
	SELECT g::date, g AT TIME ZONE zone, (g + step.one) AT TIME ZONE zone
	FROM ends, step, generate_series(date_trunc(grain, ends.first_at AT TIME ZONE zone),
		date_trunc(grain, ends.final_at AT TIME ZONE zone), step.one) g;
END;

-- Every customer at both ends of every period, just before each end instant.
CREATE FUNCTION both_ends(grain text, zone text, last_at timestamptz DEFAULT NULL)
	RETURNS TABLE (period date, customer text, m0 numeric, m1 numeric, ever boolean) LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT c.period, h.customer,
		coalesce(sum(h.mrr) FILTER (WHERE h.f < c.s AND (h.t IS NULL OR h.t >= c.s)), 0),
		coalesce(sum(h.mrr) FILTER (WHERE h.f < c.e AND (h.t IS NULL OR h.t >= c.e)), 0),
		coalesce(bool_or(h.f < c.s AND h.mrr > 0), false)
	FROM calendar(grain, zone, last_at) c CROSS JOIN h
	GROUP BY c.period, h.customer;
END;

-- The same between the first instants of consecutive periods; what changes
-- after the last one is seen when one more period opens.
CREATE FUNCTION both_starts(grain text, zone text)
	RETURNS TABLE (period date, customer text, m0 numeric, m1 numeric, ever boolean) LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH starts AS (
		SELECT k.period, k.s FROM calendar(grain, zone) k
		UNION
		SELECT (k.e AT TIME ZONE zone)::date, k.e FROM calendar(grain, zone) k
		WHERE k.s < (SELECT greatest(max(h.f), max(h.t)) FROM h) AND k.e > (SELECT greatest(max(h.f), max(h.t)) FROM h)
	)
	SELECT c.period, h.customer,
		coalesce(sum(h.mrr) FILTER (WHERE h.f <= c.s0 AND (h.t IS NULL OR h.t > c.s0)), 0),
		coalesce(sum(h.mrr) FILTER (WHERE h.f <= c.s AND (h.t IS NULL OR h.t > c.s)), 0),
		coalesce(bool_or(h.f <= c.s0 AND h.mrr > 0), false)
	FROM (SELECT p.period, p.s, lag(p.s, 1, '-infinity') OVER (ORDER BY p.s) AS s0 FROM starts p) c CROSS JOIN h
	GROUP BY c.period, h.customer;
END;

-- What to call the way from m0 to m1.
CREATE FUNCTION movement(m0 numeric, m1 numeric, ever boolean) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN m0 = m1 THEN NULL
		WHEN m0 = 0 AND NOT ever THEN 'new'
		WHEN m0 = 0 THEN 'reactivation'
		WHEN m1 = 0 THEN 'churn'
		WHEN m1 > m0 THEN 'expansion'
		ELSE 'contraction' END;

-- Every change of a customer's total, at its instant.
CREATE FUNCTION changes(grain text, zone text)
	RETURNS TABLE (period date, customer text, m0 numeric, m1 numeric, ever boolean, at timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH moments AS (
		SELECT h.customer, h.f AS at, h.mrr AS delta FROM h
		UNION ALL
		SELECT h.customer, h.t, -h.mrr FROM h WHERE h.t IS NOT NULL
	), nets AS (
		SELECT m.customer, m.at, sum(m.delta) AS delta FROM moments m GROUP BY m.customer, m.at
	), totals AS (
		SELECT n.customer, n.at, n.delta, sum(n.delta) OVER w AS total FROM nets n
		WINDOW w AS (PARTITION BY n.customer ORDER BY n.at)
	), lived AS (
		SELECT t.*, coalesce(bool_or(t.total > 0) OVER (PARTITION BY t.customer ORDER BY t.at
			ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false) AS ever FROM totals t
	)
	SELECT date_trunc(grain, l.at AT TIME ZONE zone)::date, l.customer, l.total - l.delta, l.total, l.ever, l.at
	FROM lived l WHERE l.delta <> 0;
END;

-- The waterfall, from movements and from what is in force at the bounds.
CREATE TYPE waterfall_row AS (period date, opening_mrr numeric, new_mrr numeric, reactivation_mrr numeric,
	expansion_mrr numeric, contraction_mrr numeric, churn_mrr numeric, fx_mrr numeric, net_new_mrr numeric, closing_mrr numeric,
	opening_customers bigint, new_customers bigint, reactivated_customers bigint, expanded_customers bigint,
	contracted_customers bigint, churned_customers bigint, closing_customers bigint);

CREATE FUNCTION expected_snapshot(grain text, zone text, last_at timestamptz DEFAULT NULL) RETURNS SETOF waterfall_row
	LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT b.period, sum(m0),
		coalesce(sum(m1 - m0) FILTER (WHERE v = 'new'), 0), coalesce(sum(m1 - m0) FILTER (WHERE v = 'reactivation'), 0),
		coalesce(sum(m1 - m0) FILTER (WHERE v = 'expansion'), 0), coalesce(sum(m1 - m0) FILTER (WHERE v = 'contraction'), 0),
		coalesce(sum(m1 - m0) FILTER (WHERE v = 'churn'), 0), 0::numeric, sum(m1 - m0), sum(m1),
		count(*) FILTER (WHERE m0 > 0), count(*) FILTER (WHERE v = 'new'), count(*) FILTER (WHERE v = 'reactivation'),
		count(*) FILTER (WHERE v = 'expansion'), count(*) FILTER (WHERE v = 'contraction'), count(*) FILTER (WHERE v = 'churn'),
		count(*) FILTER (WHERE m1 > 0)
	FROM both_ends(grain, zone, last_at) b, LATERAL movement(m0, m1, ever) v
	GROUP BY b.period;
END;

CREATE FUNCTION expected_period_start(grain text, zone text) RETURNS SETOF waterfall_row
	LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT b.period, sum(m0),
		coalesce(sum(m1 - m0) FILTER (WHERE v = 'new'), 0), coalesce(sum(m1 - m0) FILTER (WHERE v = 'reactivation'), 0),
		coalesce(sum(m1 - m0) FILTER (WHERE v = 'expansion'), 0), coalesce(sum(m1 - m0) FILTER (WHERE v = 'contraction'), 0),
		coalesce(sum(m1 - m0) FILTER (WHERE v = 'churn'), 0), 0::numeric, sum(m1 - m0), sum(m1),
		count(*) FILTER (WHERE m0 > 0), count(*) FILTER (WHERE v = 'new'), count(*) FILTER (WHERE v = 'reactivation'),
		count(*) FILTER (WHERE v = 'expansion'), count(*) FILTER (WHERE v = 'contraction'), count(*) FILTER (WHERE v = 'churn'),
		count(*) FILTER (WHERE m1 > 0)
	FROM both_starts(grain, zone) b, LATERAL movement(m0, m1, ever) v
	GROUP BY b.period;
END;

CREATE FUNCTION expected_event(grain text, zone text) RETURNS SETOF waterfall_row
	LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH moved AS (
		SELECT c.period,
			sum(m1 - m0) AS net,
			coalesce(sum(m1 - m0) FILTER (WHERE v = 'new'), 0) AS n, coalesce(sum(m1 - m0) FILTER (WHERE v = 'reactivation'), 0) AS r,
			coalesce(sum(m1 - m0) FILTER (WHERE v = 'expansion'), 0) AS e, coalesce(sum(m1 - m0) FILTER (WHERE v = 'contraction'), 0) AS c,
			coalesce(sum(m1 - m0) FILTER (WHERE v = 'churn'), 0) AS x,
			count(*) FILTER (WHERE v = 'new') AS cn, count(*) FILTER (WHERE v = 'reactivation') AS cr,
			count(*) FILTER (WHERE v = 'expansion') AS ce, count(*) FILTER (WHERE v = 'contraction') AS cc,
			count(*) FILTER (WHERE v = 'churn') AS cx
		FROM changes(grain, zone) c, LATERAL movement(m0, m1, ever) v
		GROUP BY c.period
	), held AS (
		SELECT b.period, sum(m0) AS m0, sum(m1) AS m1, count(*) FILTER (WHERE m0 > 0) AS c0, count(*) FILTER (WHERE m1 > 0) AS c1
		FROM both_ends(grain, zone) b GROUP BY b.period
	)
	SELECT h.period, h.m0, coalesce(n, 0), coalesce(r, 0), coalesce(e, 0), coalesce(c, 0), coalesce(x, 0), 0::numeric, coalesce(net, 0), h.m1,
		h.c0, coalesce(cn, 0), coalesce(cr, 0), coalesce(ce, 0), coalesce(cc, 0), coalesce(cx, 0), h.c1
	FROM held h LEFT JOIN moved m USING (period);
END;

-- The extension's answer in the same shape.
CREATE FUNCTION got(state mrr_state, grain text, zone text, mode text, as_of timestamptz DEFAULT NULL) RETURNS SETOF waterfall_row
	LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT w.period, w.opening_mrr, w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.fx_mrr,
		w.net_new_mrr, w.closing_mrr, w.opening_customers, w.new_customers, w.reactivated_customers, w.expanded_customers,
		w.contracted_customers, w.churned_customers, w.closing_customers
	FROM mrr_waterfall(state, grain, zone, as_of, mode) w;
END;

-- Rows of one and not of the other, marked.
CREATE FUNCTION differs(state mrr_state, grain text, zone text, mode text) RETURNS TABLE (who text, r waterfall_row)
	LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN QUERY EXECUTE format('
		WITH want AS MATERIALIZED (SELECT w FROM nm_test.expected_%1$s($2, $3) w),
			have AS MATERIALIZED (SELECT w FROM nm_test.got($1, $2, $3, %1$L) w)
		(SELECT ''oracle'', w FROM want EXCEPT ALL SELECT ''oracle'', w FROM have)
		UNION ALL
		(SELECT ''extension'', w FROM have EXCEPT ALL SELECT ''extension'', w FROM want)', mode)
		USING state, grain, zone;
END
$$;

-- 1. Equality with the oracle ---------------------------------------------

SELECT use_days();
SELECT is_empty(format('SELECT x.* FROM s, differs(d, %L, %L, %L) x', g, 'UTC', m), format('days, %s, %s: equals the oracle', m, g))
FROM unnest('{snapshot,period_start,event}'::text[]) m, unnest('{day,week,month,quarter,year}'::text[]) g
WHERE m = 'snapshot' OR g <> 'day';

SELECT use_instants();
SELECT is_empty(format('SELECT x.* FROM s, differs(i, %L, %L, %L) x', g, z, m), format('instants, %s, %s, %s: equals the oracle', m, g, z))
FROM unnest('{snapshot,period_start,event}'::text[]) m, unnest('{week,month,year}'::text[]) g,
	unnest('{UTC,America/New_York,Asia/Kolkata,Pacific/Apia}'::text[]) z;
SELECT is_empty(format('SELECT x.* FROM s, differs(i, %L, %L, %L) x', 'day', 'America/New_York', m),
	format('instants, %s, day, New York: equals the oracle', m))
FROM unnest('{snapshot,period_start,event}'::text[]) m;

-- the histories have all that can happen, so that equality says something
SELECT set_eq(format('SELECT movement FROM s, mrr_movements(i, mode => %L)', m), ARRAY['new', 'reactivation', 'expansion', 'contraction', 'churn'], m || ': every movement occurs')
FROM unnest('{snapshot,period_start,event}'::text[]) m;

-- mrr_at and customers_at, at days and at instants
SELECT is_empty($$
	SELECT at, zone, mrr_at(i, at, zone), m, customers_at(i, at, zone), c FROM s,
		(SELECT d::date AS at, z AS zone, coalesce(sum(a) FILTER (WHERE a > 0), 0) AS m, count(*) FILTER (WHERE a > 0) AS c
		 FROM generate_series(timestamp '2019-10-20', '2023-12-20', '11 days') d,
			unnest('{UTC,America/New_York,Asia/Kolkata}'::text[]) z,
			LATERAL (SELECT sum(h.mrr) AS a FROM h WHERE h.f < (d + interval '1 day') AT TIME ZONE z
				AND (h.t IS NULL OR h.t >= (d + interval '1 day') AT TIME ZONE z) GROUP BY h.customer) y
		 GROUP BY 1, 2) x
	WHERE mrr_at(i, at, zone) <> m OR customers_at(i, at, zone) <> c $$, 'mrr_at and customers_at of a day equal the oracle');
SELECT is_empty($$
	SELECT at, mrr_at_instant(i, at), m, customers_at_instant(i, at), c FROM s,
		(SELECT p.at, coalesce(sum(a), 0) AS m, count(*) FILTER (WHERE a > 0) AS c
		 FROM (SELECT f AS at FROM h UNION SELECT t FROM h WHERE t IS NOT NULL ORDER BY 1 LIMIT 150) p,
			LATERAL (SELECT sum(h.mrr) AS a FROM h WHERE h.f <= p.at AND (h.t IS NULL OR h.t > p.at) GROUP BY h.customer) y
		 GROUP BY 1) x
	WHERE mrr_at_instant(i, at) <> m OR customers_at_instant(i, at) <> c $$, 'mrr_at and customers_at of an instant equal the oracle');
SELECT is_empty($$
	WITH have AS (SELECT c.customer, c.mrr FROM s, customer_mrr(i, '2021-06-30', 'Asia/Kolkata') c),
		want AS (SELECT h.customer, sum(h.mrr) FROM h WHERE h.f < timestamp '2021-07-01' AT TIME ZONE 'Asia/Kolkata'
			AND (h.t IS NULL OR h.t >= timestamp '2021-07-01' AT TIME ZONE 'Asia/Kolkata') GROUP BY 1 HAVING sum(h.mrr) > 0)
	(TABLE have EXCEPT ALL TABLE want) UNION ALL (TABLE want EXCEPT ALL TABLE have) $$, 'customer_mrr equals the oracle');
SELECT is_empty($$
	WITH have AS (SELECT p.customer, p.valid_from, p.valid_to, p.mrr FROM s, mrr_periods(i) p),
		want AS (SELECT * FROM h)
	(TABLE have EXCEPT ALL TABLE want) UNION ALL (TABLE want EXCEPT ALL TABLE have) $$, 'mrr_periods gives back the rows');

-- Rates over windows, in cohort form
CREATE FUNCTION window_of(a date, b date, z text) RETURNS TABLE (customer text, m0 numeric, m1 numeric) LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT h.customer,
		coalesce(sum(h.mrr) FILTER (WHERE h.f < a::timestamp AT TIME ZONE z AND (h.t IS NULL OR h.t >= a::timestamp AT TIME ZONE z)), 0),
		coalesce(sum(h.mrr) FILTER (WHERE h.f < b::timestamp AT TIME ZONE z AND (h.t IS NULL OR h.t >= b::timestamp AT TIME ZONE z)), 0)
	FROM h GROUP BY h.customer;
END;
SELECT is_empty(format($$
	WITH w AS (SELECT * FROM window_of(%1$L, %2$L, %3$L) WHERE m0 > 0),
	want AS (SELECT sum(m1) / nullif(sum(m0), 0) AS nrr, sum(least(m0, m1)) / nullif(sum(m0), 0) AS grr,
		count(*) FILTER (WHERE m1 > 0)::numeric / nullif(count(*), 0) AS logos,
		count(*) FILTER (WHERE m1 = 0)::numeric / nullif(count(*), 0) AS lost,
		sum(m0 - least(m0, m1)) / nullif(sum(m0), 0) AS gross,
		sum(m1 - m0) FILTER (WHERE m1 > m0) / nullif(sum(m0), 0) AS expansion,
		count(*) FILTER (WHERE m1 > m0)::numeric / nullif(count(*), 0) AS expanded FROM w),
	have AS (SELECT net_revenue_retention(i, %1$L, %2$L, %3$L) AS nrr, gross_revenue_retention(i, %1$L, %2$L, %3$L) AS grr,
		logo_retention(i, %1$L, %2$L, %3$L) AS logos, logo_churn_rate(i, %1$L, %2$L, %3$L) AS lost,
		gross_mrr_churn_rate(i, %1$L, %2$L, %3$L) AS gross, expansion_rate(i, %1$L, %2$L, %3$L) AS expansion,
		account_expansion_rate(i, %1$L, %2$L, %3$L) AS expanded FROM s)
	SELECT want, have FROM want, have
	WHERE abs(want.nrr - have.nrr) > 1e-15 OR abs(want.grr - have.grr) > 1e-15 OR abs(want.logos - have.logos) > 1e-15
		OR abs(want.lost - have.lost) > 1e-15 OR abs(want.gross - have.gross) > 1e-15
		OR abs(coalesce(want.expansion, 0) - have.expansion) > 1e-15 OR abs(want.expanded - have.expanded) > 1e-15
		OR (want.nrr IS NULL) <> (have.nrr IS NULL) $$, a, b, z), format('rates of [%s, %s) in %s equal the cohort form', a, b, z))
FROM (VALUES (date '2020-06-01', date '2020-07-01'), ('2020-06-01', '2021-06-01'), ('2021-02-11', '2021-03-02'), ('2015-01-01', '2016-01-01')) w(a, b),
	unnest('{UTC,America/New_York}'::text[]) z;

-- Options -----------------------------------------------------------------

-- gap_tolerance: the same as a row at the last amount in each gap between paid
-- times that is not longer than it
CREATE FUNCTION bridges(tolerance interval) RETURNS TABLE (customer text, f timestamptz, t timestamptz, mrr numeric) LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH reach AS (
		SELECT h.customer, h.f, max(coalesce(h.t, 'infinity')) OVER (PARTITION BY h.customer ORDER BY h.f, h.t, h.mrr
			ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until FROM h WHERE h.mrr > 0
	)
	SELECT r.customer, r.until, r.f, (SELECT sum(h.mrr) FROM h WHERE h.customer = r.customer AND h.t = r.until)
	FROM reach r WHERE r.f > r.until AND r.f <= r.until + tolerance;
END;
SELECT isnt((SELECT count(*) FROM bridges('5 days')), 0::bigint, 'there are gaps to bridge');
SELECT is_empty(format($$
	WITH b AS (SELECT mrr_agg(customer, f, t, mrr) AS st FROM (SELECT * FROM h UNION ALL SELECT * FROM bridges(%1$L)) x),
		have AS (SELECT w.* FROM s, mrr_waterfall(i, 'month', 'America/New_York', NULL, %2$L, gap_tolerance => %1$L) w),
		want AS (SELECT w.* FROM b, mrr_waterfall(st, 'month', 'America/New_York', NULL, %2$L) w)
	(TABLE have EXCEPT ALL TABLE want) UNION ALL (TABLE want EXCEPT ALL TABLE have) $$, g, m), format('%s, gaps up to %s bridged: equals rows in the gaps', m, g))
FROM unnest('{5 days,30 days 6 hours,2 months}'::interval[]) g, unnest('{snapshot,event,period_start}'::text[]) m;

-- reactivation_max_gap: away for longer means new
SELECT is_empty(format($$
	WITH have AS (SELECT x.customer, x.at, x.movement FROM s, mrr_movements(i, 'month', 'UTC', NULL, 'event', reactivation_max_gap => %1$L) x WHERE x.mrr_before = 0),
		want AS (SELECT c.customer, c.at, CASE WHEN ever AND c.at <= c.away + %1$L::interval THEN 'reactivation' ELSE 'new' END
			FROM (SELECT c.*, lag(c.at) OVER (PARTITION BY c.customer ORDER BY c.at) AS away FROM changes('month', 'UTC') c) c WHERE c.m0 = 0)
	(TABLE have EXCEPT ALL TABLE want) UNION ALL (TABLE want EXCEPT ALL TABLE have) $$, g), format('event, away for more than %s: new, equals the oracle', g))
FROM unnest('{10 days,60 days 3 hours,2 months}'::interval[]) g;

-- paid_to_free: a customer who paid once and has had a period in force ever since is one
CREATE FUNCTION free_movement(m0 numeric, a0 boolean, m1 numeric, a1 boolean, ever boolean) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN a1 AND NOT a0 THEN CASE WHEN ever THEN 'reactivation' ELSE 'new' END
		WHEN a0 AND NOT a1 THEN 'churn' WHEN m1 > m0 THEN 'expansion' WHEN m1 < m0 THEN 'contraction' END;
-- from the first paid instant of a run of periods without a gap to its end
CREATE FUNCTION stays() RETURNS TABLE (customer text, f timestamptz, t timestamptz) LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH reach AS (
		SELECT h.*, max(coalesce(h.t, 'infinity')) OVER (PARTITION BY h.customer ORDER BY h.f, h.t, h.mrr
			ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until FROM h
	), runs AS (
		SELECT r.*, count(*) FILTER (WHERE r.f > r.until) OVER (PARTITION BY r.customer ORDER BY r.f, r.t, r.mrr) AS run FROM reach r
	)
	SELECT r.customer, min(r.f) FILTER (WHERE r.mrr > 0), max(coalesce(r.t, 'infinity')) FROM runs r
	GROUP BY r.customer, r.run HAVING max(r.mrr) > 0;
END;
SELECT is_empty($$
	WITH pairs AS (SELECT b.*, EXISTS (SELECT FROM stays() a WHERE a.customer = b.customer AND a.f < c.s AND a.t >= c.s) AS a0,
			EXISTS (SELECT FROM stays() a WHERE a.customer = b.customer AND a.f < c.e AND a.t >= c.e) AS a1
		FROM both_ends('month', 'America/New_York') b JOIN calendar('month', 'America/New_York') c USING (period)),
	want AS (SELECT period, customer, v, m0, m1, m1 - m0 FROM pairs, LATERAL free_movement(m0, a0, m1, a1, ever) v WHERE v IS NOT NULL),
	have AS (SELECT x.period, x.customer, x.movement, x.mrr_before, x.mrr_after, x.amount FROM s, mrr_movements(i, 'month', 'America/New_York', paid_to_free => 'contraction') x)
	(TABLE have EXCEPT ALL TABLE want) UNION ALL (TABLE want EXCEPT ALL TABLE have) $$, 'snapshot, free customers stay: equals the oracle');
SELECT is_empty($$
	WITH moments AS (SELECT customer, f AS at, mrr AS delta, 1 AS n FROM h UNION ALL SELECT customer, t, -mrr, -1 FROM h WHERE t IS NOT NULL),
	seen AS (SELECT customer, at, sum(sum(delta)) OVER w AS m, sum(sum(n)) OVER w AS live FROM moments GROUP BY customer, at WINDOW w AS (PARTITION BY customer ORDER BY at)),
	runs AS (SELECT *, count(*) FILTER (WHERE live = 0) OVER (PARTITION BY customer ORDER BY at) AS run FROM seen),
	active AS (SELECT *, live > 0 AND bool_or(m > 0) OVER (PARTITION BY customer, run ORDER BY at) AS a FROM runs),
	pairs AS (SELECT *, lag(m, 1, 0) OVER w AS m0, lag(a, 1, false) OVER w AS a0,
			coalesce(bool_or(m > 0) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false) AS ever FROM active WINDOW w AS (PARTITION BY customer ORDER BY at)),
	want AS (SELECT customer, at, v, m0, m, m - m0 FROM pairs, LATERAL free_movement(m0, a0, m, a, ever) v WHERE v IS NOT NULL),
	have AS (SELECT x.customer, x.at, x.movement, x.mrr_before, x.mrr_after, x.amount FROM s, mrr_movements(i, mode => 'event', paid_to_free => 'contraction') x)
	(TABLE have EXCEPT ALL TABLE want) UNION ALL (TABLE want EXCEPT ALL TABLE have) $$, 'event, free customers stay: equals the oracle');

SELECT is_empty(format($$
	SELECT f.period, f.closing_customers, c.closing_customers
	FROM s, mrr_waterfall(i, %2$L, mode => %1$L, paid_to_free => 'contraction') f, mrr_waterfall(i, %3$L, mode => %1$L, paid_to_free => 'contraction') c
	WHERE period_end(f.period, %2$L) = period_end(c.period, %3$L) AND f.closing_customers <> c.closing_customers $$, m, fine, coarse),
	format('%s, free customers stay: by %s and by %s the same customers close', m, fine, coarse))
FROM (VALUES ('snapshot'), ('event')) m(m), (VALUES ('day', 'month'), ('month', 'quarter'), ('month', 'year')) g(fine, coarse);

-- event_window: what falls into the window that a change opens is one movement
SELECT is_empty(format($$
	WITH RECURSIVE moments AS (SELECT customer, f AS at, mrr AS delta FROM h UNION ALL SELECT customer, t, -mrr FROM h WHERE t IS NOT NULL),
	nets AS (SELECT customer, at, sum(delta) AS delta FROM moments GROUP BY 1, 2),
	bursts AS (
		SELECT customer, min(at) AS at FROM nets GROUP BY customer
		UNION ALL
		SELECT b.customer, (SELECT min(n.at) FROM nets n WHERE n.customer = b.customer AND n.at > b.at + %1$L::interval) FROM bursts b WHERE b.at IS NOT NULL),
	merged AS (SELECT b.customer, b.at, (SELECT sum(n.delta) FROM nets n WHERE n.customer = b.customer AND n.at BETWEEN b.at AND b.at + %1$L::interval) AS delta FROM bursts b WHERE b.at IS NOT NULL),
	totals AS (SELECT *, sum(delta) OVER (PARTITION BY customer ORDER BY at) AS m1 FROM merged),
	want AS (SELECT customer, at, m1 - delta, m1, delta FROM totals WHERE delta <> 0),
	have AS (SELECT x.customer, x.at, x.mrr_before, x.mrr_after, x.amount FROM s, mrr_movements(i, mode => 'event', event_window => %1$L) x)
	(TABLE have EXCEPT ALL TABLE want) UNION ALL (TABLE want EXCEPT ALL TABLE have) $$, g), format('event, changes within %s are one: equals the oracle', g))
FROM unnest('{0 seconds,1 hour,23 hours 59 minutes}'::interval[]) g;

-- one window is one period: mrr_summary equals the row of mrr_waterfall
SELECT is_empty(format($$
	SELECT w.period, a, b FROM s, mrr_waterfall(i, 'month', 'America/New_York', NULL, %1$L, '2020-03-01', '2021-06-01', %2$L, %3$L, %4$L) w,
		LATERAL mrr_summary(i, %5$s, 'America/New_York', %1$L, %2$L, %3$L, %4$L) q,
		LATERAL (SELECT ROW(w.opening_mrr, w.net_new_mrr, w.closing_mrr, w.opening_customers, w.closing_customers, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.churned_customers)::text) a(a),
		LATERAL (SELECT ROW(q.opening_mrr, q.net_new_mrr, q.closing_mrr, q.opening_customers, q.closing_customers, q.expansion_mrr, q.contraction_mrr, q.churn_mrr, q.churned_customers)::text) b(b)
	WHERE a <> b $$, m, g, t, p, CASE WHEN m = 'period_start' THEN $$(w.period - interval '1 month')::date, w.period$$ ELSE $$w.period, (w.period + interval '1 month')::date$$ END),
	format('%s, gap %s, tolerance %s, free %s: mrr_summary equals the row of mrr_waterfall', m, coalesce(g, 'any'), coalesce(t, 'none'), coalesce(p, 'churn')))
FROM unnest('{snapshot,event,period_start}'::text[]) m, (VALUES (NULL, NULL, NULL), ('60 days', '7 days', NULL), (NULL, NULL, 'contraction')) o(g, t, p);

-- concentration
SELECT is_empty(format($$
	WITH c AS (SELECT customer, sum(mrr) AS m FROM h WHERE f < %1$L::timestamp AT TIME ZONE 'America/New_York' AND (t IS NULL OR t >= %1$L::timestamp AT TIME ZONE 'America/New_York') GROUP BY 1 HAVING sum(mrr) > 0),
		want AS (SELECT count(*) AS n, sum(m) AS mrr, (SELECT sum(m) FROM (SELECT m FROM c ORDER BY m DESC LIMIT %2$s) x) AS top, sum(m * m) / sum(m) ^ 2 AS hhi FROM c)
	SELECT * FROM want, s, revenue_concentration(i, (%1$L::date - 1), %2$s, NULL, 'America/New_York') r
	WHERE r.customers <> n OR r.mrr <> want.mrr OR r.top_customers <> least(n, %2$s) OR r.top_mrr <> want.top OR abs(r.top_share - want.top / want.mrr) > 1e-15 OR abs(r.herfindahl_index - hhi) > 1e-15 $$, d, n),
	format('concentration before %s, top %s: equals the oracle', d, n))
FROM unnest('{2020-06-01,2021-06-01,2022-03-13}'::date[]) d, unnest('{1,7,1000}'::integer[]) n;

-- 2. Identities -----------------------------------------------------------

-- every way to count that the accessors take
CREATE TABLE way AS
SELECT row_number() OVER () AS n, m.mode, g.grain, o.*
FROM unnest('{snapshot,event,period_start,chartmogul,stripe,profitwell,mrr_playbook}'::text[]) m(mode),
	unnest('{day,week,month,quarter,year,4-4-5,4-5-4,5-4-4}'::text[]) g(grain),
	(VALUES (NULL::interval, NULL::interval, NULL::text, NULL::interval),
		('60 days', NULL, NULL, NULL),
		(NULL, '7 days', NULL, NULL),
		(NULL, NULL, 'contraction', NULL),
		(NULL, NULL, NULL, '20 hours'),
		('90 days', '3 days', 'contraction', '2 hours')) o(max_gap, tolerance, to_free, ev_window)
WHERE g.grain IN ('month', 'week') OR o.max_gap IS NOT DISTINCT FROM '90 days' OR o IS NULL;

CREATE TABLE all_waterfalls AS
SELECT w.n, w.mode, w.grain, k.kind, x.*
FROM way w, s, (VALUES ('days', 'UTC'), ('instants', 'America/New_York')) k(kind, zone),
	LATERAL mrr_waterfall(CASE WHEN k.kind = 'days' THEN s.d ELSE s.i END, w.grain, k.zone, NULL, w.mode, NULL, NULL,
		w.max_gap, w.tolerance, w.to_free, w.ev_window) x;

SELECT diag(format('%s waterfalls, %s rows', (SELECT 2 * count(*) FROM way), count(*))) FROM all_waterfalls;
SELECT is_empty($$
	SELECT * FROM all_waterfalls
	WHERE opening_mrr + new_mrr + reactivation_mrr + expansion_mrr + contraction_mrr + churn_mrr + fx_mrr <> closing_mrr
	LIMIT 5 $$, 'opening + movements = closing, for every mode, grain and option');
SELECT is_empty($$
	SELECT * FROM all_waterfalls
	WHERE new_mrr + reactivation_mrr + expansion_mrr + contraction_mrr + churn_mrr + fx_mrr <> net_new_mrr
	LIMIT 5 $$, 'net new = the sum of its parts');
SELECT is_empty($$
	SELECT * FROM all_waterfalls
	WHERE opening_customers + new_customers + reactivated_customers - churned_customers <> closing_customers
	LIMIT 5 $$, 'opening + new + reactivated - churned = closing customers');
SELECT is_empty($$
	SELECT * FROM (SELECT *, lag(closing_mrr, 1, 0) OVER w AS m, lag(closing_customers, 1, 0) OVER w AS c FROM all_waterfalls
		WINDOW w AS (PARTITION BY n, kind ORDER BY period)) x
	WHERE m <> opening_mrr OR c <> opening_customers LIMIT 5 $$, 'what closes a period opens the next, beginning at 0');
SELECT is_empty($$
	SELECT * FROM all_waterfalls WHERE new_mrr < 0 OR reactivation_mrr < 0 OR expansion_mrr < 0 OR contraction_mrr > 0 OR churn_mrr > 0
		OR fx_mrr <> 0 OR opening_mrr < 0 LIMIT 5 $$, 'movements have their sign, fx is 0 in one currency');
SELECT is_empty($$
	SELECT n, kind, period FROM all_waterfalls GROUP BY n, kind, period HAVING count(*) > 1 LIMIT 5 $$, 'a row per period');

-- the drill-down adds up to the waterfall, amounts and counts
SELECT is_empty($$
	WITH m AS (
		SELECT w.n, k.kind, x.period,
			coalesce(sum(amount) FILTER (WHERE movement = 'new'), 0) AS new_mrr,
			coalesce(sum(amount) FILTER (WHERE movement = 'reactivation'), 0) AS reactivation_mrr,
			coalesce(sum(amount) FILTER (WHERE movement = 'expansion'), 0) AS expansion_mrr,
			coalesce(sum(amount) FILTER (WHERE movement = 'contraction'), 0) AS contraction_mrr,
			coalesce(sum(amount) FILTER (WHERE movement = 'churn'), 0) AS churn_mrr,
			count(*) FILTER (WHERE movement = 'new') AS new_customers,
			count(*) FILTER (WHERE movement = 'reactivation') AS reactivated_customers,
			count(*) FILTER (WHERE movement = 'expansion') AS expanded_customers,
			count(*) FILTER (WHERE movement = 'contraction') AS contracted_customers,
			count(*) FILTER (WHERE movement = 'churn') AS churned_customers,
			bool_and(mrr_after - mrr_before = amount) AS sound
		FROM way w, s, (VALUES ('days', 'UTC'), ('instants', 'America/New_York')) k(kind, zone),
			LATERAL mrr_movements(CASE WHEN k.kind = 'days' THEN s.d ELSE s.i END, w.grain, k.zone, NULL, w.mode, NULL, NULL,
				w.max_gap, w.tolerance, w.to_free, w.ev_window) x
		GROUP BY 1, 2, 3)
	SELECT a.n, a.mode, a.grain, a.kind, a.period, m
	FROM all_waterfalls a FULL JOIN m USING (n, kind, period)
	WHERE (coalesce(m.new_mrr, 0), coalesce(m.reactivation_mrr, 0), coalesce(m.expansion_mrr, 0), coalesce(m.contraction_mrr, 0), coalesce(m.churn_mrr, 0),
		coalesce(m.new_customers, 0), coalesce(m.reactivated_customers, 0), coalesce(m.expanded_customers, 0),
		coalesce(m.contracted_customers, 0), coalesce(m.churned_customers, 0), coalesce(m.sound, true))
		IS DISTINCT FROM (a.new_mrr, a.reactivation_mrr, a.expansion_mrr, a.contraction_mrr, a.churn_mrr,
		a.new_customers, a.reactivated_customers, a.expanded_customers, a.contracted_customers, a.churned_customers, true)
	LIMIT 5 $$, 'mrr_movements adds up to mrr_waterfall, for every mode, grain and option');
SELECT is_empty($$
	WITH have AS (SELECT x.period, x.customer, x.movement, x.mrr_before, x.mrr_after, x.amount, x.at FROM s,
			mrr_movements(i, 'month', 'America/New_York', NULL, 'event') x),
		want AS (SELECT c.period, c.customer, v, c.m0, c.m1, c.m1 - c.m0, c.at FROM changes('month', 'America/New_York') c, LATERAL movement(m0, m1, ever) v)
	(TABLE have EXCEPT ALL TABLE want) UNION ALL (TABLE want EXCEPT ALL TABLE have) $$, 'event movements equal the oracle, instants included');
SELECT is_empty($$
	WITH have AS (SELECT x.period, x.customer, x.movement, x.mrr_before, x.mrr_after, x.amount FROM s,
			mrr_movements(i, 'month', 'America/New_York') x),
		want AS (SELECT c.period, c.customer, v, c.m0, c.m1, c.m1 - c.m0 FROM both_ends('month', 'America/New_York') c, LATERAL movement(m0, m1, ever) v
			WHERE v IS NOT NULL)
	(TABLE have EXCEPT ALL TABLE want) UNION ALL (TABLE want EXCEPT ALL TABLE have) $$, 'snapshot movements equal the oracle');

-- sum over segments = total
SELECT is_empty(format($$
	WITH parts AS (SELECT w.period, sum(w.new_mrr) AS n, sum(w.reactivation_mrr) AS r, sum(w.expansion_mrr) AS e, sum(w.contraction_mrr) AS c,
			sum(w.churn_mrr) AS x, sum(w.net_new_mrr) AS net, sum(w.new_customers) AS cn, sum(w.churned_customers) AS cx
		FROM (SELECT mrr_agg(customer, f, t, mrr) AS state FROM instants GROUP BY segment) g, LATERAL mrr_waterfall(g.state, 'month', 'America/New_York', NULL, %1$L) w
		GROUP BY 1)
	SELECT * FROM s, LATERAL mrr_waterfall(i, 'month', 'America/New_York', NULL, %1$L) w FULL JOIN parts USING (period)
	WHERE (w.new_mrr, w.reactivation_mrr, w.expansion_mrr, w.contraction_mrr, w.churn_mrr, w.net_new_mrr, w.new_customers, w.churned_customers)
		IS DISTINCT FROM (parts.n, parts.r, parts.e, parts.c, parts.x, parts.net, parts.cn, parts.cx) $$, m), format('%s: the sum over segments is the total', m))
FROM unnest('{snapshot,event,period_start,chartmogul}'::text[]) m;

-- cohorts sum to the waterfall
SELECT is_empty(format($$
	WITH c AS (SELECT period, sum(mrr) AS mrr, sum(customers) AS customers FROM s, revenue_cohorts(%1$s, %2$L, %3$L) GROUP BY 1)
	SELECT w.period, w.closing_mrr, c.mrr, w.closing_customers, c.customers FROM s, LATERAL mrr_waterfall(%1$s, %2$L, %3$L) w FULL JOIN c USING (period)
	WHERE coalesce(w.closing_mrr, 0) <> coalesce(c.mrr, 0) OR coalesce(w.closing_customers, 0) <> coalesce(c.customers, 0) $$, k, g, z),
	format('cohorts by %s of %s sum to closing MRR and customers', g, CASE k WHEN 'd' THEN 'days' ELSE 'instants' END))
FROM (VALUES ('d', 'UTC'), ('i', 'America/New_York')) v(k, z), unnest('{week,month,quarter,year,4-4-5}'::text[]) g;
SELECT is_empty($$
	WITH first AS (SELECT customer, date_trunc('month', min(f) AT TIME ZONE 'America/New_York')::date AS cohort FROM h WHERE mrr > 0 GROUP BY 1),
	want AS (SELECT f.cohort, b.period, sum(m1) AS mrr, count(*) FILTER (WHERE m1 > 0) AS customers, count(*) AS cohort_customers,
			coalesce(sum(m1 - m0) FILTER (WHERE v = 'expansion'), 0) AS e, coalesce(sum(m1 - m0) FILTER (WHERE v = 'contraction'), 0) AS c,
			coalesce(sum(m1 - m0) FILTER (WHERE v = 'churn'), 0) AS x, coalesce(sum(m1 - m0) FILTER (WHERE v = 'reactivation'), 0) AS r
		FROM first f JOIN both_ends('month', 'America/New_York') b USING (customer), LATERAL movement(m0, m1, ever) v
		WHERE b.period >= f.cohort GROUP BY 1, 2),
	have AS (SELECT c.cohort, c.period, c.mrr, c.customers, c.cohort_customers, c.expansion_mrr, c.contraction_mrr, c.churn_mrr, c.reactivation_mrr
		FROM s, revenue_cohorts(i, 'month', 'America/New_York') c)
	(TABLE have EXCEPT ALL TABLE want) UNION ALL (TABLE want EXCEPT ALL TABLE have) $$, 'cohorts by month equal the oracle');

-- 3. As of ----------------------------------------------------------------

-- what was known before an instant: rows from then on do not exist, ends from
-- then on are open
SELECT is_empty(format($$
	WITH cut AS (SELECT mrr_agg(customer, f, CASE WHEN t < %1$L THEN t END, mrr) AS state FROM instants WHERE f < %1$L),
		have AS (SELECT w.* FROM s, mrr_waterfall(i, 'month', 'America/New_York', %1$L, %2$L) w),
		want AS (SELECT w.* FROM cut, mrr_waterfall(cut.state, 'month', 'America/New_York', %1$L, %2$L) w)
	(TABLE have EXCEPT ALL TABLE want) UNION ALL (TABLE want EXCEPT ALL TABLE have) $$, a, m), format('%s as of %s = the state of the rows known then', m, a))
FROM unnest('{2020-03-01 05:00+00,2020-11-17 13:45:10.123456+00,2022-01-01 00:00+00}'::timestamptz[]) a, unnest('{snapshot,event,period_start}'::text[]) m;
SELECT is_empty(format($$
	WITH cut AS (SELECT mrr_agg(customer, f, CASE WHEN t < %1$L THEN t END, mrr) AS state FROM days WHERE f < %1$L),
		have AS (SELECT w.* FROM s, mrr_waterfall(d, 'month', 'UTC', %1$L::timestamptz, %2$L) w),
		want AS (SELECT w.* FROM cut, mrr_waterfall(cut.state, 'month', 'UTC', %1$L::timestamptz, %2$L) w)
	(TABLE have EXCEPT ALL TABLE want) UNION ALL (TABLE want EXCEPT ALL TABLE have) $$, a, m), format('days, %s as of %s = the state of the rows known then', m, a))
FROM unnest('{2020-03-01,2020-11-17,2022-01-01}'::date[]) a, unnest('{snapshot,event,period_start}'::text[]) m;

-- and both equal the oracle over the rows known then
CREATE TABLE cut_at AS SELECT timestamptz '2020-11-17 13:45:10.123456+00' AS at;
DELETE FROM h WHERE f >= (SELECT at FROM cut_at);
UPDATE h SET t = NULL WHERE t >= (SELECT at FROM cut_at);
SELECT is_empty($$
	WITH have AS MATERIALIZED (SELECT w FROM s, cut_at, got(i, 'month', 'America/New_York', 'snapshot', at) w),
		want AS MATERIALIZED (SELECT w FROM cut_at, expected_snapshot('month', 'America/New_York', at) w)
	(TABLE have EXCEPT ALL TABLE want) UNION ALL (TABLE want EXCEPT ALL TABLE have) $$, 'as of an instant: equals the oracle');
SELECT results_eq($$ SELECT complete FROM s, cut_at, mrr_waterfall(i, 'month', 'America/New_York', at) ORDER BY period DESC LIMIT 2 $$,
	ARRAY[false, true], 'as of an instant: the last period is not complete, the one before is');
SELECT use_instants();

-- The session's zone and date style do not matter.
SET LOCAL timezone = 'Australia/Lord_Howe';
SET LOCAL datestyle = 'SQL, DMY';
SELECT is_empty(format('SELECT x.* FROM s, differs(i, %L, %L, %L) x', 'month', 'America/New_York', m), format('another TimeZone: %s equals the oracle', m))
FROM unnest('{snapshot,period_start,event}'::text[]) m;
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO, YMD';

-- 4. The same histories by price item -------------------------------------

-- every row an item of its own at a rate of 1: the same state, the same rows,
-- and causes that add up to the movements
CREATE TABLE items AS SELECT
	(SELECT mrr_item_agg(customer, id::text, f, t, 'plan ' || id % 3, 1, mrr, 0, 'USD', 1, NULL) FROM days) AS d,
	(SELECT mrr_item_agg(customer, id::text, f, t, 'plan ' || id % 3, 1, mrr, 0, 'USD', 1, NULL) FROM instants) AS i;
SELECT results_eq('SELECT bytes(as_mrr_state(d)), bytes(as_mrr_state(i)) FROM items', 'SELECT bytes(d), bytes(i) FROM s', 'items as mrr_state: the same bytes');
SELECT is_empty(format($$
	(SELECT w.* FROM items, mrr_waterfall(%1$s, 'month', %2$L, NULL, %3$L, NULL, NULL, %4$L, %5$L, %6$L, %7$L) w
	 EXCEPT ALL SELECT w.* FROM s, mrr_waterfall(%1$s, 'month', %2$L, NULL, %3$L, NULL, NULL, %4$L, %5$L, %6$L, %7$L) w)
	UNION ALL
	(SELECT w.* FROM s, mrr_waterfall(%1$s, 'month', %2$L, NULL, %3$L, NULL, NULL, %4$L, %5$L, %6$L, %7$L) w
	 EXCEPT ALL SELECT w.* FROM items, mrr_waterfall(%1$s, 'month', %2$L, NULL, %3$L, NULL, NULL, %4$L, %5$L, %6$L, %7$L) w) $$, k, z, m, max_gap, tolerance, to_free, ev_window),
	format('%s: the waterfall of items equals that of the state, %s, options %s', k, m, n))
FROM (VALUES ('d', 'UTC'), ('i', 'America/New_York')) v(k, z), unnest('{snapshot,event,period_start,chartmogul}'::text[]) m,
	(VALUES (1, NULL, NULL, NULL, NULL), (2, '90 days', '3 days', 'contraction', '2 hours')) o(n, max_gap, tolerance, to_free, ev_window);
SELECT is_empty(format($$
	WITH c AS (SELECT period, movement, sum(amount) AS a FROM items, mrr_causes(%1$s, 'month', %2$L, NULL, %3$L) GROUP BY 1, 2),
		d AS (SELECT period, movement, sum(amount) AS a FROM items, mrr_cause_movements(%1$s, 'month', %2$L, NULL, %3$L) GROUP BY 1, 2),
		m AS (SELECT period, movement, sum(amount) AS a FROM s, mrr_movements(%1$s, 'month', %2$L, NULL, %3$L) GROUP BY 1, 2)
	SELECT * FROM m FULL JOIN c USING (period, movement) FULL JOIN d USING (period, movement)
	WHERE coalesce(m.a, 0) <> coalesce(c.a, 0) OR coalesce(m.a, 0) <> coalesce(d.a, 0) $$, k, z, m), format('%s: causes add up to movements, %s', k, m))
FROM (VALUES ('d', 'UTC'), ('i', 'America/New_York')) v(k, z), unnest('{snapshot,event,period_start,chartmogul}'::text[]) m;

SELECT * FROM finish();
ROLLBACK;
