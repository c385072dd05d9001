-- Recurring revenue: the aggregates, mrr_waterfall and its kin on histories
-- small enough to check by hand.
SET client_encoding = 'UTF8';
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET search_path = nudge, public;
\pset null '(null)'

--
-- Every overload: three keys, three kinds of time, with and without currency
--
CREATE TEMP TABLE one_row (n bigint, u uuid, t text, d0 date, d1 date, z0 timestamptz, z1 timestamptz, s0 timestamp, s1 timestamp, mrr numeric);
INSERT INTO one_row VALUES (7, '11111111-2222-3333-4444-555555555555', 'Ålesund', '2024-01-10', '2024-03-15',
	'2024-01-10 01:00+01', '2024-03-15 12:30:00.000001+00', '2024-01-10 00:00', '2024-03-15 12:30:00.000001', 12.345);
SELECT p.* FROM mrr_periods((SELECT mrr_agg(n, d0, d1, mrr) FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_agg(n, z0, z1, mrr) FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_agg(n, s0, s1, mrr) FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_agg(u, d0, d1, mrr) FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_agg(u, z0, z1, mrr) FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_agg(u, s0, s1, mrr) FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_agg(t, d0, d1, mrr) FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_agg(t, z0, z1, mrr) FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_agg(t, s0, s1, mrr) FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_currency_agg(n, d0, d1, mrr, 'eur') FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_currency_agg(n, z0, z1, mrr, 'eur') FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_currency_agg(n, s0, s1, mrr, 'eur') FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_currency_agg(u, d0, d1, mrr, 'eur') FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_currency_agg(u, z0, z1, mrr, 'eur') FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_currency_agg(u, s0, s1, mrr, 'eur') FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_currency_agg(t, d0, d1, mrr, 'eur') FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_currency_agg(t, z0, z1, mrr, 'eur') FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_currency_agg(t, s0, s1, mrr, 'eur') FROM one_row)) p;
SELECT mrr_currency(mrr_agg(n, d0, d1, mrr)) AS without, mrr_currency(mrr_currency_agg(n, d0, d1, mrr, 'eur')) AS eur,
	mrr_currency(mrr_currency_agg(n, d0, d1, mrr, 'EUR')) AS upper FROM one_row;
-- a smaller integer key, a domain and varchar find their overload
SELECT p.* FROM mrr_periods((SELECT mrr_agg(n::integer, d0, d1, mrr) FROM one_row)) p;
SELECT p.* FROM mrr_periods((SELECT mrr_agg(t::varchar(20), d0, d1, 5) FROM one_row)) p;
-- NULL and infinity as end: open
SELECT p.* FROM mrr_periods((SELECT mrr_agg(n, d0, e, mrr) FROM one_row, (VALUES (NULL::date), ('infinity'), ('2024-02-01')) v(e))) p;
SELECT p.* FROM mrr_periods((SELECT mrr_agg(n, z0, e, mrr) FROM one_row, (VALUES (NULL::timestamptz), ('infinity'), ('2024-02-01')) v(e))) p;

--
-- No rows, NULL states
--
SELECT mrr_agg(n, d0, d1, mrr) IS NULL AS no_rows, mrr_agg(n, z0, z1, mrr) IS NULL AS no_rows_instant,
	mrr_currency_agg(t, d0, d1, mrr, 'EUR') IS NULL AS no_rows_currency FROM one_row WHERE false;
SELECT mrr_agg(n, d0, d1, mrr) FILTER (WHERE false) IS NULL AS filtered_out FROM one_row;
SELECT rollup(s) IS NULL AS no_rows FROM (SELECT NULL::mrr_state AS s WHERE false) x;
SELECT rollup(s) IS NULL AS all_null FROM (VALUES (NULL::mrr_state), (NULL)) v(s);
SELECT count(*) FROM mrr_waterfall(NULL::mrr_state);
SELECT count(*) FROM mrr_movements(NULL::mrr_state);
SELECT count(*) FROM mrr_summary(NULL, '2024-01-01', '2024-02-01');
SELECT count(*) FROM mrr_summary((SELECT mrr_agg(n, d0, d1, mrr) FROM one_row), NULL, '2024-02-01');
SELECT count(*) FROM mrr_compare(NULL, 'snapshot', 'event');
SELECT count(*) FROM customer_mrr(NULL, '2024-01-01');
SELECT count(*) FROM mrr_periods(NULL);
SELECT count(*) FROM revenue_concentration(NULL, '2024-01-01');
SELECT mrr_at(NULL, date '2024-01-01'), mrr_at_instant(NULL, timestamptz '2024-01-01'), customers_at(NULL, date '2024-01-01'),
	customers_at_instant(NULL, timestamptz '2024-01-01'), arr_at(NULL, date '2024-01-01'), arr_at_instant(NULL, timestamptz '2024-01-01'), mrr_currency(NULL);
-- a NULL grain, zone or mode is the default
SELECT a.* FROM one_row, LATERAL (SELECT mrr_agg(n, d0, d1, mrr) AS s FROM one_row) x, LATERAL mrr_waterfall(s, NULL, NULL, NULL, NULL) a
EXCEPT SELECT a.* FROM one_row, LATERAL (SELECT mrr_agg(n, d0, d1, mrr) AS s FROM one_row) x, LATERAL mrr_waterfall(s) a;

--
-- One row: a row per month from the first start to the last end
--
SELECT period, opening_mrr, new_mrr, churn_mrr, net_new_mrr, closing_mrr, opening_customers AS o, new_customers AS n, churned_customers AS x,
	closing_customers AS c, complete FROM mrr_waterfall((SELECT mrr_agg(n, d0, d1, mrr) FROM one_row));
-- open: only the month of the start
SELECT period, opening_mrr, new_mrr, churn_mrr, net_new_mrr, closing_mrr, complete FROM mrr_waterfall((SELECT mrr_agg(n, d0, NULL, mrr) FROM one_row));

--
-- Five customers over six months:
--	1  upgrades without a gap (a seam on the same day), never leaves
--	2  leaves, returns in the middle of a month, leaves
--	3  lives ten days inside one month
--	4  downgrades, leaves
--	5  goes from paid to free
--
CREATE TEMP TABLE company (customer bigint, valid_from date, valid_to date, mrr numeric, segment text);
INSERT INTO company VALUES
	(1, '2024-01-10', '2024-03-15', 100, 'a'), (1, '2024-03-15', NULL, 150, 'a'),
	(2, '2024-01-01', '2024-02-01', 50, 'a'), (2, '2024-04-05', '2024-05-20', 80, 'a'),
	(3, '2024-02-10', '2024-02-20', 30, 'b'),
	(4, '2024-02-01', '2024-05-01', 200, 'b'), (4, '2024-05-01', '2024-06-01', 120, 'b'),
	(5, '2024-03-01', '2024-04-01', 60, 'b'), (5, '2024-04-01', NULL, 0, 'b');
CREATE TEMP TABLE st AS SELECT mrr_agg(customer, valid_from, valid_to, mrr) AS s FROM company;

SELECT period, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, fx_mrr, net_new_mrr, closing_mrr FROM st, mrr_waterfall(s);
SELECT period, opening_customers AS o, new_customers AS n, reactivated_customers AS r, expanded_customers AS e, contracted_customers AS c,
	churned_customers AS x, closing_customers AS closing, complete FROM st, mrr_waterfall(s);
SELECT period, customer, movement, mrr_before, mrr_after, amount FROM st, mrr_movements(s) ORDER BY period, customer;
-- every change at its day; counts are those of movements
SELECT period, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, net_new_mrr, closing_mrr FROM st, mrr_waterfall(s, mode => 'event');
SELECT period, opening_customers AS o, new_customers AS n, reactivated_customers AS r, expanded_customers AS e, contracted_customers AS c,
	churned_customers AS x, closing_customers AS closing FROM st, mrr_waterfall(s, mode => 'event');
SELECT period, customer, movement, mrr_before, mrr_after, amount, at FROM st, mrr_movements(s, mode => 'event') ORDER BY at, customer;
-- the value of a period is that of its first day
SELECT period, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, net_new_mrr, closing_mrr FROM st, mrr_waterfall(s, mode => 'period_start');
SELECT period, opening_customers AS o, new_customers AS n, reactivated_customers AS r, expanded_customers AS e, contracted_customers AS c,
	churned_customers AS x, closing_customers AS closing FROM st, mrr_waterfall(s, mode => 'period_start');
-- segments add up
SELECT segment, period, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, closing_mrr
FROM (SELECT segment, mrr_agg(customer, valid_from, valid_to, mrr) AS s FROM company GROUP BY segment) g, LATERAL mrr_waterfall(s)
ORDER BY segment, period;

--
-- Grains
--
SELECT period, opening_mrr, new_mrr, churn_mrr, closing_mrr FROM st, mrr_waterfall(s, 'day', start_day => '2024-02-08', end_day => '2024-02-22');
SELECT period, opening_mrr, new_mrr, expansion_mrr, churn_mrr, closing_mrr FROM st, mrr_waterfall(s, 'week', start_day => '2024-01-29', end_day => '2024-03-18');
SELECT period, opening_mrr, new_mrr, expansion_mrr, churn_mrr, closing_mrr FROM st, mrr_waterfall(s, 'week', start_day => '2024-02-04', end_day => '2024-03-17', week_start => 'sunday');
SELECT period, opening_mrr, new_mrr, expansion_mrr, contraction_mrr, churn_mrr, closing_mrr FROM st, mrr_waterfall(s, 'quarter');
SELECT period, opening_mrr, new_mrr, churn_mrr, closing_mrr FROM st, mrr_waterfall(s, 'quarter', fiscal_year_start => 2);
SELECT period, opening_mrr, new_mrr, churn_mrr, closing_mrr FROM st, mrr_waterfall(s, 'year');
SELECT period, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, closing_mrr FROM st, mrr_waterfall(s, 'year', fiscal_year_start => 4);
-- retail periods of whole weeks
SELECT period, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, closing_mrr FROM st, mrr_waterfall(s, '4-4-5');
SELECT period, closing_mrr FROM st, mrr_waterfall(s, '4-5-4');
SELECT period, closing_mrr FROM st, mrr_waterfall(s, '5-4-4');
-- 53 weeks: in 2026 the Monday nearest to the first of January is 2025-12-29, the next one's is 2027-01-04
SELECT period_start(d, '4-4-5') AS period, period_end(d, '4-4-5') - period_start(d, '4-4-5') AS days
FROM (VALUES (date '2025-12-28'), ('2025-12-29'), ('2026-12-27'), ('2026-12-28'), ('2027-01-03'), ('2027-01-04')) v(d);
-- grain names in any case
SELECT count(*) FROM st, mrr_waterfall(s, 'MONTH', mode => 'SnapShot');

--
-- Windows of days: only these periods, all that came before counted
--
SELECT period, opening_mrr, reactivation_mrr, churn_mrr, closing_mrr, complete FROM st, mrr_waterfall(s, start_day => '2024-04-01', end_day => '2024-06-01');
SELECT period, opening_mrr, closing_mrr FROM st, mrr_waterfall(s, start_day => '2024-05-15');
SELECT period, opening_mrr, closing_mrr FROM st, mrr_waterfall(s, end_day => '2024-02-15');
-- rows end with the data, whatever the window
SELECT period, opening_mrr, closing_mrr, closing_customers FROM st, mrr_waterfall(s, start_day => '2023-11-01', end_day => '2024-02-01');
SELECT period, opening_mrr, closing_mrr, closing_customers FROM st, mrr_waterfall(s, start_day => '2024-06-01', end_day => '2024-09-01');
SELECT period, customer, movement, amount FROM st, mrr_movements(s, start_day => '2024-05-01', end_day => '2024-06-01') ORDER BY 1, 2;
-- one row for the whole window, compared at its two ends
SELECT opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, fx_mrr, net_new_mrr, closing_mrr
FROM st, mrr_summary(s, '2024-02-01', '2024-05-01');
SELECT opening_customers AS o, new_customers AS n, reactivated_customers AS r, expanded_customers AS e, contracted_customers AS c,
	churned_customers AS x, closing_customers AS closing FROM st, mrr_summary(s, '2024-02-01', '2024-05-01');
SELECT opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, closing_mrr FROM st, mrr_summary(s, '2024-02-01', '2024-05-01', mode => 'event');

--
-- As of: what was known before an instant
--
SELECT period, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, closing_mrr, complete FROM st, mrr_waterfall(s, as_of => '2024-04-03');
-- on the bound of a period: it ended in time
SELECT period, closing_mrr, complete FROM st, mrr_waterfall(s, as_of => '2024-04-01');
SELECT period, closing_mrr, complete FROM st, mrr_waterfall(s, as_of => '2024-03-31');
-- ends known for later are open; rows go on to as_of
SELECT period, contraction_mrr, churn_mrr, closing_mrr, complete FROM st, mrr_waterfall(s, as_of => '2024-05-20', start_day => '2024-05-01');
SELECT period, contraction_mrr, churn_mrr, closing_mrr, complete FROM st, mrr_waterfall(s, as_of => '2024-05-21', start_day => '2024-05-01');
SELECT period, churn_mrr, closing_mrr, complete FROM st, mrr_waterfall(s, as_of => '2024-08-15', start_day => '2024-05-01');
SELECT count(*) FROM st, mrr_waterfall(s, as_of => '2024-01-01');

--
-- Instants and zones: a month begins at local midnight
--
CREATE TEMP TABLE ti AS
SELECT mrr_agg(customer, f, t, mrr) AS s FROM (VALUES
	('late', timestamptz '2024-01-31 23:30+00', timestamptz '2024-03-31 22:30+00', 10.0),
	('noon', '2024-02-29 12:00+00', NULL, 20),
	('seam', '2024-02-01 05:00+00', '2024-03-01 05:00+00', 40),
	('seam', '2024-03-01 05:00+00', NULL, 45)) v(customer, f, t, mrr);
SELECT period, opening_mrr, new_mrr, expansion_mrr, churn_mrr, closing_mrr FROM ti, mrr_waterfall(s);
SELECT period, opening_mrr, new_mrr, expansion_mrr, churn_mrr, closing_mrr FROM ti, mrr_waterfall(s, zone => 'Europe/Berlin');
SELECT period, opening_mrr, new_mrr, expansion_mrr, churn_mrr, closing_mrr FROM ti, mrr_waterfall(s, zone => 'America/New_York');
SELECT period, customer, movement, amount, at FROM ti, mrr_movements(s, zone => 'America/New_York', mode => 'event') ORDER BY at, customer;
-- the session's zone changes how an instant is shown, and nothing else
SET timezone = 'America/New_York';
SELECT period, opening_mrr, new_mrr, expansion_mrr, churn_mrr, closing_mrr FROM ti, mrr_waterfall(s, zone => 'Europe/Berlin');
SELECT period, customer, movement, amount, at FROM ti, mrr_movements(s, zone => 'America/New_York', mode => 'event') ORDER BY at, customer;
SELECT p.* FROM ti, mrr_periods(s) p;
SET timezone = 'UTC';
-- clocks change: in Berlin 2024-03-31 has 23 hours and 2024-10-27 has 25
CREATE TEMP TABLE dst AS
SELECT mrr_agg(customer, f, t, mrr) AS s FROM (VALUES
	(1, timestamptz '2024-03-30 23:00+00', timestamptz '2024-03-31 22:00+00', 1.0),
	(2, '2024-03-30 23:00+00', '2024-03-31 21:59:59.999999+00', 2),
	(3, '2024-03-31 22:00+00', NULL, 4),
	(4, '2024-10-26 22:00+00', '2024-10-27 23:00+00', 8),
	(5, '2024-10-27 23:00+00', NULL, 16)) v(customer, f, t, mrr);
SELECT period, opening_mrr, new_mrr, churn_mrr, closing_mrr FROM dst, mrr_waterfall(s, 'day', 'Europe/Berlin', start_day => '2024-03-30', end_day => '2024-04-03');
SELECT period, opening_mrr, new_mrr, churn_mrr, closing_mrr FROM dst, mrr_waterfall(s, 'day', 'Europe/Berlin', start_day => '2024-10-26', end_day => '2024-10-30');
-- a day that a zone left out: Samoa had no 2011-12-30
SELECT period, opening_mrr, new_mrr, closing_mrr FROM mrr_waterfall((SELECT mrr_agg(1, timestamptz '2011-12-30 09:59+00', NULL::timestamptz, 5)), 'day', 'Pacific/Apia',
	as_of => '2012-01-02');
-- half hours, and months that end on the day before in UTC
SELECT period, new_mrr, closing_mrr FROM mrr_waterfall((SELECT mrr_agg(1, timestamptz '2024-01-31 18:30+00', NULL::timestamptz, 5)), zone => 'Asia/Kolkata');
SELECT period, new_mrr, closing_mrr FROM mrr_waterfall((SELECT mrr_agg(1, timestamptz '2024-01-31 18:29:59.999999+00', NULL::timestamptz, 5)), zone => 'Asia/Kolkata');

--
-- At a day or an instant
--
SELECT d, mrr_at(s, d), customers_at(s, d), arr_at(s, d) FROM st, (VALUES (date '2023-12-31'), ('2024-01-01'), ('2024-01-09'), ('2024-01-10'),
	('2024-01-31'), ('2024-02-01'), ('2024-02-19'), ('2024-02-20'), ('2024-03-14'), ('2024-03-15'), ('2024-03-31'), ('2024-04-01'), ('2030-01-01')) v(d);
SELECT customer, mrr FROM st, customer_mrr(s, '2024-04-30') ORDER BY customer;
SELECT customer, mrr FROM st, customer_mrr(s, '2023-04-30') ORDER BY customer;
-- the close of a day is the instant before the next local midnight
SELECT d, mrr_at(s, d) AS utc, mrr_at(s, d, 'Europe/Berlin') AS berlin, mrr_at(s, d, 'America/New_York') AS new_york, customers_at(s, d, 'Europe/Berlin') AS customers
FROM ti, (VALUES (date '2024-01-31'), ('2024-02-01'), ('2024-02-29'), ('2024-03-31')) v(d);
-- at an instant, what begins then is in force and what ends then is not
SELECT i, mrr_at_instant(s, i), customers_at_instant(s, i), arr_at_instant(s, i) FROM ti, (VALUES (timestamptz '2024-01-31 23:29:59.999999'), ('2024-01-31 23:30'), ('2024-02-01 05:00'),
	('2024-03-01 04:59:59.999999'), ('2024-03-01 05:00'), ('2024-03-31 22:29:59.999999'), ('2024-03-31 22:30')) v(i);
-- ARR rounds once, at the end: 12 x (100 / 12) is 100
SELECT arr_at(s, date '2024-01-01') AS cents, arr_at(s, date '2024-01-01', 'UTC', 0) AS yen, arr_at(s, date '2024-01-01', 'UTC', 6) AS micro, mrr_at(s, date '2024-01-01') AS mrr
FROM (SELECT mrr_agg(1, date '2024-01-01', NULL::date, 100 / 12.0) AS s) x;

--
-- Amounts: millionths, the seventh decimal rounds half away from zero
--
SELECT a, mrr_at(s, date '2024-01-01') FROM (VALUES (0.0000005), (0.0000004), (1.0000005), (0.000001), (10), (10.10), (10.123), (99.999999), (9223372036854.775807), (0.1 + 0.2), (1e12), (123456789012.345)) v(a),
	LATERAL (SELECT mrr_agg(k, date '2024-01-01', NULL::date, a::numeric) AS s FROM (VALUES (1)) w(k)) x;
-- sums may be larger than any one amount
SELECT mrr_at(mrr_agg(c, date '2024-01-01', NULL::date, 9223372036854.775807), date '2024-01-01') FROM generate_series(1, 1000) c;

--
-- Options
--
-- a return after a longer gap counts as new; customer 2 was away for 64 days
SELECT g, period, new_mrr, reactivation_mrr FROM st, (VALUES (NULL::interval), ('63 days'), ('64 days'), ('2 months'), ('3 months')) v(g),
	LATERAL mrr_waterfall(s, reactivation_max_gap => g) WHERE period = '2024-04-01' ORDER BY g NULLS FIRST;
SELECT g, period, new_mrr, reactivation_mrr FROM st, (VALUES (NULL::interval), ('63 days'), ('64 days')) v(g),
	LATERAL mrr_waterfall(s, mode => 'event', reactivation_max_gap => g) WHERE period = '2024-04-01' ORDER BY g NULLS FIRST;
-- a gap not longer than the tolerance is bridged at the last amount
CREATE TEMP TABLE gap AS SELECT mrr_agg(1, f, t, mrr) AS s FROM (VALUES (date '2024-01-01', date '2024-01-30', 10.0), ('2024-02-02', '2024-03-10', 20), ('2024-03-15', NULL, 30)) v(f, t, mrr);
SELECT g, period, opening_mrr, new_mrr, reactivation_mrr, expansion_mrr, churn_mrr, closing_mrr FROM gap, (VALUES (NULL::interval), ('2 days'), ('3 days'), ('5 days')) v(g),
	LATERAL mrr_waterfall(s, gap_tolerance => g) ORDER BY g NULLS FIRST, period;
SELECT g, at::date, movement, amount FROM gap, (VALUES (NULL::interval), ('2 days'), ('3 days'), ('5 days')) v(g),
	LATERAL mrr_movements(s, mode => 'event', gap_tolerance => g) ORDER BY g NULLS FIRST, at;
-- paid to free: churn, or a contraction of a customer who stays
SELECT p, period, opening_mrr, contraction_mrr, churn_mrr, closing_mrr, contracted_customers AS c, churned_customers AS x, closing_customers AS closing
FROM st, (VALUES (NULL), ('churn'), ('contraction')) v(p), LATERAL mrr_waterfall(s, paid_to_free => p) WHERE period = '2024-04-01' ORDER BY p NULLS FIRST;
-- event_window: changes less than that apart are one movement
CREATE TEMP TABLE burst AS SELECT mrr_agg(1, f, t, mrr) AS s FROM (VALUES
	(timestamptz '2024-01-05 10:00', timestamptz '2024-01-05 10:20', 10.0), ('2024-01-05 10:30', '2024-02-07 09:00', 15),
	('2024-02-07 09:00', '2024-02-07 09:45', 50), ('2024-02-07 09:45', NULL, 40)) v(f, t, mrr);
SELECT w, movement, mrr_before, mrr_after, amount FROM burst, (VALUES (NULL::interval), ('5 minutes'), ('1 hour')) v(w),
	LATERAL mrr_movements(s, mode => 'event', event_window => w) ORDER BY w NULLS FIRST, at;

--
-- Modes and vendor presets
--
SELECT mode, counts_at, paid_to_free, event_window FROM mrr_modes() ORDER BY mode;
SELECT mode, period, new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churn_mrr, closing_mrr, closing_customers AS closing
FROM st, mrr_modes() m, LATERAL mrr_waterfall(s, mode => m.mode) WHERE period IN ('2024-02-01', '2024-04-01') ORDER BY period, mode;
SELECT x.* FROM st, mrr_compare(s, 'stripe', 'profitwell') x;
SELECT period, customer, movement, amount_a, amount_b, difference FROM st, mrr_compare(s, 'snapshot', 'event');
SELECT period, customer, movement, amount_a, amount_b, difference FROM st, mrr_compare(s, 'snapshot', 'chartmogul');
SELECT period, customer, movement, amount_a, amount_b, difference FROM st, mrr_compare(s, 'snapshot', 'snapshot');

--
-- Overlaps: amounts in force together add up
--
SELECT period, new_mrr, expansion_mrr, contraction_mrr, churn_mrr, closing_mrr, closing_customers
FROM mrr_waterfall((SELECT mrr_agg(1, f, t, mrr) FROM (VALUES (date '2024-01-01', date '2024-05-01', 10.0), ('2024-02-01', '2024-03-01', 5), ('2024-02-01', '2024-03-01', 5)) v(f, t, mrr)));

--
-- Concentration
--
SELECT customers, mrr, top_customers, top_mrr, round(top_share, 6) AS top_share, round(herfindahl_index, 6) AS hhi FROM st, revenue_concentration(s, '2024-04-30', 1);
SELECT customers, mrr, top_customers, top_mrr, round(top_share, 6) AS top_share, round(herfindahl_index, 6) AS hhi FROM st, revenue_concentration(s, '2024-04-30');
SELECT round(net_revenue_retention, 6) AS nrr, round(net_revenue_retention_without_top, 6) AS nrr_without FROM st, revenue_concentration(s, '2024-05-31', 1, '2024-04-30');
SELECT customers, mrr, top_customers, top_mrr, top_share, herfindahl_index, net_revenue_retention FROM st, revenue_concentration(s, '2023-01-31');

-- clocks that go back over midnight: the day begins at the first of its midnights
SELECT period, opening_mrr, new_mrr, closing_mrr FROM mrr_waterfall((SELECT mrr_agg(1, timestamptz '2020-11-01 04:30+00', NULL, 10)), 'month', 'America/Havana');
SELECT period, opening_mrr, new_mrr, closing_mrr FROM mrr_waterfall((SELECT mrr_agg(1, timestamptz '2023-10-29 00:30+00', NULL, 10)), 'day', 'Atlantic/Azores');
SELECT count(*) > 5000 AS tried, count(*) FILTER (WHERE w.period <> civil_date(at, zone) OR new_mrr <> 10) AS not_in_its_day
FROM (SELECT zone, at FROM (VALUES ('America/Havana'), ('Atlantic/Azores'), ('America/Scoresbysund'), ('Asia/Amman'), ('Asia/Gaza'), ('Antarctica/Casey'), ('Europe/Berlin'), ('America/Sao_Paulo')) z(zone),
	(SELECT (date '2018-01-01' + n)::timestamptz + make_interval(mins => 360 - (n % 24) * 30) AS at FROM generate_series(0, 1800) n) x) y,
	mrr_waterfall((SELECT mrr_agg(1, a, NULL, 10) FROM (VALUES (at)) v(a)), 'day', zone) w;

-- a word that is cut in a message is cut between characters
SELECT period_start('2024-01-01', repeat('a', 63) || repeat('é', 10));
SELECT * FROM mrr_waterfall((SELECT mrr_agg(1, date '2024-01-01', NULL, 1)), gap_tolerance => '300000 years');
