-- Competitors: who is heard, who is bought, what they charge and offer, and why.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

CREATE TEMP TABLE facts (at timestamptz, competitor text, kind text, channel text, value numeric, detail text);
INSERT INTO facts VALUES
	-- January: search us 2, alpha 6, beta 2; reviews us 3, alpha 1.  All: us 5, alpha 7, beta 2, of 14
	('2024-01-03Z', 'us', 'mention', 'search', 2, NULL), ('2024-01-04Z', 'alpha', 'mention', 'search', 4, NULL), ('2024-01-31 23:59:59.999999Z', 'alpha', 'Mention ', 'search', 2, NULL),
	('2024-01-10Z', 'beta', 'mention', 'search', 2, NULL), ('2024-01-10Z', 'us', 'mention', 'reviews', 3, NULL), ('2024-01-11Z', 'alpha', 'mention', 'reviews', 1, NULL),
	-- February: search us 3, alpha 3; nothing in reviews.  Where it was seen is not recorded: beta 2.  All: us 3, alpha 3, beta 2
	('2024-02-01Z', 'us', 'mention', 'search', 3, NULL), ('2024-02-10Z', 'alpha', 'mention', 'search', 3, NULL), ('2024-02-11Z', 'beta', 'mention', NULL, 2, NULL),
	-- outside
	('2023-12-31 23:59Z', 'us', 'mention', 'search', 100, NULL), ('2024-03-01Z', 'us', 'mention', 'search', 100, NULL),
	-- as a tool says: in January twice
	('2024-01-05Z', 'us', 'share_of_voice', 'search', 0.10, 'tool a'), ('2024-01-25Z', 'us', 'share_of_voice', 'search', 0.14, 'tool b'), ('2024-02-05Z', 'us', 'share_of_voice', 'search', 0.15, 'tool a'),
	('2024-02-05Z', 'us', 'share_of_voice', 'social', 0.20, NULL);
SELECT period, channel, all_channels AS al, competitor, voice, total_voice AS total, round(share, 4) AS share, round(share_change, 4) AS change, round(recorded_share, 4) AS recorded, round(recorded_share_change, 4) AS rec_change
FROM share_of_voice('facts', '2024-01-01', '2024-03-01', 'month');
-- one period; a zone moves the edges: in New York 2024-01-01Z is still December, 2024-03-01Z still February
SELECT period, competitor, voice, total_voice FROM share_of_voice('facts', '2024-01-01', '2024-03-01') WHERE all_channels;
SELECT period, competitor, voice, total_voice FROM share_of_voice('facts', '2024-01-01', '2024-03-01', 'month', 'America/New_York') WHERE all_channels;
-- a whole with shares of 1: in every period and channel with a voice
SELECT DISTINCT sum(share) FROM share_of_voice('facts', '2023-01-01', '2025-01-01', 'week') GROUP BY period, all_channels, channel ORDER BY 1;
-- weeks without anything
SELECT period, voice, total_voice, share, share_change FROM share_of_voice('facts', '2024-02-01', '2024-03-01', 'week') WHERE all_channels AND competitor = 'us';
SELECT count(*) FROM share_of_voice(NULL, '2024-01-01', '2024-03-01');
SELECT count(*) FROM share_of_voice('facts', '2025-01-01', '2025-03-01', 'month');

SELECT competitor, voice FROM share_of_voice('facts', '-infinity', 'infinity') WHERE all_channels;
-- periods are cut off at the ends of the window
SELECT * FROM window_periods('2024-01-15', '2024-03-02', 'month');
SELECT * FROM window_periods('2024-01-15', '2024-03-02');
SELECT count(*), min(period), max(period_end) FROM window_periods('1900-01-01', date '1900-01-01' + 20000, 'day');
-- Multiple mentions: of 30 days to February 10 (from January 12) alpha has 2 and 3, beta none; of the 30 before, from December 13, alpha has 5 and beta 2
SELECT * FROM competitive_mentions('facts', '2024-02-10');
SELECT * FROM competitive_mentions('facts', '2024-02-10', threshold => 6);
-- the edges: the day as_of is in, the day 30 days before is not
SELECT * FROM competitive_mentions('facts', '2024-02-09', 9);
SELECT * FROM competitive_mentions('facts', '2024-02-09', 10);
SELECT * FROM competitive_mentions('facts', '2024-02-10', own => NULL);
SELECT count(*) FROM competitive_mentions(NULL, '2024-02-10');

-- Market share: of 400 in all, of which alpha has 100 and we 20; customers without a whole: 30 of 30 + 90 + 0
INSERT INTO facts VALUES
	('2024-01-01Z', 'us', 'market_size', NULL, 10, 'revenue'), ('2024-06-30 12:00Z', 'us', 'market_size', NULL, 20, 'revenue'), ('2024-07-01 00:00Z', 'us', 'market_size', NULL, 999, 'revenue'),
	('2024-01-01Z', 'alpha', 'market_size', NULL, 100, 'revenue'), ('2024-01-01Z', 'market', 'market_size', NULL, 400, 'revenue'),
	('2024-02-01Z', 'us', 'market_size', NULL, 30, 'customers'), ('2024-02-01Z', 'beta', 'market_size', NULL, 90, 'customers'), ('2024-03-01Z', 'alpha', 'market_size', NULL, 0, 'customers');
SELECT measure, competitor, size, market_size, share, share_change FROM market_share('facts', '2024-06-30');
SELECT measure, competitor, size, market_size, round(share, 4) AS share, round(share_change, 4) AS change FROM market_share('facts', '2024-06-30', '2024-02-29');
SELECT measure, competitor, size, market_size, round(share, 4) AS share FROM market_share('facts', '2024-06-30', market => 'none');
SELECT measure, competitor, size, market_size, share FROM market_share('facts', '2024-06-30', zone => 'America/New_York') WHERE competitor = 'us';
SELECT count(*) FROM market_share('facts', '2020-01-01');
SELECT count(*) FROM market_share('facts', NULL);

-- Readings: the latest, and the one before it
INSERT INTO facts VALUES
	('2024-01-01Z', 'alpha', 'switching_cost', NULL, 40, 'hours'), ('2024-04-01Z', 'alpha', 'switching_cost', NULL, 25, 'hours'), ('2024-04-01Z', 'beta', 'switching_cost', NULL, 12.5, 'hours'), ('2024-04-01Z', 'beta', 'switching_cost', NULL, 900, 'EUR');
SELECT * FROM competitor_readings('facts', 'switching_cost', '2024-06-30', 'America/New_York');
SELECT competitor, value, previous_value FROM competitor_readings('facts', 'Switching_Cost', '2024-03-30');

-- Prices: us 10 (500 contacts), 50 (2000), 200; alpha free (100 contacts), 25 (500), beta from the list of competitors
INSERT INTO facts VALUES
	('2024-01-01Z', 'us', 'price', NULL, 12, 'basic'), ('2024-03-01Z', 'us', 'price', NULL, 10, 'basic'), ('2024-01-01Z', 'us', 'price', NULL, 50, 'plus'), ('2024-01-01Z', 'us', 'price', NULL, 200, 'pro'),
	('2024-01-01Z', 'us', 'contacts', NULL, 500, 'basic'), ('2024-01-01Z', 'us', 'contacts', NULL, 2000, 'plus'), ('2024-01-01Z', 'us', 'feature_count', NULL, 5, 'basic'), ('2024-01-01Z', 'us', 'feature_count', NULL, 20, 'plus'),
	('2024-01-01Z', 'alpha', 'price', NULL, 0, 'free'), ('2024-01-01Z', 'alpha', 'price', NULL, 25, 'standard'), ('2024-01-01Z', 'alpha', 'contacts', NULL, 100, 'free'), ('2024-01-01Z', 'alpha', 'contacts', NULL, 500, 'standard'),
	('2024-01-01Z', 'alpha', 'contacts', NULL, 0, 'other'), ('2024-01-01Z', 'alpha', 'price', NULL, 400, 'other');
CREATE TEMP TABLE rivals (competitor text, starter_price numeric);
INSERT INTO rivals VALUES ('alpha', 7), ('beta', 45), ('gamma', NULL);
-- features: we have a, b, c and d; alpha has a, and no longer b; beta has a and e.  c is known of none, d not of beta
INSERT INTO facts VALUES
	('2024-01-01Z', 'us', 'feature', NULL, 1, 'a'), ('2024-01-01Z', 'us', 'feature', NULL, 1, 'b'), ('2024-01-01Z', 'us', 'feature', NULL, 1, 'c'), ('2024-02-01Z', 'us', 'feature', NULL, 1, 'd'),
	('2024-01-01Z', 'alpha', 'feature', 'site', 1, 'a'), ('2024-01-01Z', 'alpha', 'feature', 'review', 0, 'a'), ('2024-01-01Z', 'alpha', 'feature', 'site', 1, 'b'), ('2024-04-01Z', 'alpha', 'feature', 'site', 0, 'b'),
	('2024-01-01Z', 'alpha', 'feature', 'site', 0, 'd'), ('2024-01-01Z', 'beta', 'feature', NULL, 1, 'a'), ('2024-01-01Z', 'beta', 'feature', NULL, 0, 'b'), ('2024-01-01Z', 'beta', 'feature', NULL, 1, 'e');
SELECT competitor, tier, tier_no AS no, price, contacts, round(price_per_contact, 4) AS per_contact, features, round(features_per_price, 4) AS per_price, own_tier, own_price AS own, round(price_ratio, 4) AS ratio
FROM price_comparison('facts', '2024-06-30', 'rivals');
SELECT competitor, tier, price, own_price FROM price_comparison('facts', '2024-02-28') WHERE tier_no = 1;
SELECT count(*), count(own_price) FROM price_comparison('facts', '2024-06-30', own => 'nobody');
SELECT count(*) FROM price_comparison(NULL, '2024-06-30', NULL);

-- Features: unique now are b, c and d of four; before April alpha had b; in January we had no d
SELECT * FROM feature_comparison('facts', '2024-06-30');
SELECT * FROM differentiation_score('facts', '2024-06-30');
SELECT features_total, unique_features, round(score, 4) AS score FROM differentiation_score('facts', '2024-03-30');
SELECT features_total, unique_features, round(score, 4) AS score FROM differentiation_score('facts', '2024-01-31');
-- with a list of our features, of which one is not out yet
CREATE TEMP TABLE our_features (feature text, released_at timestamptz);
INSERT INTO our_features VALUES ('e', '2024-06-30 23:59Z'), ('f', NULL), ('g', '2024-07-01Z');
SELECT feature, is_unique, offered_by FROM feature_comparison('facts', '2024-06-30', 'our_features') WHERE is_own;
SELECT * FROM differentiation_score('facts', '2024-06-30', 'our_features', own => 'alpha');
SELECT * FROM differentiation_score(NULL, '2024-06-30');

-- Deals, by close date: alpha 3 won of 5 in January, one not decided; 1 of 4 in February; beta 1 of 1; homegrown; without a competitor 1 of 2
CREATE TEMP TABLE deals (deal integer, created_at date, amount numeric, currency text, stage text, closed_at timestamptz, outcome text, competitor text, reason text, segment text);
INSERT INTO deals SELECT n, '2023-06-01', 100, (ARRAY['EUR', 'USD'])[1 + n % 2], 'closed', at, outcome, competitor, reason, (ARRAY['SMB', 'Enterprise'])[1 + n / 10]
FROM (VALUES
	(1, timestamptz '2024-01-01Z', 'won', 'alpha', 'pricing'), (2, '2024-01-02Z', 'won', 'alpha', 'pricing, simplicity'), (3, '2024-01-03Z', 'Won', 'alpha', 'support'),
	(4, '2024-01-04Z', 'lost', 'alpha', 'features'), (5, '2024-01-05Z', 'no_decision', 'alpha', 'budget'), (6, '2024-01-31 23:30Z', 'won', 'homegrown', 'support'),
	(7, '2024-02-01Z', 'won', 'alpha', 'pricing'), (8, '2024-02-02Z', 'lost', 'alpha', 'features,  integrations'), (9, '2024-02-03Z', 'lost', 'alpha', 'features'), (10, '2024-02-04Z', ' LOST ', 'alpha', NULL),
	(11, '2024-02-05Z', 'won', 'beta', 'brand'), (12, '2024-02-06Z', 'won', NULL, ''), (13, '2024-02-29Z', 'lost', NULL, 'brand'), (14, '2024-02-10Z', NULL, 'alpha', 'withdrawn'),
	(15, '2023-12-31 23:59Z', 'won', 'alpha', 'x'), (16, '2024-03-01Z', 'won', 'alpha', 'x'), (17, NULL, 'won', 'alpha', 'x'), (18, NULL, NULL, 'alpha', NULL)) v(n, at, outcome, competitor, reason);
SELECT value, is_total, deals_closed, won, lost, no_decision, not_recorded, round(win_rate, 4) AS win_rate, round(rate_low::numeric, 4) AS low, round(rate_high::numeric, 4) AS high, win_rate_change, p_value
FROM win_rates('deals', '2024-01-01', '2024-03-01', 'competitor');
SELECT period, value, is_total, deals_closed, won, round(win_rate, 4) AS win_rate, round(win_rate_change, 4) AS change, round(p_value::numeric, 4) AS p_value
FROM win_rates('deals', '2024-01-01', '2024-03-01', 'competitor', 'month');
-- the total alone; other confidence; a period without deals; in New York, five hours behind, deal 1 is of December, 7 of January and 16 of February
SELECT value, is_total, deals_closed, won, round(win_rate, 4) AS win_rate, round(rate_low::numeric, 4) AS low, round(rate_high::numeric, 4) AS high FROM win_rates('deals', '2024-01-01', '2024-03-01', confidence => 0.5);
SELECT period, deals_closed, won, win_rate, rate_low, win_rate_change, p_value FROM win_rates('deals', '2024-05-01', '2024-07-01', 'competitor', 'month');
SELECT period, deals_closed, won, lost, no_decision FROM win_rates('deals', '2024-01-01', '2024-03-01', NULL, 'month', 'America/New_York');
SELECT value, deals_closed, won FROM win_rates('deals', '2024-01-01', '2024-03-01', 'segment') WHERE NOT is_total;
SELECT value, deals_closed, won FROM win_rates('deals', '2024-01-01', '2024-03-01', 'currency') WHERE NOT is_total;
SELECT value, deals_closed, won FROM win_rates('deals', '2024-01-01', '2024-03-01', 'owner');
SELECT period, deals_closed, win_rate FROM win_rates(NULL, '2024-01-01', '2024-03-01');
-- what was counted
SELECT deal, closed_on, outcome, competitor FROM closed_deals('deals', '2024-02-01', '2024-03-01') ORDER BY deal::integer LIMIT 4;

SELECT * FROM wins_and_losses('deals', '2024-01-01', '2024-03-01');
SELECT outcome, competitor, all_competitors AS al, reason, deals_closed AS deals, outcome_deals AS of, round(share, 4) AS share, rank FROM win_loss_reasons('deals', '2024-01-01', '2024-03-01');
-- themes, of which a deal may have several, by period
SELECT period, outcome, reason, deals_closed AS deals, outcome_deals AS of, round(share, 4) AS share, round(share_change, 4) AS change, rank
FROM win_loss_reasons('deals', '2024-01-01', '2024-03-01', 'month', separator => ',') WHERE all_competitors;
SELECT outcome, reason, deals_closed AS deals, outcome_deals AS of FROM win_loss_reasons('deals', '2024-02-01', '2024-03-01', separator => ',') WHERE competitor = 'alpha';
SELECT count(*) FROM win_loss_reasons(NULL, '2024-01-01', '2024-03-01');
SELECT count(*) FROM wins_and_losses(NULL, '2024-01-01', '2024-03-01');

-- A theme named twice in a deal counts once; nothing but separators is no reason
CREATE TEMP VIEW odd AS SELECT 1 AS deal, date '2024-01-01' AS created_at, 1 AS amount, 'EUR' AS currency, 'x' AS stage, date '2024-01-01' AS closed_at, 'won' AS outcome, reason FROM (VALUES ('a;a; b ;'), (';'), (' a ')) v(reason);
SELECT reason, deals_closed AS deals, outcome_deals AS of FROM win_loss_reasons('odd', '2024-01-01', '2024-01-02', separator => ';') WHERE all_competitors;

-- Refused
SELECT * FROM share_of_voice('facts', '2024-03-01', '2024-01-01');
SELECT * FROM share_of_voice('facts', NULL, '2024-01-01');
SELECT * FROM share_of_voice('facts', '2024-01-01', '2024-03-01', 'fortnight');
SELECT * FROM share_of_voice('facts', '2024-01-01', 'infinity', 'month');
SELECT * FROM share_of_voice('facts', '1900-01-01', '2024-01-01', 'day');
SELECT * FROM share_of_voice('deals', '2024-01-01', '2024-03-01');
SELECT * FROM win_rates('deals', '2024-03-01', '2024-03-01');
SELECT * FROM win_loss_reasons('deals', '2024-01-01', NULL);
SELECT * FROM competitive_mentions('facts', '2024-02-10', 0);
SELECT * FROM competitive_mentions('facts', NULL);
CREATE TEMP VIEW bad AS SELECT timestamptz '2024-01-01Z' AS at, competitor, kind, value FROM (VALUES ('a', 'mention', -1::numeric), ('a', 'price', 'NaN'), (NULL, 'feature', 1), ('a', 'market_size', NULL), ('a', 'contacts', 'Infinity'), ('a', 'other', -1)) v(competitor, kind, value);
SELECT * FROM share_of_voice('bad', '2024-01-01', '2024-03-01');
SELECT * FROM price_comparison('bad', '2024-01-01');
SELECT * FROM feature_comparison('bad', '2024-01-01');
SELECT * FROM market_share('bad', '2024-01-01');
SELECT * FROM win_rates('deals', '2024-01-01', '2024-03-01', 'colour');
CREATE TEMP VIEW undecided AS SELECT deal, created_at, amount, currency, stage, closed_at, 'open' AS outcome FROM deals;
SELECT * FROM win_rates('undecided', '2024-01-01', '2024-03-01');
SELECT * FROM win_rates('deals', '2024-01-01', '2024-03-01', confidence => 1);
