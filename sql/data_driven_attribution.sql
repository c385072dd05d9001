-- Data-driven attribution: Markov chains and Shapley values.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET search_path = nudge, public;
SET extra_float_digits = 0;
\pset null '(null)'

-- A state from paths such as 'a b c $10' (converts) and 'a b' (does not), a customer each.
CREATE FUNCTION pg_temp.paths(VARIADIC paths text[]) RETURNS journey_state LANGUAGE sql STABLE AS $$
	SELECT nudge.journey_agg(c, timestamptz '2024-05-01 00:00Z' + n * interval '1 hour', CASE WHEN t NOT LIKE '$%' THEN t END, substring(t FROM '\$([0-9.]+)')::numeric)
	FROM unnest(paths) WITH ORDINALITY p(path, c), string_to_table(path, ' ') WITH ORDINALITY s(t, n) $$;

-- Published: serhiipuzyrov.com 2019, P .8, removal .75 and .5, credit 2.4 and 1.6
CREATE TEMP TABLE google AS SELECT pg_temp.paths('google $1', 'google $1', 'mailing $1', 'google mailing $1', 'google') AS s;
SELECT m.channel, round(m.removal_effect::numeric, 12) AS removal_effect, m.conversions, m.revenue FROM google, markov_attribution(s) m;
SELECT t.* FROM google, markov_transitions(s) t;
-- analyzecore.com 2016: P 1/3, removal .5, 1, 1, credit .2, .4, .4
CREATE TEMP TABLE core AS SELECT pg_temp.paths('C1 C2 C3 $1', 'C1', 'C2 C3') AS s;
SELECT m.channel, round(m.removal_effect::numeric, 12) AS removal_effect, m.conversions, m.revenue FROM core, markov_attribution(s) m ORDER BY channel;
SELECT t.from_channels, t.to_channel, t.outcome, t.transitions FROM core, markov_transitions(s, 2) t;
-- order 3 by hand: a b c converts once in two, without any of them nothing does but x
CREATE TEMP TABLE three AS SELECT pg_temp.paths('a b c $8', 'a b c', 'b c $4', 'c', 'x $4') AS s;
SELECT o AS chain_order, m.channel, round(m.removal_effect::numeric, 12) AS removal_effect, m.conversions, m.revenue FROM three, generate_series(1, 3) o, markov_attribution(s, o) m ORDER BY o, channel;
SELECT t.from_channels, t.to_channel, t.outcome, t.transitions, t.probability FROM three, markov_transitions(s, 3) t;
-- repeated touches change nothing at order 1, nor does the order of the rows
SELECT (SELECT array_agg(m ORDER BY channel) FROM markov_attribution(pg_temp.paths('a a b $1', 'a', 'b b b $2', 'b a')) m) = (SELECT array_agg(m ORDER BY channel) FROM markov_attribution(pg_temp.paths('a b $1', 'a', 'b $2', 'b a')) m) AS same;
-- the chain converts as often as the paths do; credits are all there
CREATE TEMP TABLE many AS SELECT journey_agg(c::bigint, at, channel, revenue) AS s FROM (
	SELECT hashint4(i) % 900 AS c, timestamptz '2024-01-01 00:00Z' + abs(hashint4(i + 7)::bigint) % 180 * interval '1 day' AS at,
		CASE WHEN i % 12 > 0 THEN 'ch' || abs(hashint4(i + 3)) % 25 END AS channel, CASE WHEN i % 12 = 0 THEN abs(hashint4(i + 5)::bigint) / 1000.0 END AS revenue
	FROM generate_series(1, 12000) i) r;
SELECT o AS chain_order, sum(m.conversions) AS conversions, sum(m.revenue) AS revenue, sum(m.share) > 0.999999 AS share, count(*) AS channels FROM many, generate_series(1, 3) o, markov_attribution(s, o) m GROUP BY o ORDER BY o;
SELECT o AS chain_order, sum(c.credit) AS revenue, count(*) FILTER (WHERE touch = 1 AND touches > 0 OR touches = 0) AS conversions FROM many, generate_series(1, 3) o, markov_credits(s, o) c GROUP BY o ORDER BY o;
SELECT count(*) AS conversions, count(*) FILTER (WHERE credit <> revenue OR weight <> 1) AS wrong FROM many, LATERAL (SELECT customer, conversion, revenue, sum(credit) AS credit, sum(weight) AS weight FROM markov_credits(s, 2) GROUP BY 1, 2, 3) c;
-- probabilities of what follows sum to 1
SELECT o AS chain_order, count(*) AS states, bool_and(abs(p - 1) < 1e-12) AS one FROM many, generate_series(1, 3) o, LATERAL (SELECT from_channels, sum(probability) AS p FROM markov_transitions(s, o) GROUP BY 1) t GROUP BY o ORDER BY o;
-- both ways of solving: 500 customers of a channel each that leads nowhere change no removal effect, but the way to it
WITH small AS (SELECT pg_temp.paths('a b c $1', 'a b', 'c a b $1', 'b', 'b c a c $3', 'c c a') AS s),
	large AS (SELECT combine(s, (SELECT journey_agg((1000 + i)::bigint, timestamptz '2024-05-01 00:00Z', 'n' || i, NULL) FROM generate_series(1, 500) i)) AS s FROM small)
SELECT o AS chain_order, count(*), max(abs(a.removal_effect - b.removal_effect)) < 1e-14 AS same, min(a.removal_effect) > 0 AS some
FROM small, large, generate_series(1, 3) o, LATERAL markov_attribution(small.s, o) a JOIN LATERAL markov_attribution(large.s, o) b USING (channel) GROUP BY o ORDER BY o;
-- a rare conversion at the end of a long way
SELECT m.channel, to_char(m.removal_effect, '9.99999999EEEE') AS removal_effect FROM markov_attribution((SELECT combine(pg_temp.paths('a b c d e f $1'), journey_agg((i + 9)::bigint, date '2024-05-01', (ARRAY['a', 'b', 'c', 'd', 'e', 'f'])[1 + i % 6], NULL)) FROM generate_series(1, 60000) i)) m ORDER BY 1;
-- credit of one conversion: by effects, to first touches
SELECT c.customer, c.channel, c.touch, c.weight, c.credit FROM markov_credits(pg_temp.paths('google $1', 'google $1', 'mailing $1', 'google mailing google $100.005', 'google', '$3')) c ORDER BY customer, touch;
-- effects of one and two thirds are whole numbers of conversions
SELECT m.channel, m.conversions, m.revenue FROM markov_attribution((SELECT journey_agg(g::bigint, date '2024-05-01', CASE WHEN g % 3 = 0 THEN 'a' ELSE 'b' END, 1000000) FROM generate_series(1, 30000) g)) m;
-- conversions without a touch have no part
SELECT m.* FROM markov_attribution(pg_temp.paths('a $1', '$2')) m;
SELECT m.* FROM markov_attribution(pg_temp.paths('a', 'b')) m;
SELECT m.* FROM markov_attribution(pg_temp.paths('$5')) m;
SELECT count(*) FROM markov_attribution(NULL);
SELECT count(*) FROM markov_transitions(NULL);
SELECT count(*) FROM markov_credits(NULL);
-- the rules of paths apply
SELECT m.channel, m.conversions FROM google, markov_attribution(s, exclude_channels => '{mailing}') m;
SELECT t.* FROM google, markov_transitions(s, first_touches => 1) t;

-- Shapley values --------------------------------------------------------------------

-- by hand: v(google) 2, v(mailing) 1, v(both) 4; rates 2/3, 1, 4/5
SELECT m.* FROM google, shapley_attribution(s) m;
SELECT m.* FROM google, shapley_attribution(s, 'conversion_rate') m;
-- the value by conversions is the equal share of distinct channels
SELECT count(*) AS channels, count(*) FILTER (WHERE (h.conversions, h.revenue, h.share) IS DISTINCT FROM (a.conversions, a.revenue, a.share)) AS wrong
FROM many, shapley_attribution(s) h LEFT JOIN LATERAL attribution((SELECT s FROM many), 'linear', collapse => 'distinct') a ON h.channel IS NOT DISTINCT FROM a.channel;
-- a channel that lowers the rate has negative credit, and the sum is exact
SELECT m.* FROM shapley_attribution(pg_temp.paths('a $10', 'a $10', 'b a', 'b a', 'b a', 'b', 'c $0.01'), 'conversion_rate') m;
-- symmetric channels, and one that adds nothing
SELECT m.channel, m.conversions, m.revenue FROM shapley_attribution(pg_temp.paths('a b $10.01', 'a', 'b', 'x a b $5', 'x a', 'x b', 'x'), 'conversion_rate') m;
-- 20 channels
SELECT count(*), sum(conversions), sum(revenue) FROM (SELECT journey_agg((i % 500)::bigint, date '2024-05-01' + i / 500, CASE WHEN i < 2500 THEN 'ch' || abs(hashint4(i)) % 20 END, CASE WHEN i >= 2500 THEN 10.99 END) AS s FROM generate_series(1, 2800) i) x, shapley_attribution(s, 'conversion_rate');
SELECT m.* FROM shapley_attribution(pg_temp.paths('a', 'b'), 'conversion_rate') m;
SELECT m.* FROM shapley_attribution(pg_temp.paths('$5'), 'conversion_rate') m;
SELECT m.* FROM shapley_attribution(pg_temp.paths('$5')) m;
SELECT m.* FROM shapley_attribution(pg_temp.paths('a', 'b $5')) m;
SELECT count(*) FROM shapley_attribution(NULL);

-- many channels that never convert need no answer of their own
SET statement_timeout = '30s';
SELECT count(*), count(*) FILTER (WHERE removal_effect = 0) AS without_effect, max(removal_effect) AS most, sum(conversions) AS conversions
FROM (SELECT journey_agg(greatest(i, 1)::bigint, date '2024-05-01' + (i = 0)::int, CASE WHEN i > 0 THEN 'ch' || i END, CASE WHEN i = 0 THEN 5.00 END) AS s FROM generate_series(0, 200000) i) x, markov_attribution(s);
RESET statement_timeout;

-- Errors ------------------------------------------------------------------------------

SELECT count(*) FROM google, markov_attribution(s, 0);
SELECT count(*) FROM google, markov_attribution(s, 4);
SELECT count(*) FROM google, shapley_attribution(s, 'revenue');
SELECT count(*) FROM many, shapley_attribution(s, 'conversion_rate');
SELECT count(*) FROM (SELECT journey_agg(i::bigint, date '2024-05-01', 'ch' || i, NULL) AS s FROM generate_series(1, 66000) i) x, markov_transitions(s, 3);
