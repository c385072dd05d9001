-- Recurring revenue by price item: movements and their causes, currency
-- effect, reasons of churn, products per customer.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
\pset null '(null)'

-- Rows in the order of the aggregate's arguments
CREATE TEMP TABLE i (s text, customer bigint, item text, f date, t date, plan text, q numeric, u numeric, d numeric, cur text, r numeric, why text);
CREATE FUNCTION pg_temp.items(scenario text) RETURNS mrr_item_state LANGUAGE sql
	RETURN (SELECT mrr_item_agg(customer, item, f, t, plan, q, u, d, cur, r, why) FROM i WHERE s = scenario);
CREATE FUNCTION pg_temp.causes(scenario text, mode text DEFAULT 'snapshot')
	RETURNS TABLE (month text, movement text, cause text, amount numeric, customers bigint) LANGUAGE sql
BEGIN ATOMIC
	SELECT to_char(c.period, 'YYYY-MM'), c.movement, c.cause, c.amount, c.customers
	FROM mrr_causes(pg_temp.items(scenario), mode => mode) c;
END;

--
-- S5. ChartMogul, customer life cycle: n 166.67, e 60, c -60, x -166.67, r 150
-- (4 Gold yearly at 500, two Silver monthly at 30, return with 3 Gold monthly at 50)
--
INSERT INTO i VALUES
	('S5', 1, 'gold', '2022-01-01', '2023-01-01', 'gold yearly', 4, monthly_amount(500, 'year'), NULL, 'USD', 1, 'voluntary'),
	('S5', 1, 'silver', '2022-03-01', '2022-06-10', 'silver', 2, 30, NULL, 'USD', 1, NULL),
	('S5', 1, 'gold', '2023-05-01', NULL, 'gold', 3, 50, NULL, 'USD', 1, NULL);
SELECT month, movement, cause, round(amount, 2) AS amount, customers FROM pg_temp.causes('S5');
-- the drill-down
SELECT period, item, plan, currency, movement, cause, round(amount, 2) AS amount, round(mrr_before, 2) AS before, round(mrr_after, 2) AS after, at
FROM mrr_cause_movements(pg_temp.items('S5')) ORDER BY period;

--
-- S6. ChartMogul, plan switch: 100 from 2019-01-01, 250 from 2019-02-01; e 150, and why: the plan
--
INSERT INTO i VALUES
	('S6', 1, 'seat', '2019-01-01', '2019-02-01', 'basic', 1, 100, 0, NULL, NULL, NULL),
	('S6', 1, 'seat', '2019-02-01', NULL, 'pro', 1, 250, 0, NULL, NULL, NULL);
SELECT * FROM pg_temp.causes('S6');

--
-- S7. ChartMogul, prorated switch on 2019-06-16: June e 150
--
INSERT INTO i VALUES
	('S7', 1, 'seat', '2019-05-01', '2019-06-16', 'basic', 1, 100, 0, NULL, NULL, NULL),
	('S7', 1, 'seat', '2019-06-16', NULL, 'pro', 1, 250, 0, NULL, NULL, NULL);
SELECT * FROM pg_temp.causes('S7');

--
-- S8. ChartMogul, a second seat at 50 on 2016-03-16: March e 50 by quantity
--
INSERT INTO i VALUES
	('S8', 1, 'seat', '2016-01-01', '2016-03-16', 'team', 1, 50, 0, NULL, NULL, NULL),
	('S8', 1, 'seat', '2016-03-16', NULL, 'team', 2, 50, 0, NULL, NULL, NULL);
SELECT * FROM pg_temp.causes('S8');

--
-- S9. Stripe, 10 to 20 monthly halfway through a period: e 10 by price
--
INSERT INTO i VALUES
	('S9', 1, 'seat', '2024-01-01', '2024-04-16', 'team', 1, 10, 0, NULL, NULL, NULL),
	('S9', 1, 'seat', '2024-04-16', NULL, 'team', 1, 20, 0, NULL, NULL, NULL);
SELECT * FROM pg_temp.causes('S9');

--
-- S13. Polar, one customer with two subscriptions of 100, one of which ends on 2024-03-01: March c -100, no churn
--
INSERT INTO i VALUES
	('S13', 1, 'a', '2024-01-01', '2024-03-01', 'team', 1, 100, 0, NULL, NULL, 'voluntary'),
	('S13', 1, 'b', '2024-01-01', NULL, 'team', 1, 100, 0, NULL, NULL, NULL);
SELECT * FROM pg_temp.causes('S13');

--
-- S18. Zuora: 50 a month with 10 % off until 2021-04-01: n 45 in January, e 5 in April by the end of the discount
--
INSERT INTO i VALUES
	('S18', 1, 'plan', '2021-01-01', '2021-04-01', 'team', 1, 50, 5, NULL, NULL, NULL),
	('S18', 1, 'plan', '2021-04-01', '2022-01-01', 'team', 1, 50, 0, NULL, NULL, NULL);
SELECT * FROM pg_temp.causes('S18');

--
-- Several causes in one movement: 10 seats of basic at 8 become 15 of pro at 12 with 20 off, support is added:
-- quantity 5 x 8, plan 15 x (12 - 8), discount -20, addon 30; then the discount falls to 5 and pro costs 13
--
INSERT INTO i VALUES
	('many', 1, 'seats', '2024-01-01', '2024-02-10', 'basic', 10, 8, 0, NULL, NULL, NULL),
	('many', 1, 'seats', '2024-02-10', '2024-03-10', 'pro', 15, 12, 20, NULL, NULL, NULL),
	('many', 1, 'seats', '2024-03-10', NULL, 'pro', 15, 13, 5, NULL, NULL, NULL),
	('many', 1, 'support', '2024-02-20', NULL, NULL, 1, 30, 0, NULL, NULL, NULL);
SELECT * FROM pg_temp.causes('many');
SELECT period, new_mrr, expansion_mrr, contraction_mrr, closing_mrr FROM mrr_waterfall(pg_temp.items('many'));
-- parts that cancel out are no movement: 2 seats at 10 become 1 at 20
SELECT count(*) FROM (SELECT mrr_item_agg(1, 's', f, t, 'p', q, u, 0, NULL, NULL, NULL) AS s
	FROM (VALUES (date '2024-01-01', date '2024-02-10', 2, 10), ('2024-02-10', NULL, 1, 20)) v(f, t, q, u)) x, mrr_causes(s) WHERE movement <> 'new';

--
-- Two currencies: rates move, amounts do not, then both
-- EUR 100 at 1.10, 1.20, 1.15; in March EUR 150.  JPY 10000 at 0.0067 and 0.0065.  USD is the base.
--
INSERT INTO i VALUES
	('fx', 1, 'seats', '2024-01-01', '2024-02-01', 'team', 10, 10, 0, 'EUR', 1.10, NULL),
	('fx', 1, 'seats', '2024-02-01', '2024-03-01', 'team', 10, 10, 0, 'EUR', 1.20, NULL),
	('fx', 1, 'seats', '2024-03-01', NULL, 'team', 15, 10, 0, 'eur', 1.15, NULL),
	('fx', 2, 'seats', '2024-01-01', '2024-02-01', 'team', 1, 10000, 0, 'JPY', 0.0067, NULL),
	('fx', 2, 'seats', '2024-02-01', '2024-03-05', 'team', 1, 10000, 0, 'JPY', 0.0065, 'involuntary'),
	('fx', 3, 'seats', '2024-01-01', NULL, 'team', 1, 40, 0, NULL, NULL, NULL);
SELECT period, opening_mrr, new_mrr AS n, expansion_mrr AS e, contraction_mrr AS c, churn_mrr AS x, fx_mrr AS fx, net_new_mrr AS net, closing_mrr,
	opening_mrr + new_mrr + reactivation_mrr + expansion_mrr + contraction_mrr + churn_mrr + fx_mrr - closing_mrr AS off,
	expanded_customers AS exp, contracted_customers AS con, churned_customers AS churned, closing_customers
FROM mrr_waterfall(pg_temp.items('fx'));
SELECT * FROM pg_temp.causes('fx');
SELECT period, customer, currency, movement, cause, amount, mrr_before, mrr_after FROM mrr_cause_movements(pg_temp.items('fx')) WHERE period > '2024-01-01' ORDER BY 1, 2, 4;
-- in a state without items the same is expansion and contraction
SELECT period, expansion_mrr, contraction_mrr, fx_mrr, closing_mrr FROM mrr_waterfall(as_mrr_state(pg_temp.items('fx')));
SELECT mrr_currency(as_mrr_state(pg_temp.items('fx'))), mrr_currency(as_mrr_state(pg_temp.items('fx'), 'usd')), as_mrr_state(NULL) IS NULL AS nothing;
-- a plan switch by way of another item: EUR 100 at 1.1 becomes EUR 150 at 1.2; 50 x 1.2 is expansion, 100 x 0.1 is fx
SELECT movement, cause, amount FROM (SELECT mrr_item_agg(1, k, f, t, k, 1, u, 0, 'EUR', r, NULL) AS s
	FROM (VALUES ('basic', date '2024-01-01', date '2024-02-01', 100, 1.1), ('pro', '2024-02-01', NULL, 150, 1.2)) v(k, f, t, u, r)) x, mrr_causes(s) WHERE period = '2024-02-01' ORDER BY 1, 2, 3;
SELECT item, movement, cause, amount, mrr_before, mrr_after FROM (SELECT mrr_item_agg(1, k, f, t, k, 1, u, 0, 'EUR', r, NULL) AS s
	FROM (VALUES ('basic', date '2024-01-01', date '2024-02-01', 100, 1.1), ('pro', '2024-02-01', NULL, 150, 1.2)) v(k, f, t, u, r)) x, mrr_cause_movements(s) WHERE period = '2024-02-01' ORDER BY 1, 2, 3;
-- rates that are fixed at the start of each item: an item added or removed moves no rate
SELECT period, movement, cause, amount FROM (SELECT mrr_item_agg(1, k, f, t, k, 1, u, 0, 'EUR', r, NULL) AS s
	FROM (VALUES ('a', date '2024-01-01', NULL::date, 10, 1.0), ('b', '2024-02-01', '2024-03-01', 5, 1.2)) v(k, f, t, u, r)) x, mrr_causes(s);
-- an item that goes on in another currency
SELECT period, item, currency, movement, cause, amount FROM (SELECT mrr_item_agg(1, 'seat', f, t, 'p', 1, u, 0, c, r, NULL) AS s
	FROM (VALUES ('EUR', date '2024-01-01', date '2024-02-01', 100, 1.1), ('USD', '2024-02-01', NULL, 120, 1)) v(c, f, t, u, r)) x, mrr_cause_movements(s);

--
-- Reasons of churn: the paid row that ended last says why; a free row that goes on is to_free
--
INSERT INTO i VALUES
	('churn', 1, 'a', '2024-01-01', '2024-02-05', 'p', 1, 10, 0, NULL, NULL, 'voluntary'),
	('churn', 1, 'b', '2024-01-01', '2024-02-20', 'p', 1, 20, 0, NULL, NULL, 'Involuntary'),
	('churn', 2, 'a', '2024-01-01', '2024-02-05', 'p', 1, 30, 0, NULL, NULL, NULL),
	('churn', 3, 'a', '2024-01-01', '2024-02-05', 'p', 1, 40, 0, NULL, NULL, NULL),
	('churn', 3, 'a', '2024-02-05', NULL, 'free', 1, 0, 0, NULL, NULL, NULL),
	('churn', 4, 'a', '2024-01-01', '2024-02-01', 'p', 1, 50, 0, NULL, NULL, NULL),
	-- begins and ends within the month, which a snapshot does not see, and still says why
	('churn', 4, 'a', '2024-02-01', '2024-02-10', 'p', 1, 50, 0, NULL, NULL, 'voluntary'),
	('churn', 5, 'a', '2024-01-01', '2024-02-05', 'p', 1, 60, 0, NULL, NULL, NULL),
	('churn', 5, 'a', '2024-02-05', '2024-03-05', 'p', 1, 60, 60, NULL, NULL, 'voluntary');
SELECT * FROM pg_temp.causes('churn');
SELECT period, churn_mrr, churned_customers FROM mrr_waterfall(pg_temp.items('churn')) WHERE churned_customers > 0;
-- paid to free as contraction: the move to free keeps its cause, and its end is a churn of nothing
SELECT period, movement, cause, amount, customers FROM mrr_causes(pg_temp.items('churn'), paid_to_free => 'contraction') WHERE period >= '2024-02-01';
SELECT period, customer, cause, amount, mrr_before, mrr_after FROM mrr_cause_movements(pg_temp.items('churn'), paid_to_free => 'contraction') WHERE customer = '5' AND period > '2024-01-01';

--
-- Other modes count the same movements as a state without items does
--
SELECT * FROM pg_temp.causes('S5', 'event');
SELECT * FROM pg_temp.causes('many', 'event');
SELECT * FROM pg_temp.causes('many', 'period_start');

--
-- Options: as_of, window, grain, zone
--
SELECT * FROM mrr_causes(pg_temp.items('many'), as_of => '2024-02-15', grain => 'week') WHERE period > '2024-02-01';
SELECT * FROM mrr_causes(pg_temp.items('many'), 'quarter', start_day => '2024-01-01', end_day => '2024-04-01');
SELECT period, cause, amount, at FROM mrr_cause_movements((SELECT mrr_item_agg('a', 's', timestamptz '2024-01-31 23:30+00', NULL::timestamptz, 'p', 1, 10, 0, NULL, NULL, NULL)), zone => 'Europe/Berlin');

--
-- Products: who pays for what, and for how many
--
CREATE TEMP TABLE p AS SELECT mrr_item_agg(k, item, date '2024-01-01', t, plan, 1, u, 0, NULL, NULL, NULL) AS s
FROM (VALUES (uuid '00000000-0000-0000-0000-000000000001', 'crm', NULL::date, 'basic', 10.0),
	('00000000-0000-0000-0000-000000000001', 'mail', NULL, 'basic', 5),
	('00000000-0000-0000-0000-000000000002', 'crm', NULL, 'pro', 20),
	('00000000-0000-0000-0000-000000000003', 'crm', NULL, 'pro', 20),
	('00000000-0000-0000-0000-000000000003', 'mail', NULL, NULL, 6),
	-- not in force, not paid for
	('00000000-0000-0000-0000-000000000003', 'chat', '2024-01-15', 'pro', 7),
	('00000000-0000-0000-0000-000000000004', 'chat', NULL, 'free', 0)) v(k, item, t, plan, u);
SELECT product, customers, round(share_of_customers, 4) AS share, mrr FROM p, product_attachment(s, '2024-01-31');
SELECT product, customers, round(share_of_customers, 4) AS share, mrr FROM p, product_attachment(s, '2024-01-31', count_by => 'plan');
SELECT products, customers, round(share_of_customers, 4) AS share, mrr FROM p, products_per_customer(s, '2024-01-31');
SELECT customer, product, mrr FROM p, customer_products(s, '2024-01-31') ORDER BY customer, product;
SELECT round(average_products(s, '2024-01-31'), 4) AS items, round(average_products(s, '2024-01-31', count_by => 'plan'), 4) AS plans, average_products(s, '2023-01-31') AS before_all FROM p;

--
-- What a state holds
--
SELECT * FROM mrr_item_periods((SELECT mrr_item_agg(-5, 'api calls', timestamptz '2024-01-01 00:00+00', NULL::timestamptz, NULL, 1000000, 0.0000123, 0.3, 'kwd', 3.2501234567894, 'VOLUNTARY')));
-- NULL is a quantity of 1, no discount, no plan, base currency, rate 1, unknown reason
SELECT quantity, gross, discount, plan, currency, rate, mrr, end_reason FROM mrr_item_periods((SELECT mrr_item_agg(1, 'a', date '2024-01-01', NULL::date, NULL, NULL, 9.99, NULL, NULL, NULL, NULL)));
-- a third of 100 a seat: six decimals are kept of the amount, not of the price
SELECT month, movement, cause, amount FROM (SELECT mrr_item_agg(1, 'a', f, t, 'p', q, 100 / 3.0, 0, NULL, NULL, NULL) AS s FROM (VALUES (date '2024-01-01', date '2024-02-01', 1), ('2024-02-01', '2024-03-01', 3), ('2024-03-01', NULL, 2)) v(f, t, q)) x,
	LATERAL (SELECT to_char(c.period, 'MM') AS month, c.* FROM mrr_causes(s) c) y;
-- all key and time types, in every order, by text and back
SELECT bool_and(a = b AND b = c AND c::text::mrr_item_state = a) AS same, count(*)
FROM (SELECT mrr_item_agg(customer, item, f, t, plan, q, u, d, cur, r, why ORDER BY f) AS a,
		mrr_item_agg(customer, item, f, t, plan, q, u, d, cur, r, why ORDER BY u DESC, t) AS b,
		combine(mrr_item_agg(customer, item, f, t, plan, q, u, d, cur, r, why) FILTER (WHERE u > 15), mrr_item_agg(customer, item, f, t, plan, q, u, d, cur, r, why) FILTER (WHERE u <= 15)) AS c
	FROM i GROUP BY s
	UNION ALL SELECT mrr_item_agg(customer::text, item, f::timestamp, t::timestamp, plan, q, u, d, cur, r, why ORDER BY f),
		mrr_item_agg(customer::text, item, f::timestamptz, t::timestamptz, plan, q, u, d, cur, r, why ORDER BY t),
		combine(mrr_item_agg(customer::text, item, f::timestamp, t::timestamp, plan, q, u, d, cur, r, why) FILTER (WHERE u > 15), mrr_item_agg(customer::text, item, f::timestamp, t::timestamp, plan, q, u, d, cur, r, why) FILTER (WHERE u <= 15))
	FROM i
	UNION ALL SELECT mrr_item_agg(md5(customer::text)::uuid, item, f, t, plan, q, u, d, cur, r, why ORDER BY f),
		mrr_item_agg(md5(customer::text)::uuid, item, f, t, plan, q, u, d, cur, r, why ORDER BY t),
		combine(NULL, mrr_item_agg(md5(customer::text)::uuid, item, f, t, plan, q, u, d, cur, r, why)) FROM i) x;
SELECT count(DISTINCT st), rollup(st) = (SELECT mrr_item_agg(customer, item, f, t, plan, q, u, d, cur, r, why) FROM i) AS same
FROM (SELECT mrr_item_agg(customer, item, f, t, plan, q, u, d, cur, r, why) AS st FROM i GROUP BY s, customer) x;
-- no rows, no state; no state, no rows
SELECT mrr_item_agg(1, 'a', date '2024-01-01', NULL::date, NULL, 1, 1, 0, NULL, NULL, NULL) IS NULL AS empty FROM i WHERE false;
SELECT count(*) FROM mrr_waterfall(NULL::mrr_item_state), mrr_causes(NULL), mrr_cause_movements(NULL);
SELECT as_mrr_state(a) = mrr_agg(1, f, t, q * u) AS plain FROM (SELECT mrr_item_agg(1, item, f, t, plan, q, u, 0, NULL, NULL, NULL) AS a FROM i WHERE s = 'many') x,
	i WHERE s = 'many' GROUP BY a;

--
-- Bad input
--
CREATE FUNCTION pg_temp.refused(statement text) RETURNS TABLE (state text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN QUERY SELECT 'no error', NULL::text, NULL::text, NULL::text;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN NEXT;
END
$$;
-- one row with something wrong
CREATE FUNCTION pg_temp.row(changed text) RETURNS TABLE (state text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
DECLARE
	r jsonb := jsonb_build_object('customer', '1::bigint', 'item', '''a''', 'f', 'date ''2024-01-01''', 't', 'NULL::date', 'plan', '''p''', 'q', '1', 'u', '10', 'd', '0', 'cur', '''EUR''', 'r', '1.1', 'why', 'NULL') || changed::jsonb;
BEGIN
	RETURN QUERY SELECT * FROM pg_temp.refused(format('SELECT nudge.mrr_item_agg(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)',
		r->>'customer', r->>'item', r->>'f', r->>'t', r->>'plan', r->>'q', r->>'u', r->>'d', r->>'cur', r->>'r', r->>'why'));
END
$$;
\pset format unaligned
\pset tuples_only on
SELECT * FROM pg_temp.row('{}');
SELECT * FROM pg_temp.row('{"customer": "NULL::bigint"}');
SELECT * FROM pg_temp.row('{"item": "NULL"}');
SELECT * FROM pg_temp.row('{"f": "NULL::date"}');
SELECT * FROM pg_temp.row('{"u": "NULL"}');
SELECT * FROM pg_temp.row('{"f": "date ''-infinity''"}');
SELECT * FROM pg_temp.row('{"t": "date ''-infinity''"}');
SELECT * FROM pg_temp.row('{"t": "date ''2023-01-01''"}');
SELECT * FROM pg_temp.row('{"t": "date ''2024-01-01''"}');
SELECT * FROM pg_temp.row('{"u": "-1"}');
SELECT * FROM pg_temp.row('{"q": "-1"}');
SELECT * FROM pg_temp.row('{"q": "-1", "u": "-1"}');
SELECT * FROM pg_temp.row('{"d": "-1"}');
SELECT * FROM pg_temp.row('{"d": "10.000001"}');
SELECT * FROM pg_temp.row('{"u": "''NaN''"}');
SELECT * FROM pg_temp.row('{"q": "''infinity''"}');
SELECT * FROM pg_temp.row('{"u": "9223372036854", "q": "2"}');
SELECT * FROM pg_temp.row('{"u": "9223372036854", "r": "1000"}');
SELECT * FROM pg_temp.row('{"r": "0"}');
SELECT * FROM pg_temp.row('{"r": "-1"}');
SELECT * FROM pg_temp.row('{"r": "0.0000000000001"}');
SELECT * FROM pg_temp.row('{"r": "10000000"}');
SELECT * FROM pg_temp.row('{"r": "''NaN''"}');
SELECT * FROM pg_temp.row('{"cur": "NULL"}');
SELECT * FROM pg_temp.row('{"cur": "''EURO''"}');
SELECT * FROM pg_temp.row('{"cur": "''E1R''"}');
SELECT * FROM pg_temp.row('{"why": "''bored''"}');
-- sums that are too large
SELECT * FROM pg_temp.refused($$ SELECT count(*) FROM nudge.mrr_causes((SELECT nudge.mrr_item_agg(1, k::text, date '2024-01-01', NULL::date, 'p', 1, 9000000000000, 0, 'IDR', 1, NULL) FROM generate_series(1, 2) k)) $$);
SELECT * FROM pg_temp.refused($$ SELECT count(*) FROM nudge.mrr_causes((SELECT nudge.mrr_item_agg(1, k::text, date '2024-01-01' + k, NULL::date, 'p', 1, 9000000000000, 0, 'IDR', 0.0001, NULL) FROM generate_series(1, 100, 40) k)) $$);
-- arguments of accessors
SELECT * FROM pg_temp.refused($$ SELECT nudge.product_attachment(s, '2024-01-31', count_by => 'colour') FROM p $$);
SELECT * FROM pg_temp.refused($$ SELECT nudge.product_attachment(s, '2024-01-31', 'Europe/Berlin') FROM p $$);
SELECT * FROM pg_temp.refused($$ SELECT nudge.product_attachment(s, 'infinity') FROM p $$);
SELECT * FROM pg_temp.refused($$ SELECT nudge.mrr_causes(s, 'decade') FROM p $$);
SELECT * FROM pg_temp.refused($$ SELECT nudge.mrr_causes(s, mode => 'guess') FROM p $$);
SELECT * FROM pg_temp.refused($$ SELECT nudge.as_mrr_state(s, 'dollars') FROM p $$);
SELECT * FROM pg_temp.refused($$ SELECT nudge.mrr_item_trans(NULL, 1::bigint, 'a', date '2024-01-01', NULL, NULL, 1, 1, 0, NULL, NULL, NULL) $$);
-- states of another kind, of another shape, and hostile ones: each field of a record out of bounds
SELECT * FROM pg_temp.refused($$ SELECT nudge.mrr_agg(1, date '2024-01-01', NULL::date, 10)::text::nudge.mrr_item_state $$);
SELECT * FROM pg_temp.refused($$ SELECT nudge.combine(nudge.mrr_item_agg(1::bigint, 'a', date '2024-01-01', NULL::date, NULL, 1, 1, 0, NULL, NULL, NULL), nudge.mrr_item_agg('1'::text, 'a', date '2024-01-01', NULL::date, NULL, 1, 1, 0, NULL, NULL, NULL)) $$);
CREATE FUNCTION pg_temp.hostile(state mrr_item_state, byte integer, value bytea) RETURNS TABLE (state text, message text, detail text, hint text) LANGUAGE sql
BEGIN ATOMIC
	SELECT r.* FROM pg_temp.refused(format('SELECT %L::nudge.mrr_item_state', rtrim(translate(encode(overlay(mrr_item_state_send(state) PLACING value FROM byte + 1), 'base64'), E'\n', ''), '='))) r;
END;
CREATE TEMP TABLE one AS SELECT mrr_item_agg(1, 'a', date '2024-01-01', date '2024-02-01', 'p', 2, 10, 5, 'EUR', 1.1, 'voluntary') AS s;
SELECT what, (pg_temp.hostile(s, byte, value)).* FROM one, (VALUES
	(1, 'nothing', 0, '\x4e'::bytea), (2, 'param', 8, '\x00000001'),
	(3, 'currency', 28, '\x00454500'), (4, 'currency', 28, '\x01455552'), (5, 'currency of the base with a rate', 28, '\x00000000'),
	(6, 'item', 32, '\x00000002'), (7, 'item', 32, '\xffffffff'),
	(8, 'from', 36, '\x80000000'), (9, 'from', 36, '\x7fffffff'), (10, 'to', 40, '\x00000001'), (11, 'to', 40, '\x7ffffffe'),
	(12, 'quantity', 44, '\xffffffffffffffff'), (13, 'gross', 52, '\x8000000000000000'), (14, 'gross', 52, '\x7fffffffffffffff'),
	(15, 'discount', 60, '\xffffffffffffffff'), (16, 'discount', 60, '\x7fffffffffffffff'),
	(17, 'rate', 68, '\x0000000000000000'), (18, 'rate', 68, '\x7fffffffffffffff'), (19, 'rate', 68, '\xffffffffffffffff'),
	(20, 'plan', 76, '\x00000005'), (21, 'reason', 80, '\x00000003'), (22, 'reason', 80, '\xffffffff')) v(n, what, byte, value) ORDER BY n;

-- a string that is a key and a name too must be valid text
select encode(textsend(item),'hex') from nudge.mrr_item_periods(rtrim(translate(encode(decode((select replace(encode(nudge.mrr_item_state_send(s),'hex'),'6162636465','fffe636465') from (select nudge.mrr_item_agg(uuid '61626364-6566-6768-696a-6b6c6d6e6f70','abcdefghijklmnop',date '2024-01-01',null::date,'',1,1,null,null,null,null) s) x),'hex'),'base64'),E'\n',''),'=')::nudge.mrr_item_state);

-- a currency whose rate is missing is not worth one
SELECT * FROM pg_temp.refused($$ SELECT nudge.mrr_item_agg(1, 'a', date '2024-01-01', NULL, NULL, NULL, 10000, NULL, 'JPY', NULL, NULL) $$);

-- many periods of one customer take linear time; quadratic time is over this limit
SET statement_timeout = '60s';
SELECT count(*), sum(churned_customers) FROM mrr_waterfall((SELECT mrr_item_agg(1, 'a', date '1900-01-01' + n, CASE WHEN n > 0 THEN date '1900-01-01' + n + 1 END, NULL, NULL, 1, NULL, NULL, NULL, NULL)
	FROM generate_series(0, 400000) n), 'year', mode => 'event');
SELECT count(*), sum(customers) FROM mrr_causes((SELECT mrr_item_agg(1, 'a', date '1900-01-01' + 2 * n, date '1900-01-01' + 2 * n + 1, NULL, NULL, 1, NULL, NULL, NULL, 'voluntary')
	FROM generate_series(0, 200000) n), 'year', mode => 'event') WHERE movement = 'churn';
RESET statement_timeout;
