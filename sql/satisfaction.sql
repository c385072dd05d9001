-- Satisfaction: NPS, CSAT and CES, and how many answer how soon.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'sql_standard';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

--
-- Scores of states
--

-- 9, 9, 10, 8, 7, 6, 5, 10, 9, 3: five promoters, two passives, three detractors of ten; one did not answer.
-- Score 100 * (5 - 3) / 10 = 20: from 20 on it is concern.  Interval: as if 5.75 and 3.75 of 13, mean 2 / 13 = 0.15385,
-- variance (9.5 / 13 - 0.15385^2) / 13 = 0.054392, root 0.23322; times 1.95996 is 0.45711: from -30.33 to 61.10.
CREATE TEMP TABLE ten AS SELECT nps_agg(s) AS state FROM unnest('{9,9,10,8,7,6,5,10,9,3,NULL}'::integer[]) s;
SELECT asked, answered, round(response_rate, 4) AS response, promoters, passives, detractors, promoter_share AS p, passive_share AS pa, detractor_share AS d FROM ten, nps(state);
SELECT score, round(margin_of_error::numeric, 2) AS margin, round(score_low::numeric, 2) AS low, round(score_high::numeric, 2) AS high, band, action FROM ten, nps(state);
-- at 90 %: times 1.64485 is 0.38362
SELECT round(score_low::numeric, 2) AS low, round(score_high::numeric, 2) AS high FROM ten, nps(state, 0.9);
-- too few for a band
SELECT answered, score, band, action FROM ten, unnest('{0,10,11}'::integer[]) m, nps(state, minimum_answers => m);
SELECT kind, scale_low, scale_high FROM ten, survey_question(state);
SELECT d.* FROM ten, survey_distribution(state) d;
-- the edges of the classes, and columns of other types
SELECT promoters, passives, detractors FROM nps((SELECT nps_agg(s::smallint) FROM generate_series(0, 10) s));
SELECT promoters, passives, detractors FROM nps((SELECT nps_agg(s::numeric) FROM generate_series(0, 10) s));
SELECT bool_and(a = b AND a = c AND a = d) FROM (SELECT nps_agg(s::smallint) AS a, nps_agg(s) AS b, nps_agg(s::numeric) AS c, nps_agg(s::bigint) AS d FROM unnest('{0,10,NULL,7,7,6}'::integer[]) s) x;
SELECT nps_agg(9.000) = nps_agg(9) AS same;

-- Bands begin at 20, 40, 50 and 70.  n of 200 are promoters, or detractors where n is negative.
SELECT n, score, band, band = nps_band(score) AS same, action
FROM unnest('{-200,0,39,40,79,80,99,100,139,140,200}'::integer[]) n,
	nps((SELECT nps_agg(CASE WHEN g > abs(n) THEN 8 WHEN n > 0 THEN 9 ELSE 0 END) FROM generate_series(1, 200) g)) ORDER BY n;
-- 1/5, 2/5, 1/2 and 7/10 in groups of every size that can have them
SELECT n, count(*) AS groups, min(band) AS lowest, max(band) AS highest
FROM (VALUES (20), (40), (50), (70)) v(n), generate_series(10, 1000, 10) size,
	nps((SELECT nps_agg(CASE WHEN g * 100 <= n * size THEN 9 ELSE 8 END) FROM generate_series(1, size) g)) GROUP BY n ORDER BY n;
SELECT v, nps_band(v) FROM unnest('{-100,-99.9,19.9999999999999999999,20,39.99,40,49.999999,50,50.0000,69.99,70,100}'::numeric[]) v;
SELECT nps_band(NULL);
-- all alike: the interval still has a width
SELECT score, round(score_low::numeric, 2) AS low, round(score_high::numeric, 2) AS high FROM nps((SELECT nps_agg(10) FROM generate_series(1, 20)));
SELECT score, round(score_low::numeric, 2) AS low, round(score_high::numeric, 2) AS high FROM nps((SELECT nps_agg(0) FROM generate_series(1, 2)));

-- Nothing
SELECT nps_agg(s) FROM unnest('{}'::integer[]) s;
SELECT * FROM nps(NULL) \gx
SELECT * FROM nps((SELECT nps_agg(s) FROM unnest('{NULL,NULL}'::integer[]) s)) \gx
SELECT * FROM csat((SELECT csat_agg(NULL, 1, 5))) \gx
SELECT * FROM survey_distribution((SELECT csat_agg(NULL, 1, 3)));
SELECT count(*) FROM survey_distribution(NULL);
SELECT * FROM survey_question(NULL);

-- CSAT: 5, 4, 4, 3, 1: mean 17 / 5 = 3.4; squares off the mean 2.56, 0.36, 0.36, 0.16, 5.76, 9.2 in all, so that the
-- standard error is sqrt(9.2 / 4 / 5) = 0.67823; times 2.77645 (t of 4) is 1.88308: 1.5169 to 5.2831, cut to 5.
-- Three of the top two: 0.6, Wilson 0.2307 to 0.8824.  100 * (3.4 - 1) / 4 = 60.
SELECT asked, answered, mean_score, round(mean_low::numeric, 4) AS mean_low, mean_high, top_two_box AS top, top_two_box_share AS share,
	round(share_low::numeric, 4) AS share_low, round(share_high::numeric, 4) AS share_high, scaled_score AS scaled, scale_low AS low, scale_high AS high
FROM csat((SELECT csat_agg(s, 1, 5) FROM unnest('{5,4,4,3,1,NULL}'::numeric[]) s));
-- another scale and confidence: t of 4 at 80 % is 1.53321: 3.4 -+ 1.0399
SELECT round(mean_low::numeric, 4) AS mean_low, round(mean_high::numeric, 4) AS mean_high, top_two_box AS top, scaled_score AS scaled
FROM csat((SELECT csat_agg(s, 0, 10) FROM unnest('{5,4,4,3,1}'::numeric[]) s), 0.8);
-- scores between whole numbers, and below 0: the top two of -2 to 2 are 1 and more
SELECT mean_score, top_two_box, scaled_score FROM csat((SELECT csat_agg(s, -2, 2) FROM unnest('{-2,-0.5,0.999999,1,1.5,2}'::numeric[]) s));
SELECT * FROM survey_distribution((SELECT csat_agg(s, -2, 2) FROM unnest('{-2,-0.5,0.999999,1,1.5,2}'::numeric[]) s));
-- rounded to the millionth, half away from 0
SELECT mean_score FROM csat((SELECT csat_agg(s, 1, 5) FROM unnest('{4.0000004,4.0000005}'::numeric[]) s));
-- thumbs up or down: the top two of two are all, and say nothing
SELECT mean_score, top_two_box, top_two_box_share, share_low, scaled_score FROM csat((SELECT csat_agg(s, 0, 1) FROM unnest('{0,1,1,1}'::numeric[]) s));
-- one answer has a mean without interval; several alike have one without width
SELECT mean_score, mean_low, mean_high FROM csat((SELECT csat_agg(4, 1, 5)));
SELECT mean_score, mean_low, mean_high FROM csat((SELECT csat_agg(4, 1, 5) FROM generate_series(1, 9)));

-- CES: 7, 6, 5, 5, 4, 2: mean 29 / 6; four of six above the middle of 1 to 7, which is 4; of 1 to 5 it is 3
SELECT answered, round(mean_score, 4) AS mean, agreeing, round(agreeing_share, 4) AS share, round(share_low::numeric, 4) AS share_low, round(share_high::numeric, 4) AS share_high, round(scaled_score, 4) AS scaled
FROM ces((SELECT ces_agg(s, 1, 7) FROM unnest('{7,6,5,5,4,2}'::numeric[]) s));
SELECT agreeing FROM ces((SELECT ces_agg(s, 1, 5) FROM unnest('{1,2,3,4,5}'::numeric[]) s));
-- of 1 to 6 it is 3.5
SELECT agreeing FROM ces((SELECT ces_agg(s, 1, 6) FROM unnest('{1,2,3,3.5,3.500001,4,5,6}'::numeric[]) s));

-- Merging
SELECT nps_agg(s) = (SELECT rollup(p) FROM (SELECT nps_agg(s) AS p FROM unnest('{9,9,10,8,7,6,5,10,9,3,NULL,NULL}'::integer[]) WITH ORDINALITY u(s, n) GROUP BY n % 3) x) AS merged
FROM unnest('{9,9,10,8,7,6,5,10,9,3,NULL,NULL}'::integer[]) s;
SELECT combine(NULL, state) = state AS left_null, combine(state, NULL) = state AS right_null, (nps(combine(state, state))).answered FROM ten;

-- Do two groups differ?  30, 10 and 10 of 50 against 20, 10 and 20: scores 40 and 0.  With 3 more each: 30.75 and 10.75
-- of 53, mean 0.377358, variance (41.5 / 53 - 0.142399) / 53 = 0.0120872; 20.75 and 20.75, mean 0, variance
-- 41.5 / 53 / 53 = 0.0147739; z = 0.377358 / sqrt(0.0268611) = 2.30246.
CREATE TEMP TABLE two AS
SELECT (SELECT nps_agg(CASE WHEN g <= 30 THEN 9 WHEN g <= 40 THEN 7 ELSE 6 END) FROM generate_series(1, 50) g) AS a,
	(SELECT nps_agg(CASE WHEN g <= 20 THEN 10 WHEN g <= 30 THEN 8 ELSE 0 END) FROM generate_series(1, 50) g) AS b;
SELECT answered_a, answered_b, score_a, score_b, difference, round(z::numeric, 5) AS z, t, degrees_of_freedom AS df, round(p_value::numeric, 5) AS p FROM two, survey_compare(a, b);
SELECT difference, round(z::numeric, 5) AS z, round(p_value::numeric, 5) AS p FROM two, survey_compare(b, a);
SELECT difference, z, p_value FROM two, survey_compare(a, a);
SELECT difference, z, p_value FROM two, survey_compare(a, NULL);
SELECT c.* FROM two, LATERAL (SELECT nps_agg(NULL::integer) AS none) n, survey_compare(a, none) c \gx
-- Welch: 5, 4, 4, 3, 1 against 5, 5, 4, 5: means 3.4 and 4.75, variances of the means 0.46 and 0.25 / 4 = 0.0625,
-- t = -1.35 / sqrt(0.5225) = -1.86763, df = 0.5225^2 / (0.46^2 / 4 + 0.0625^2 / 3) = 5.03682
SELECT score_a, score_b, difference, z, round(t::numeric, 5) AS t, round(degrees_of_freedom::numeric, 5) AS df, round(p_value::numeric, 4) AS p
FROM survey_compare((SELECT csat_agg(s, 1, 5) FROM unnest('{5,4,4,3,1}'::numeric[]) s), (SELECT csat_agg(s, 1, 5) FROM unnest('{5,5,4,5,NULL}'::numeric[]) s));
-- nothing spreads, or one answer alone
SELECT difference, t, degrees_of_freedom, p_value FROM survey_compare((SELECT ces_agg(4, 1, 5)), (SELECT ces_agg(5, 1, 5) FROM generate_series(1, 5)));
SELECT difference, t, degrees_of_freedom, p_value FROM survey_compare((SELECT ces_agg(4, 1, 5) FROM generate_series(1, 5)), (SELECT ces_agg(5, 1, 5) FROM generate_series(1, 5)));

--
-- Reports
--

CREATE TEMP TABLE surveys (customer text, "user" text, kind text, score numeric, sent_at timestamptz, answered_at timestamptz);
INSERT INTO surveys VALUES
	-- April: asked 5, answered 4, two promoters, one passive, one detractor: 25.  After 3, 48, 24 and 96 hours
	('acme', 'ann', 'nps', 10, '2024-04-01 09:00Z', '2024-04-01 12:00Z'), ('acme', 'ben', 'nps', 9, '2024-04-01 09:00Z', '2024-04-03 09:00Z'),
	('bolt', 'cyd', ' NPS', NULL, '2024-04-01 09:00Z', NULL), ('bolt', 'dee', 'nps', 7, '2024-04-02 09:00Z', '2024-04-03 09:00Z'),
	('core', 'eve', 'nps', 6, '2024-04-02 09:00Z', '2024-04-06 09:00Z'),
	-- May: asked 3, answered 2, one promoter, one passive: 50.  After 1 and 24 hours; the last is open until 3 June
	('acme', 'ann', 'nps', 9, '2024-05-06 09:00Z', '2024-05-06 10:00Z'), ('core', 'eve', 'nps', 8, '2024-05-06 09:00Z', '2024-05-07 09:00Z'),
	('bolt', 'cyd', 'nps', NULL, '2024-05-20 09:00Z', NULL),
	-- other questions
	('acme', 'ann', 'csat', 5, '2024-04-10 09:00Z', '2024-04-10 10:00Z'), ('bolt', 'dee', 'csat', 3.5, '2024-04-11 09:00Z', '2024-04-12 10:00Z'),
	('acme', 'ann', 'ces', 6, '2024-04-10 09:00Z', '2024-04-10 10:00Z'), ('bolt', 'dee', 'ces', 4, '2024-05-11 09:00Z', '2024-05-12 10:00Z');
CREATE TEMP TABLE customers AS SELECT * FROM (VALUES ('acme', timestamptz '2023-01-01Z', 'Enterprise', 'EU'), ('bolt', '2023-01-01Z', 'SMB', 'US'), ('core', '2023-01-01Z', 'SMB', NULL)) v(customer, created_at, segment, region);

SELECT period, period_end, complete, asked, answered, round(response_rate, 4) AS response, open_surveys AS open, respondents AS people, customers_answered AS accounts, promoters AS p, passives AS pa, detractors AS d
FROM nps_report('surveys', '2024-04-01', '2024-07-01', 'month', as_of => '2024-06-01Z');
SELECT period, round(score, 4) AS score, round(score_low::numeric, 2) AS low, round(score_high::numeric, 2) AS high, band, action, round(score_change, 4) AS change, round(p_value::numeric, 4) AS p
FROM nps_report('surveys', '2024-04-01', '2024-07-01', 'month', as_of => '2024-06-01Z');
-- by segment; Enterprise is acme: 2 of 2 promoters in April
SELECT period, value, is_total, asked, answered, score, score_change FROM nps_report('surveys', '2024-04-01', '2024-06-01', 'month', customers => 'customers', by => 'segment');
SELECT value, is_total, asked, answered, round(score, 2) AS score FROM nps_report('surveys', '2024-04-01', '2024-06-01', customers => 'customers', by => 'region');
-- without as_of everything is known, and nothing is said about what is open
SELECT period, complete, open_surveys, asked, answered FROM nps_report('surveys', '2024-04-01', '2024-06-01', 'month');
-- as of 3 April, 9:00: what came then is not known yet; three were asked on 1 April, two on the 2nd, one has answered
SELECT complete, asked, answered, open_surveys, score FROM nps_report('surveys', '2024-04-01', '2024-05-01', as_of => '2024-04-03 09:00Z');
SELECT complete, asked, answered, open_surveys, score FROM nps_report('surveys', '2024-04-01', '2024-05-01', as_of => '2024-04-03 09:00:00.000001Z');
SELECT complete, asked, answered, open_surveys, score FROM nps_report('surveys', '2024-04-01', '2024-05-01', as_of => '2024-04-02 09:00Z');
-- open until 14 times 24 hours are over: one that was sent on 1 April, 9:00, until the 15th
SELECT at, open_surveys FROM unnest('{2024-04-15 08:59:59.999999Z,2024-04-15 09:00Z,2024-05-31Z}'::timestamptz[]) at, nps_report('surveys', '2024-04-01', '2024-05-01', as_of => at);
SELECT open_surveys FROM nps_report('surveys', '2024-04-01', '2024-05-01', as_of => '2024-04-15 09:00Z', answer_days => 15);
-- counted when it was answered, how many were asked is not known
SELECT period, asked, response_rate, open_surveys, answered, round(score, 4) AS score FROM nps_report('surveys', '2024-04-01', '2024-05-13', 'week', counting => 'answered', as_of => '2024-06-01Z') WHERE answered > 0;
SELECT answered FROM nps_report('surveys', '2024-04-03', '2024-04-04', counting => 'answered', as_of => '2024-04-03 09:00Z');
-- a zone moves the edges: 9:00 in UTC is 23:00 of the day before in Honolulu
SELECT period, asked FROM nps_report('surveys', '2024-03-31', '2024-04-03', 'day', 'Pacific/Honolulu');
-- a band asks for so many answers
SELECT period, answered, score IS NULL AS no_score, band FROM nps_report('surveys', '2024-04-01', '2024-06-01', 'month', minimum_answers => 3);
-- nothing, and a window without
SELECT period, asked, answered, response_rate, respondents, promoters, score, band, score_change, p_value FROM nps_report(NULL, '2024-04-01', '2024-06-01', 'month');
SELECT period, value, is_total, asked FROM nps_report('surveys', '2025-04-01', '2025-05-01', customers => 'customers', by => 'segment');
SELECT value, is_total, asked FROM nps_report('surveys', '2024-04-01', '2024-05-01', by => 'segment');
SELECT asked FROM nps_report('surveys', '-infinity', 'infinity');

-- Several answers of a person: in one period from April to May ann gave 10 and 9, eve 6 and 8; cyd was asked twice.
-- All: 8 asked, 6 answered, 3 promoters, 2 passives, 1 detractor: 33.33.  Latest per user: ann 9, ben 9, dee 7, eve 8,
-- cyd none: 5 asked, 4 answered, 50.  Per customer: acme 9 (ann in May), bolt 7 (dee), core 8: 3 of 3, 33.33.
SELECT keep, asked, answered, respondents AS people, customers_answered AS accounts, promoters AS p, passives AS pa, detractors AS d, round(score, 2) AS score
FROM unnest('{all,latest_per_user,latest_per_customer}'::text[]) keep, nps_report('surveys', '2024-04-01', '2024-06-01', keep => keep);
-- within each period
SELECT keep, period, asked, answered, round(score, 2) AS score
FROM unnest('{latest_per_user,latest_per_customer}'::text[]) keep, nps_report('surveys', '2024-04-01', '2024-06-01', 'month', keep => keep);
-- of two answers at one time the lower one counts; without users a customer is one
CREATE TEMP TABLE anonymous AS SELECT * FROM (VALUES (7::bigint, 'nps', 10::smallint, timestamp '2024-04-01 00:00', timestamp '2024-04-01 01:00'), (7, 'nps', 2, '2024-04-01 00:00', '2024-04-01 01:00'),
	(8, 'nps', 9, '2024-04-02', '2024-04-02'), (8, 'nps', NULL, '2024-04-03', NULL)) v(customer, kind, score, sent_at, answered_at);
SELECT asked, answered, respondents, score FROM nps_report('anonymous', '2024-04-01', '2024-05-01', keep => 'latest_per_user');
-- every number has its rows
SELECT period, value, customer, user_id, sent_at AT TIME ZONE 'UTC' AS sent_at, answered_at AT TIME ZONE 'UTC' AS answered_at, score
FROM survey_rows('surveys', 'nps', '2024-04-01', '2024-06-01', 'month', as_of => '2024-04-06 09:00Z', customers => 'customers', by => 'segment');
SELECT customer, user_id, score FROM survey_rows('surveys', 'Nps', '2024-04-01', '2024-06-01', keep => 'latest_per_customer');
-- customers of later days are not known yet, and of two rows the newer one counts
CREATE TEMP TABLE twice AS SELECT customer, created_at, segment FROM customers UNION ALL VALUES ('acme', timestamptz '2024-04-01Z', 'Moved'), ('bolt', '2024-06-01Z', 'Moved');
SELECT DISTINCT value, customer FROM survey_rows('surveys', 'nps', '2024-04-01', '2024-06-01', as_of => '2024-06-01Z', customers => 'twice', by => 'segment') ORDER BY 2;
-- own accounts do not count where it is known which are: without acme there are cyd, who did not answer, dee 7 and eve 6 in April
CREATE TEMP TABLE owned AS SELECT customer, created_at, segment, CASE customer WHEN 'acme' THEN true WHEN 'bolt' THEN false END AS internal FROM customers;
SELECT value, is_total, asked, answered, promoters AS p, passives AS pa, detractors AS d, score FROM nps_report('surveys', '2024-04-01', '2024-05-01', customers => 'owned', by => 'segment');
SELECT value, asked, answered FROM nps_report('surveys', '2024-04-01', '2024-05-01', customers => 'owned');
SELECT sent, answered FROM survey_response('surveys', 'nps', '2024-04-01', '2024-05-01', customers => 'owned');
-- a NULL is the default
SELECT n.* = d.* AS same, n.asked FROM nps_report('surveys', '2024-04-01', '2024-05-01', confidence => NULL, minimum_answers => NULL) n, nps_report('surveys', '2024-04-01', '2024-05-01') d;
SELECT n.* = d.* AS same FROM csat_report('surveys', '2024-04-01', '2024-05-01', confidence => NULL, scale_low => 0, scale_high => 10) n, csat_report('surveys', '2024-04-01', '2024-05-01', scale_low => 0, scale_high => 10) d;

-- States to be stored: the parts make the whole
SELECT s.period, s.value, n.asked, n.answered, n.score FROM survey_states('surveys', 'nps', '2024-04-01', '2024-07-01', 'month', customers => 'customers', by => 'segment') s, nps(s.state) n;
SELECT n.asked, n.answered, n.score, r.score = n.score AS same FROM nps((SELECT rollup(state) FROM survey_states('surveys', 'nps', '2024-04-01', '2024-07-01', 'week', customers => 'customers', by => 'owner'))) n,
	nps_report('surveys', '2024-04-01', '2024-07-01') r;
SELECT s.period, s.value, c.answered, c.mean_score FROM survey_states('surveys', 'csat', '2024-04-01', '2024-05-01') s, csat(s.state) c;

-- CSAT and CES
SELECT period, asked, answered, mean_score AS mean, top_two_box AS top, top_two_box_share AS share, scaled_score AS scaled, mean_change, p_value FROM csat_report('surveys', '2024-04-01', '2024-06-01', 'month');
SELECT value, is_total, mean_score AS mean, top_two_box AS top, scaled_score AS scaled FROM csat_report('surveys', '2024-04-01', '2024-05-01', customers => 'customers', by => 'segment', scale_low => 0, scale_high => 10);
SELECT period, answered, mean_score AS mean, agreeing, agreeing_share AS share, mean_change AS change, p_value FROM ces_report('surveys', '2024-04-01', '2024-07-01', 'month');
-- scores of tickets are surveys too: a view says when each was asked; nobody knows when it was answered
CREATE TEMP TABLE tickets AS SELECT * FROM (VALUES (1, 'acme', timestamptz '2024-04-03Z', timestamptz '2024-04-04Z', 'high', 5), (2, 'bolt', '2024-04-05Z', '2024-04-09Z', 'low', 2), (3, 'bolt', '2024-04-06Z', '2024-04-10Z', 'low', NULL), (4, 'acme', '2024-04-07Z', NULL, 'low', NULL))
	v(ticket, customer, opened_at, resolved_at, priority, csat);
CREATE TEMP VIEW ticket_surveys AS SELECT customer, 'csat' AS kind, csat AS score, resolved_at AS sent_at FROM tickets WHERE resolved_at IS NOT NULL;
SELECT asked, answered, mean_score, respondents FROM csat_report('ticket_surveys', '2024-04-01', '2024-05-01');
SELECT sent, answered, response_rate, timed_answers, median_hours_to_answer, within_24_hours_share FROM survey_response('ticket_surveys', 'csat', '2024-04-01', '2024-05-01');

-- Who answers, and how soon: April after 3, 24, 48 and 96 hours, median 36, p90 48 + 0.7 * 48 = 81.6; two of four within
-- a day, three within three.  Three of five were sent on one day.  May as of 1 June: two settled, both answered.
-- The change is 1 - 4/5; its p is that of two_proportion_test(2, 2, 4, 5).
SELECT period, complete, sent, answered, open_surveys AS open, response_rate AS rate, settled, settled_answered AS of_these, settled_response_rate AS settled_rate, settled_rate_change AS change, round(p_value::numeric, 4) AS p
FROM survey_response('surveys', 'nps', '2024-04-01', '2024-07-01', 'month', as_of => '2024-06-01Z');
SELECT round(p_value::numeric, 4) AS p FROM two_proportion_test(2, 2, 4, 5);
SELECT period, customers_asked AS asked, customers_answered AS accounts, respondents AS people, timed_answers AS timed, round(median_hours_to_answer, 4) AS median, round(p90_hours_to_answer, 4) AS p90, within_24_hours_share AS in_24, within_72_hours_share AS in_72, days_sent AS days, round(busiest_day_share, 4) AS busiest
FROM survey_response('surveys', 'nps', '2024-04-01', '2024-07-01', 'month', as_of => '2024-06-01Z');
SELECT period, value, is_total, sent, answered, busiest_day_share AS busiest FROM survey_response('surveys', 'nps', '2024-04-01', '2024-06-01', 'month', customers => 'customers', by => 'segment');
-- an answer after the time for it counts, but not among those in time: with 1 day 24 hours are in time, 48 are not
SELECT sent, answered, settled, settled_answered, settled_response_rate FROM survey_response('surveys', 'nps', '2024-04-01', '2024-05-01', answer_days => 1, as_of => '2024-06-01Z');
-- without as_of all are settled
SELECT period, open_surveys, settled, settled_answered FROM survey_response('surveys', 'nps', '2024-04-01', '2024-06-01', 'month');
SELECT sent, response_rate, settled_response_rate, median_hours_to_answer, within_24_hours_share, days_sent, busiest_day_share FROM survey_response(NULL, 'ces', '2024-04-01', '2024-05-01');
-- In the night of 31 March 2024 Berlin has 23 hours: a day of the calendar passes in 23 hours, and 24 hours are 24
CREATE TEMP TABLE night AS SELECT * FROM (VALUES (1, 'nps', 9, timestamptz '2024-03-30 12:00 Europe/Berlin', timestamptz '2024-03-31 12:00 Europe/Berlin'), (2, 'nps', 9, '2024-03-30 12:00 Europe/Berlin', '2024-03-31 13:00:00.000001 Europe/Berlin'),
	(3, 'nps', 9, '2024-03-31 00:00 Europe/Berlin', '2024-03-31 23:59:59.999999 Europe/Berlin'), (4, 'nps', 9, '2024-03-31 23:59:59.999999 Europe/Berlin', '2024-04-01 00:00 Europe/Berlin')) v(customer, kind, score, sent_at, answered_at);
SELECT period, sent, median_hours_to_answer AS median, within_24_hours_share AS in_24 FROM survey_response('night', 'nps', '2024-03-30', '2024-04-01', 'day', 'Europe/Berlin');
SELECT open_surveys FROM unnest('{2024-03-31 12:59:59.999999 Europe/Berlin,2024-03-31 13:00 Europe/Berlin}'::timestamptz[]) at,
	LATERAL (SELECT sum(r.open_surveys) AS open_surveys FROM survey_response('night', 'nps', '2024-03-30', '2024-03-31', 'day', 'Europe/Berlin', at, answer_days => 1) r) r;

-- keys of other types
CREATE TEMP VIEW keyed AS SELECT md5(customer)::uuid AS customer, length("user") AS "user", kind, score::integer AS score, sent_at AT TIME ZONE 'UTC' AS sent_at, answered_at AT TIME ZONE 'UTC' AS answered_at FROM surveys WHERE kind <> 'csat';
CREATE TEMP VIEW keyed_customers AS SELECT md5(customer)::uuid AS customer, created_at, segment FROM customers;
SELECT period, value, is_total, asked, answered, score FROM nps_report('keyed', '2024-04-01', '2024-05-01', 'month', customers => 'keyed_customers', by => 'segment');

--
-- Errors
--

SELECT nps_agg(11);
SELECT nps_agg((-1)::smallint);
SELECT nps_agg(8.5);
SELECT nps_agg('NaN'::numeric);
SELECT csat_agg(5.1, 1, 5);
SELECT csat_agg(1e30, 1, 5);
SELECT ces_agg('-Infinity'::numeric, 1, 7);
SELECT ces_agg(0, 1, 7);
SELECT csat_agg(4, 5, 1);
SELECT csat_agg(4, 4, 4);
SELECT csat_agg(4, NULL, 5);
SELECT csat_agg(4, 1, NULL);
SELECT csat_agg(4, -1001, 5);
SELECT csat_agg(4, 1, 1001);
SELECT csat_agg(s, 1, s::integer + 1) FROM generate_series(2, 3) s;
SELECT combine(nps_agg(5), csat_agg(5, 0, 10)) FROM generate_series(1, 1);
SELECT combine(csat_agg(5, 1, 5), csat_agg(5, 1, 7)) FROM generate_series(1, 1);
SELECT survey_compare(ces_agg(5, 1, 7), csat_agg(5, 1, 7)) FROM generate_series(1, 1);
SELECT nps(csat_agg(5, 1, 5)) FROM generate_series(1, 1);
SELECT csat(ces_agg(5, 1, 7)) FROM generate_series(1, 1);
SELECT ces(nps_agg(5)) FROM generate_series(1, 1);
SELECT nps(state, 1) FROM ten;
SELECT csat(csat_agg(5, 1, 5), 0) FROM generate_series(1, 1);
SELECT nps(state, minimum_answers => -1) FROM ten;
SELECT nps_band(100.1);
SELECT nps_band(-101);
SELECT nps_band('NaN');
SELECT nps_trans(NULL, 9);
-- merged with itself 62 times: two scores have 2^62 answers each, together one too many; once more and each is
CREATE TEMP TABLE doubled AS
WITH RECURSIVE d AS (
	SELECT 0 AS n, nps_agg(s) AS state FROM unnest('{9,6}'::integer[]) s
	UNION ALL
	SELECT n + 1, combine(state, state) FROM d WHERE n < 62
)
SELECT state FROM d WHERE n = 62;
SELECT nps(state) FROM doubled;
SELECT combine(state, state) FROM doubled;
-- the most that can be counted
SELECT answered, round(score, 4) AS score, band FROM doubled, nps(rtrim(translate(encode(overlay(survey_state_send(state) PLACING '\x3fffffffffffffff' FROM 29), 'base64'), E'\n', ''), '=')::survey_state);

-- hostile states: each field out of bounds
CREATE FUNCTION pg_temp.hostile(state survey_state, at integer, value bytea, OUT state_code text, OUT message text, OUT detail text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM rtrim(translate(encode(overlay(survey_state_send(state) PLACING value FROM at + 1), 'base64'), E'\n', ''), '=')::survey_state;
	message := 'ACCEPTED';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state_code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
END
$$;
CREATE TEMP TABLE hosts AS SELECT nps_agg(s) AS n, csat_agg(s, 1, 5) AS c FROM unnest('{NULL,3,5}'::integer[]) s;
SELECT what, (pg_temp.hostile(CASE WHEN what ~ '^nps' THEN n ELSE c END, at, value)).* FROM hosts, (VALUES
	(1, 'nothing', 0, '\x4e'::bytea), (2, 'nps, nothing', 0, '\x4e'), (3, 'flags', 3, '\x04'), (4, 'flags', 3, '\x01'), (5, 'no kind', 8, '\x07da0fa4'), (6, 'no kind', 8, '\x00000000'),
	(7, 'param', 8, '\xffffffff'), (8, 'nps, another scale', 8, '\x07e40fa5'), (9, 'none', 28, '\x0000000000000000'), (10, 'less than none', 28, '\xffffffffffffffff'),
	(11, 'nps, half a point', 36, '\x00000000002dc6c1'), (12, 'half a point', 36, '\x00000000002dc6c1'), (13, 'off the scale', 36, '\x0000000000000000'), (14, 'off the scale', 52, '\x00000000004c4b41'),
	(15, 'nps, off the scale', 52, '\x7fffffffffffffff'), (16, 'twice', 36, '\x00000000004c4b40'), (17, 'order', 20, '\x00000000002dc6c1'), (18, 'strings', 12, '\x00000001')) v(no, what, at, value) ORDER BY no;
-- a score of 0 that is the number of a string
SELECT rtrim(translate(encode('\x4e0901010000000107e40fa1000000010000001000000000000000000000000000000001000000000000001061626364656667686162636465666768', 'base64'), E'\n', ''), '=')::survey_state;

SELECT survey_rows('surveys', 'pmf', '2024-04-01', '2024-05-01');
SELECT survey_rows('surveys', NULL, '2024-04-01', '2024-05-01');
SELECT nps_report('surveys', '2024-04-01', '2024-05-01', by => 'size');
SELECT nps_report('surveys', '2024-04-01', '2024-05-01', counting => 'opened');
SELECT nps_report('surveys', '2024-04-01', '2024-05-01', keep => 'first');
SELECT survey_rows('surveys', 'nps', '2024-04-01', '2024-05-01', scale_high => 5);
SELECT csat_report('surveys', '2024-04-01', '2024-05-01', scale_low => 5);
SELECT nps_report('surveys', '2024-05-01', '2024-05-01');
SELECT nps_report('surveys', '2024-04-01', '2024-05-01', 'decade');
SELECT nps_report('surveys', '2024-04-01', '2024-05-01', answer_days => 0);
SELECT survey_response('surveys', 'nps', '2024-04-01', '2024-05-01', answer_days => 100000000);
SELECT nps_report('surveys', '2024-04-01', '2024-05-01', confidence => 2);
SELECT nps_report('customers', '2024-04-01', '2024-05-01');
SELECT csat_report('surveys', '2024-04-01', '2024-05-01', scale_low => 1, scale_high => 3);
CREATE TEMP TABLE wrong (LIKE surveys);
INSERT INTO wrong VALUES ('acme', 'ann', 'nps', 10, '2024-04-01 09:00Z', '2024-04-01 08:59Z');
SELECT nps_report('wrong', '2024-04-01', '2024-05-01');
UPDATE wrong SET answered_at = NULL, score = 7.5;
SELECT nps_report('wrong', '2024-04-01', '2024-05-01');
UPDATE wrong SET score = 11;
SELECT survey_response('wrong', 'nps', '2024-04-01', '2024-05-01');
-- what is not known yet, lies outside, or was another question does no harm
SELECT answered FROM nps_report('wrong', '2024-05-01', '2024-06-01');
UPDATE wrong SET kind = 'ces', score = 7, answered_at = '2024-04-01';
SELECT answered FROM nps_report('wrong', '2024-04-01', '2024-05-01');
UPDATE wrong SET kind = 'pmf';
SELECT nps_report('wrong', '2024-04-01', '2024-05-01');
UPDATE wrong SET kind = 'nps', score = 'NaN', answered_at = NULL;
SELECT nps_report('wrong', '2024-04-01', '2024-05-01');
UPDATE wrong SET score = 7, sent_at = NULL;
SELECT nps_report('wrong', '2024-04-01', '2024-05-01');
UPDATE wrong SET sent_at = '2024-04-01Z', customer = NULL;
SELECT nps_report('wrong', '2024-04-01', '2024-05-01');
