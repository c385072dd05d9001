/*
 * retention.sql
 *		Who came back: curves, cohorts, their trend, and survival.
 *
 * The numbers are defined in doc/retention.md.
 */

CREATE FUNCTION nudge.retention_curve(
	state nudge.activity_state,
	horizon integer DEFAULT 90,
	as_of date DEFAULT NULL,
	mode text DEFAULT 'on',
	edges integer[] DEFAULT NULL,
	min_actions integer DEFAULT 1,
	entry text DEFAULT 'first_ever',
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	return_state nudge.activity_state DEFAULT NULL,
	confidence double precision DEFAULT 0.95
) RETURNS TABLE (
	day integer,
	eligible bigint,
	retained bigint,
	churned bigint,
	rate numeric,
	rate_low double precision,
	rate_high double precision,
	last_day integer
)
	AS 'MODULE_PATHNAME', 'nm_retention_curve' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 91 COST 10000;
COMMENT ON FUNCTION nudge.retention_curve(nudge.activity_state, integer, date, text, integer[], integer, text, date, date, nudge.activity_state, double precision) IS
	'A row per day after the first: users old enough by as_of, who of them came back, and the Wilson interval of the rate. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.retention_summary(
	state nudge.activity_state,
	as_of date DEFAULT NULL,
	mode text DEFAULT 'on',
	excluded text[] DEFAULT NULL
) RETURNS TABLE (
	users bigint,
	day_1 numeric,
	day_7 numeric,
	day_30 numeric,
	day_90 numeric,
	eligible_1 bigint,
	eligible_7 bigint,
	eligible_30 bigint,
	eligible_90 bigint,
	excluded_users bigint,
	excluded_days bigint
)
	AS 'MODULE_PATHNAME', 'nm_retention_summary' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1 COST 10000;
COMMENT ON FUNCTION nudge.retention_summary(nudge.activity_state, date, text, text[]) IS
	'Retention of days 1, 7, 30 and 90 in one row, without the users excluded, and what those did. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.retention_cohorts(
	state nudge.activity_state,
	grain text DEFAULT 'month',
	periods integer DEFAULT 12,
	as_of date DEFAULT NULL,
	entry text DEFAULT 'first_ever',
	mode text DEFAULT 'on',
	min_actions integer DEFAULT 1,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	return_state nudge.activity_state DEFAULT NULL,
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	cohort date,
	age integer,
	period date,
	cohort_users bigint,
	eligible bigint,
	retained bigint,
	rate numeric
)
	AS 'MODULE_PATHNAME', 'nm_retention_cohorts' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 500 COST 10000;
COMMENT ON FUNCTION nudge.retention_cohorts(nudge.activity_state, text, integer, date, text, text, integer, date, date, nudge.activity_state, text, integer) IS
	'A row per cohort (period of entry) and age in periods, and last, with a NULL cohort, the mean of each age weighted by users. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.retention_trend(
	state nudge.activity_state,
	age integer,
	grain text DEFAULT 'month',
	as_of date DEFAULT NULL,
	entry text DEFAULT 'first_ever',
	mode text DEFAULT 'on',
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	cohort date,
	eligible bigint,
	retained bigint,
	rate numeric,
	change numeric
)
	AS 'MODULE_PATHNAME', 'nm_retention_trend' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 50 COST 10000;
COMMENT ON FUNCTION nudge.retention_trend(nudge.activity_state, integer, text, date, text, text, text, integer) IS
	'Retention at one age, cohort by cohort as far as that age has elapsed, and its change from the cohort before. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.activity_survival(
	state nudge.activity_state,
	inactive_days integer DEFAULT 30,
	as_of date DEFAULT NULL,
	confidence double precision DEFAULT 0.95
) RETURNS TABLE (
	day integer,
	at_risk bigint,
	lapsed bigint,
	censored bigint,
	survival double precision,
	survival_low double precision,
	survival_high double precision
)
	AS 'MODULE_PATHNAME', 'nm_activity_survival' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 100 COST 10000;
COMMENT ON FUNCTION nudge.activity_survival(nudge.activity_state, integer, date, double precision) IS
	'Kaplan-Meier survival of activity: a user lapses where more than inactive_days pass until the next active day, and is censored on the last day for which that is known; who came after it is left out. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.median_lifetime(
	state nudge.activity_state,
	inactive_days integer DEFAULT 30,
	as_of date DEFAULT NULL
) RETURNS integer
	AS 'MODULE_PATHNAME', 'nm_median_lifetime' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION nudge.median_lifetime(nudge.activity_state, integer, date) IS
	'First day on which at most half of the users are still active by activity_survival; NULL if that is not known yet. Not STRICT: NULL arguments have a meaning';
