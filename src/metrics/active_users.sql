/*
 * active_users.sql
 *		Active users: rolling windows, stickiness, lifecycle, classes of use.
 *
 * The numbers are defined in doc/active_users.md.
 */

CREATE FUNCTION nudge.active_users(
	state nudge.activity_state,
	window_days integer DEFAULT 1,
	as_of date DEFAULT NULL,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	population bigint DEFAULT NULL
) RETURNS TABLE (
	day date,
	active_users bigint,
	new_users bigint,
	total_users bigint,
	share numeric,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_active_users' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 365 COST 10000;
COMMENT ON FUNCTION nudge.active_users(nudge.activity_state, integer, date, date, date, bigint) IS
	'A row per day: users active within the window_days days that end on it, users first seen on it, and the share of the population or of all users seen so far. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.stickiness(
	state nudge.activity_state,
	as_of date DEFAULT NULL,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL
) RETURNS TABLE (
	day date,
	dau bigint,
	wau bigint,
	mau bigint,
	dau_wau numeric,
	dau_mau numeric,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_stickiness' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 365 COST 10000;
COMMENT ON FUNCTION nudge.stickiness(nudge.activity_state, date, date, date) IS
	'A row per day: users active on it, within 7 and within 30 days, and their ratios. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.stickiness_histogram(
	state nudge.activity_state,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	grain text DEFAULT 'day',
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	active_periods integer,
	users bigint,
	users_at_least bigint,
	share numeric
)
	AS 'MODULE_PATHNAME', 'nm_stickiness_histogram' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 30 COST 10000;
COMMENT ON FUNCTION nudge.stickiness_histogram(nudge.activity_state, date, date, text, text, integer) IS
	'A row for each number of periods of a range in which users can be active, none left out: users active in just so many, in so many or more, and their share of all active users. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.lifecycle(
	state nudge.activity_state,
	grain text DEFAULT 'week',
	as_of date DEFAULT NULL,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (
	period date,
	active_users bigint,
	new_users bigint,
	returning_users bigint,
	resurrecting_users bigint,
	dormant_users bigint,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_lifecycle' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 100 COST 10000;
COMMENT ON FUNCTION nudge.lifecycle(nudge.activity_state, text, date, date, date, text, integer) IS
	'A row per period: users active for the first time, in the period before too, and again after a break, and users active in the period before only. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.lifecycle_users(
	state nudge.activity_state,
	period date,
	grain text DEFAULT 'week',
	as_of date DEFAULT NULL,
	week_start text DEFAULT 'monday',
	fiscal_year_start integer DEFAULT 1
) RETURNS TABLE (user_id text, status text)
	AS 'MODULE_PATHNAME', 'nm_lifecycle_users' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 10000 COST 10000;
COMMENT ON FUNCTION nudge.lifecycle_users(nudge.activity_state, date, text, date, text, integer) IS
	'The users behind the row of lifecycle whose period holds a day: new, returning, resurrecting or dormant. Not STRICT: NULL arguments have a meaning';

CREATE FUNCTION nudge.active_user_classes(
	state nudge.activity_state,
	grain text DEFAULT 'week',
	as_of date DEFAULT NULL,
	start_day date DEFAULT NULL,
	end_day date DEFAULT NULL,
	population bigint DEFAULT NULL,
	power_above integer DEFAULT 10,
	regular_from integer DEFAULT NULL,
	week_start text DEFAULT 'monday'
) RETURNS TABLE (
	period date,
	power_users bigint,
	regular_users bigint,
	low_users bigint,
	dormant_users bigint,
	active_users bigint,
	qualified_users bigint,
	qualified_rate numeric,
	active_rate numeric,
	complete boolean
)
	AS 'MODULE_PATHNAME', 'nm_active_user_classes' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 100 COST 10000;
COMMENT ON FUNCTION nudge.active_user_classes(nudge.activity_state, text, date, date, date, bigint, integer, integer, text) IS
	'Users by their actions in a calendar week, or in the seven days that end on a day: power, regular, low and, given a population, dormant. Not STRICT: NULL arguments have a meaning, NULL regular_from is 3, or power_above if that is less';
