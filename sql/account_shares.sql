-- What people record about accounts: shares of customer success and of enterprise, value realised.
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
SET jit = off;
SET search_path = nudge, public;
\pset null '(null)'
\set SHOW_CONTEXT never

-- At the close of 2024-06-30 ann 500, ben 300, cat 200, dan 400 pay: 1400, of which Enterprise (ann, cat) 700.
-- Three months before, 2024-03-31: ann 450, ben 300, cat 200, dan 400.  Twelve months before, 2023-06-30: ann 400, ben 300, fay 250.
CREATE TEMP TABLE subs (customer text, valid_from date, valid_to date, mrr numeric);
INSERT INTO subs VALUES ('ann', '2023-01-01', '2023-12-01', 400), ('ann', '2023-12-01', '2024-04-01', 450), ('ann', '2024-04-01', NULL, 500), ('ben', '2023-06-30', NULL, 300),
	('cat', '2023-09-01', NULL, 200), ('dan', '2024-02-01', NULL, 400), ('fay', '2023-01-01', '2024-03-31', 250), ('own', '2023-01-01', NULL, 9);
CREATE TEMP TABLE company AS SELECT mrr_agg(customer, valid_from, valid_to, mrr) AS state FROM subs;
CREATE TEMP TABLE accounts (customer text, created_at timestamptz, segment text, internal boolean);
INSERT INTO accounts VALUES ('ann', '2023-01-01Z', 'Enterprise', NULL), ('ben', '2023-06-30Z', 'SMB', false), ('cat', '2023-09-01Z', 'Enterprise', NULL), ('dan', '2024-02-01Z', 'SMB', NULL),
	('fay', '2023-01-01Z', 'Enterprise', NULL), ('own', '2023-01-01Z', 'Enterprise', true), ('lead', '2024-07-01Z', 'Enterprise', NULL);
SELECT r.* FROM company, account_rows(state, 'accounts', '2024-06-30') r;
SELECT customer, active, chosen FROM company, account_rows(state, 'accounts', '2024-06-30', 'Enterprise');
-- without a state every account that has come; without a list who pays or has paid
SELECT customer, mrr, active FROM account_rows(NULL, 'accounts', '2024-06-30');
SELECT customer, customer_segment, created_at, mrr, active FROM company, account_rows(state, NULL, '2024-06-30');
SELECT count(*) FROM account_rows(NULL, NULL, '2024-06-30');

-- The table of the documentation
CREATE TEMP TABLE facts (customer text, fact text, value text, agreed_at timestamptz, valid_from timestamptz, valid_to timestamptz);
INSERT INTO facts VALUES
	('ann', 'qbr_held', 'true', NULL, '2024-05-10Z', NULL), ('ben', 'qbr_held', 'true', NULL, '2024-03-31Z', NULL),
	('ann', 'sponsor_status', 'strong', NULL, '2024-01-01Z', NULL), ('ben', 'sponsor_status', 'weak', NULL, '2024-01-01Z', NULL),
	('ann', 'growth_plan', 'true', NULL, '2024-01-01Z', NULL), ('cat', 'growth_plan', 'true', NULL, '2024-01-01Z', '2024-06-30Z'),
	('ann', 'contact_level', 'Executive', NULL, '2024-01-01Z', NULL), ('ann', 'contact_level', 'user', NULL, '2024-01-01Z', NULL);
-- QBR: ann in the quarter, ben on the day before: 1 of 4.  Sponsor: ann of two, two of four.  Plan: ann, that of cat is over: 1 of 4.  Levels: ann 1 of 4.  Not recorded: NULL
SELECT metric, numerator, denominator, round(value, 4) AS value, unit FROM company, account_shares(state, 'facts', '2024-06-30', 'accounts');
SELECT l.* FROM company, account_share_lines(state, 'facts', '2024-06-30', 'accounts') l WHERE metric IN ('qbr_completion_rate', 'sponsor_health_rate', 'sponsor_coverage_rate', 'strategic_account_planning_rate', 'executive_relationship_rate');
-- Enterprise: ann and cat
SELECT metric, numerator, denominator, round(value, 4) AS value FROM company, account_shares(state, 'facts', '2024-06-30', 'accounts', segment => 'Enterprise') WHERE denominator > 0;

-- All facts
INSERT INTO facts VALUES
	-- flags: the latest in force counts; words of all kinds
	('ann', 'Upsell_Identified ', ' Yes ', NULL, '2024-01-01Z', NULL), ('ann', 'upsell_identified', 'no', NULL, '2024-02-01Z', '2024-03-01Z'), ('ben', 'upsell_identified', 'F', NULL, '2024-01-01Z', NULL), ('fay', 'upsell_identified', 't', NULL, '2024-01-01Z', NULL),
	('cat', 'unmet_need', '1', NULL, '2024-06-30 23:59:59Z', NULL), ('dan', 'unmet_need', '1', NULL, '2024-07-01Z', NULL),
	('ann', 'referenceable', 'true', NULL, '2024-01-01Z', NULL), ('ben', 'referenceable', 'true', NULL, '2024-01-01Z', NULL), ('ben', 'referenceable', 'false', NULL, '2024-01-01Z', NULL), ('cat', 'referenceable', 'on', NULL, '2024-01-01Z', '2024-07-01Z'),
	-- plans: ann two of which one is on track, ben one that is
	('ann', 'success_plan_on_track', 'true', NULL, '2024-01-01Z', NULL), ('ann', 'success_plan_on_track', 'false', NULL, '2024-01-01Z', NULL), ('ben', 'success_plan_on_track', 'true', NULL, '2024-01-01Z', NULL), ('ben', 'success_plan_on_track', 'true', NULL, '2023-01-01Z', '2024-01-01Z'),
	-- return on investment: ann 1.5, of late; ben exactly 1; cat 0.99; dan none
	('ann', 'documented_roi', '0.5', NULL, '2024-01-01Z', NULL), ('ann', 'documented_roi', '1.5', NULL, '2024-02-01Z', NULL), ('ben', 'documented_roi', '1', NULL, '2024-01-01Z', NULL), ('cat', 'documented_roi', '.99', NULL, '2024-07-02Z', NULL), ('cat', 'documented_roi', '0.99', NULL, '2024-01-01Z', NULL),
	-- wallet: ann 12 x 500 of 20000, ben 12 x 300 of 4000; 0 is nothing to have a share of
	('ann', 'category_spend', '20000', NULL, '2024-01-01Z', NULL), ('ben', 'category_spend', '4000.00', NULL, '2024-01-01Z', NULL), ('cat', 'category_spend', '0', NULL, '2024-01-01Z', NULL),
	('ann', 'solution_fit', '80', NULL, '2024-01-01Z', NULL), ('cat', 'solution_fit', '65', NULL, '2024-01-01Z', NULL),
	-- implementations: ann met, agreed before; ben met, but agreed afterwards; cat not; dan met without a date of agreement
	('ann', 'implementation_met', 'true', '2023-01-01Z', '2023-03-01Z', NULL), ('ben', 'implementation_met', 'true', '2023-09-02Z', '2023-09-01Z', NULL), ('cat', 'implementation_met', 'false', '2023-09-01Z', '2024-01-01Z', NULL),
	('dan', 'implementation_met', 'true', NULL, '2024-03-02Z', NULL),
	('ann', 'requirement_met', 'true', NULL, '2024-01-01Z', NULL), ('ann', 'requirement_met', 'true', NULL, '2024-01-01Z', NULL), ('ann', 'requirement_met', 'false', NULL, '2024-01-01Z', NULL), ('ben', 'requirement_met', 'false', NULL, '2024-01-01Z', NULL),
	('cat', 'feature_delivered', 'true', NULL, '2024-01-01Z', NULL), ('cat', 'feature_delivered', 'false', NULL, '2024-01-01Z', NULL),
	('ben', 'contact_level', 'user', NULL, '2024-01-01Z', NULL), ('ben', 'contact_level', 'USER', NULL, '2024-01-01Z', NULL), ('cat', 'contact_level', 'user', NULL, '2024-01-01Z', NULL), ('cat', 'contact_level', 'director', NULL, '2024-01-01Z', '2024-02-01Z'),
	-- at the very edges: a review as the quarter begins, a plan agreed as it holds, one implementation met as the customer comes, a second sponsor of ann: 3 and 1 on the mean are not strong
	('dan', 'qbr_held', 'true', NULL, '2024-04-01Z', NULL), ('cat', 'success_plan_on_track', 'true', '2024-01-01Z', '2024-01-01Z', NULL), ('cat', 'implementation_met', 'true', NULL, '2023-09-01Z', '2023-10-01Z'),
	('ann', 'sponsor_status', 'none', NULL, '2023-01-01Z', NULL), ('dan', 'sponsor_status', 'champion', NULL, '2024-01-01Z', NULL), ('dan', 'sponsor_status', 'neutral', NULL, '2024-01-01Z', NULL),
	('ann', 'use_case_implemented', 'true', NULL, '2024-01-01Z', NULL), ('ann', 'use_case_implemented', 'false', NULL, '2024-01-01Z', NULL), ('fay', 'use_case_implemented', 'true', NULL, '2024-01-01Z', NULL),
	('ann', 'something_else', 'whatever', NULL, '2024-01-01Z', NULL);
CREATE TEMP TABLE contracts (customer text, contract text, signed_at timestamptz, starts_at timestamptz, ends_at timestamptz, term_months numeric, amount numeric, currency text);
INSERT INTO contracts VALUES
	('ann', 'a1', '2022-12-01Z', '2023-01-30Z', NULL, 12, 1, 'EUR'), ('ann', 'a2', '2024-01-30Z', '2024-01-30Z', NULL, 24, 1, 'EUR'), ('ben', 'b1', '2023-06-30 23:59:59Z', '2023-06-30Z', NULL, 36, 1, 'USD'),
	('ben', 'b2', '2023-07-01Z', '2023-07-01Z', NULL, 12, 1, 'USD'), ('cat', 'c1', '2024-06-30 23:59Z', '2024-07-01Z', NULL, 36, 1, 'EUR'), ('dan', 'd1', '2024-07-01Z', '2024-07-01Z', NULL, 36, 1, 'EUR'),
	('fay', 'f1', '2024-01-01Z', '2024-01-01Z', NULL, 23.9, 1, 'EUR'), ('own', 'o1', '2024-01-01Z', '2024-01-01Z', NULL, 36, 1, 'EUR'), ('new', 'n1', '2024-01-01Z', '2024-01-01Z', NULL, 36, 1, 'EUR');
-- sponsors: ann strong and none, ben weak, dan champion and neutral.  Contracts of the 12 months: a2 and c1 of a2, b2, c1, f1.  Expansion: ann of four.  Growth: 4 of 3, of Enterprise 2 (ann, cat) of 2 (ann, fay)
SELECT metric, numerator, denominator, round(value, 4) AS value FROM company, account_shares(state, 'facts', '2024-06-30', 'accounts', 'contracts');
SELECT l.* FROM company, account_share_lines(state, 'facts', '2024-06-30', 'accounts', 'contracts') l;
SELECT metric, numerator, denominator, round(value, 4) AS value FROM company, account_shares(state, 'facts', '2024-06-30', 'accounts', 'contracts', 'Enterprise');
-- the same as of the accessor
SELECT value = account_expansion_rate(state, '2024-04-01', '2024-07-01') AS same FROM company, account_shares(state, NULL, '2024-06-30') WHERE metric = 'account_expansion_rate';
-- options: any level is enough, weak is healthy, words of one's own, spend a month, terms, a longer time of signing
SELECT metric, numerator, denominator FROM company, account_shares(state, 'facts', '2024-06-30', 'accounts', 'contracts', minimum_levels => 1, healthy_sponsor => 'weak', category_spend_months => 1, multi_year_months => 12, contract_months => 24)
WHERE metric IN ('sponsor_health_rate', 'executive_relationship_rate', 'wallet_share', 'multi_year_contract_rate');
SELECT metric, numerator, denominator FROM company, account_shares(state, 'facts', '2024-06-30', sponsor_levels => '{strong,none,weak,champion,neutral}', healthy_sponsor => 'weak') WHERE metric LIKE 'sponsor%';
-- the zone: in New York the day ends four hours later
CREATE TEMP TABLE instants AS SELECT mrr_agg(customer, valid_from::timestamp AT TIME ZONE 'UTC', valid_to::timestamp AT TIME ZONE 'UTC', mrr) AS state FROM subs;
SELECT metric, numerator, denominator FROM instants, account_shares(state, 'facts', '2024-06-30', 'accounts', 'contracts', zone => 'America/New_York') WHERE metric IN ('qbr_completion_rate', 'solution_gap_identification_rate', 'multi_year_contract_rate');
-- nothing is known; without a state all accounts that have come, five
SELECT count(*), count(value), sum(denominator) FROM account_shares(NULL, NULL, '2024-06-30');
SELECT metric, numerator, denominator FROM account_shares(NULL, 'facts', '2024-06-30', 'accounts') WHERE denominator > 0;
SELECT count(value), sum(numerator) FROM company, account_shares(state, 'facts', '2020-01-01', 'accounts', 'contracts');
-- as of: later rows do not matter
CREATE TEMP VIEW known AS SELECT customer, fact, value, agreed_at, valid_from, CASE WHEN valid_to < '2024-04-01Z' THEN valid_to END AS valid_to FROM facts WHERE valid_from < '2024-04-01Z';
SELECT count(*) AS differences FROM company, LATERAL (SELECT * FROM account_shares(state, 'facts', '2024-03-31', 'accounts', 'contracts') EXCEPT SELECT * FROM account_shares(state, 'known', '2024-03-31', 'accounts', 'contracts')) d;

-- Time to value: ann from 2023-01-01 to 2023-03-01, 59 days, or from 2023-01-30 by its contract, 30; ben's does not count: open since 2023-06-30, 367 days;
-- cat met at once, by its contract not begun; dan from 2024-02-01, 30 days
SELECT l.customer, started_at, met_at, round(days, 4) AS days, reached FROM company, implementation_lines(state, 'facts', '2024-06-30', 'accounts') l;
SELECT l.customer, started_at, met_at, round(days, 4) AS days, reached FROM company, implementation_lines(state, 'facts', '2024-06-30', 'accounts', 'contracts') l;
-- 0, 30 and 59 days of four: half have reached it by 30; of Enterprise only ann has begun
SELECT customers_started AS started, customers_reached AS reached, customers_open AS open, round(mean_days, 4) AS mean, median_days AS median FROM company, implementation_velocity(state, 'facts', '2024-06-30', 'accounts');
SELECT customers_started AS started, customers_reached AS reached, customers_open AS open, round(mean_days, 4) AS mean, median_days AS median FROM company, implementation_velocity(state, 'facts', '2024-06-30', 'accounts', 'contracts', 'Enterprise');
SELECT * FROM implementation_velocity(NULL, NULL, '2024-06-30');

-- Value realised: the table of the documentation
CREATE TEMP TABLE criteria (customer text, fact text, value text, agreed_at timestamptz, valid_from timestamptz, valid_to timestamptz);
INSERT INTO criteria VALUES
	-- ann 5 of 5 and one agreed too late; ben 4 of 5, not above .8; cat one that was not met until May; dan never agreed to any
	('ann', 'criterion_met', 'true', '2024-01-01Z', '2024-01-01Z', NULL), ('ann', 'criterion_met', 'true', '2024-01-01Z', '2024-02-01Z', NULL), ('ann', 'criterion_met', 'true', '2024-01-01Z', '2024-02-01Z', NULL), ('ann', 'criterion_met', 'true', '2024-01-01Z', '2024-02-01Z', NULL),
	('ann', 'criterion_met', 'true', '2024-01-01Z', '2024-02-01Z', NULL), ('ann', 'criterion_met', 'false', '2024-02-01 00:00:01Z', '2024-02-01Z', NULL),
	('cat', 'criterion_met', 'false', '2024-01-01Z', '2024-01-01Z', '2024-05-01Z'), ('cat', 'criterion_met', 'true', '2024-01-01Z', '2024-05-01Z', NULL), ('dan', 'criterion_met', 'true', NULL, '2024-05-01Z', NULL);
INSERT INTO criteria SELECT 'ben', 'criterion_met', (n < 5)::text, '2024-01-01Z', '2024-02-01Z', NULL FROM generate_series(1, 5) n;
CREATE TEMP TABLE usage (customer text, meter text, period date, volume numeric, plan_limit numeric);
INSERT INTO usage VALUES ('ann', 'calls', '2024-06-01', 90, 100), ('ann', 'mails', '2024-06-01', 10, 100), ('ben', 'calls', '2024-06-01', 150, 100), ('ben', 'calls', '2024-05-01', 10, 100), ('dan', 'calls', '2024-06-01', 10, NULL), ('cat', 'calls', '2024-04-01', 10, 20);
SELECT l.customer, criteria, criteria_met AS met, criteria_not_agreed AS not_counted, round(score, 4) AS score, is_realized, round(usage_ratio, 4) AS usage, round(value_index, 4) AS index
FROM company, value_realization_lines(state, 'criteria', '2024-06-30', 'accounts', 'usage') l;
-- ann and cat of the three with criteria
SELECT all_customers, scored_customers, realized_customers, round(realization_rate, 4) AS rate, round(coverage, 4) AS coverage, round(mean_score, 4) AS score, round(mean_index, 4) AS index
FROM company, value_realization(state, 'criteria', '2024-06-30', 'accounts', 'usage');
SELECT realized_customers, round(realization_rate, 4) AS rate FROM company, value_realization(state, 'criteria', '2024-06-30', threshold => 0.79);
SELECT l.customer, criteria, criteria_met AS met, score, is_realized FROM company, value_realization_lines(state, 'criteria', '2024-04-30', 'accounts', segment => 'Enterprise') l;
SELECT * FROM value_realization(NULL, NULL, '2024-06-30');

-- The metrics and what they mean
SELECT metric, source, counts, unit FROM account_share_metrics();
SELECT count(*) FROM account_share_metrics() WHERE description ~ '^[A-Z].*[^.]$';

-- Keys that are uuid
CREATE TEMP TABLE by_uuid AS SELECT mrr_agg(md5(customer)::uuid, valid_from, valid_to, mrr) AS state FROM subs;
CREATE TEMP VIEW uuid_facts AS SELECT md5(customer)::uuid AS customer, fact, value, agreed_at, valid_from, valid_to FROM facts;
CREATE TEMP VIEW uuid_accounts AS SELECT md5(customer)::uuid AS customer, created_at, segment, internal FROM accounts;
SELECT metric, numerator, denominator FROM by_uuid, account_shares(state, 'uuid_facts', '2024-06-30', 'uuid_accounts') WHERE metric = 'wallet_share';

-- Refused
SELECT r.* FROM company, account_shares(state, 'facts', NULL) r;
SELECT r.* FROM company, account_shares(state, 'facts', '-infinity') r;
SELECT r.* FROM company, account_shares(state, 'facts', '2024-06-30', segment => 'Enterprise') r;
SELECT r.* FROM company, account_shares(state, 'subs', '2024-06-30') r;
SELECT r.* FROM company, account_shares(state, 'facts', '2024-06-30', minimum_levels => 0) r;
SELECT r.* FROM company, account_shares(state, 'facts', '2024-06-30', healthy_sponsor => NULL) r;
SELECT r.* FROM company, account_shares(state, 'facts', '2024-06-30', healthy_sponsor => 'good') r;
SELECT r.* FROM company, account_shares(state, 'facts', '2024-06-30', category_spend_months => 'NaN') r;
SELECT r.* FROM company, account_shares(state, 'facts', '2024-06-30', sponsor_levels => '{strong}') r;
SELECT r.* FROM company, account_shares(state, 'facts', '2024-06-30', sponsor_levels => '{strong,strong}') r;
SELECT r.* FROM company, account_shares(state, 'facts', '2024-06-30', sponsor_levels => NULL) r;
SELECT r.* FROM company, account_shares(state, 'facts', '2024-06-30', sponsor_levels => '{bad,strong}') r;
SELECT r.* FROM company, account_shares(state, 'facts', '2024-06-30', contract_months => 0) r;
SELECT r.* FROM company, account_shares(state, 'facts', '2024-06-30', multi_year_months => NULL) r;
SELECT r.* FROM company, value_realization(state, 'criteria', '2024-06-30', threshold => 80) r;
CREATE TEMP TABLE odd (customer text, fact text, value text, valid_from timestamptz, valid_to timestamptz);
INSERT INTO odd VALUES ('ann', 'growth_plan', 'maybe', '2024-01-01Z', NULL);
SELECT r.* FROM company, account_shares(state, 'odd', '2024-06-30') r;
-- a return may be negative: 0 of 3
UPDATE odd SET fact = 'documented_roi', value = '-1';
SELECT metric, numerator, denominator FROM company, account_shares(state, 'odd', '2024-06-30') r WHERE metric = 'roi_realization_rate';
UPDATE odd SET fact = 'category_spend';
SELECT r.* FROM company, account_shares(state, 'odd', '2024-06-30') r;
UPDATE odd SET fact = 'documented_roi', value = '120 %';
SELECT r.* FROM company, account_shares(state, 'odd', '2024-06-30') r;
UPDATE odd SET value = ' ';
SELECT r.* FROM company, account_shares(state, 'odd', '2024-06-30') r;
UPDATE odd SET value = '1', valid_to = '2023-12-31Z';
SELECT r.* FROM company, account_shares(state, 'odd', '2024-06-30') r;
-- a fact that ends as it begins is never in force; what was wrong and is over does not matter
UPDATE odd SET valid_to = valid_from;
SELECT numerator, denominator FROM company, account_shares(state, 'odd', '2024-06-30') r WHERE metric = 'roi_realization_rate';
UPDATE odd SET value = 'wrong', valid_to = '2024-02-01Z';
SELECT numerator, denominator FROM company, account_shares(state, 'odd', '2024-06-30') r WHERE metric = 'roi_realization_rate';
CREATE TEMP VIEW nobody AS SELECT NULL::text AS customer, 'growth_plan' AS fact, 'true' AS value, timestamptz '2024-01-01Z' AS valid_from;
SELECT r.* FROM company, account_shares(state, 'nobody', '2024-06-30') r;
CREATE TEMP VIEW endless AS SELECT customer, contract, signed_at, starts_at, ends_at, NULL::numeric AS term_months, amount, currency FROM contracts;
SELECT r.* FROM company, account_shares(state, 'facts', '2024-06-30', contracts => 'endless') r;
CREATE TEMP VIEW timeless AS SELECT customer, contract, signed_at, '-infinity'::timestamptz AS starts_at, ends_at, term_months, amount, currency FROM contracts;
SELECT r.* FROM company, account_shares(state, 'facts', '2024-06-30', contracts => 'timeless') r;
CREATE TEMP VIEW ancient AS SELECT customer, CASE WHEN customer <> 'ann' THEN created_at ELSE '-infinity' END AS created_at, segment, internal FROM accounts;
SELECT string_agg(l.customer, ' ') FROM company, implementation_lines(state, 'facts', '2024-06-30', 'accounts') l;
SELECT string_agg(l.customer, ' ') FROM company, implementation_lines(state, 'facts', '2024-06-30', 'ancient') l;
CREATE TEMP VIEW listed_twice AS SELECT * FROM accounts UNION ALL SELECT 'ann', '2023-01-01Z', 'SMB', NULL;
SELECT r.* FROM company, account_shares(state, 'facts', '2024-06-30', 'listed_twice') r;
CREATE TEMP VIEW ageless AS SELECT customer, NULL::timestamptz AS created_at FROM accounts;
SELECT r.* FROM company, account_shares(state, 'facts', '2024-06-30', 'ageless') r;
