/*
 * active_users.c
 *		Active users by day: rolling windows, stickiness, classes of use.
 *
 * See doc/active_users.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/date.h"

#include "active_users.h"
#include "activity.h"
#include "nm_calendar.h"
#include "nm_guards.h"
#include "nm_money.h"
#include "nm_rows.h"
#include "nm_waterfall.h"

/* arguments of active_users */
enum
{
	USERS_WINDOW_DAYS = 1,
	USERS_AS_OF,
	USERS_START_DAY,
	USERS_POPULATION = 5
};

/* arguments of stickiness */
enum
{
	STICKINESS_AS_OF = 1,
	STICKINESS_START_DAY
};

/* arguments of active_user_classes */
enum
{
	CLASSES_GRAIN = 1,
	CLASSES_AS_OF,
	CLASSES_START_DAY,
	CLASSES_POPULATION = 5,
	CLASSES_POWER_ABOVE,
	CLASSES_REGULAR_FROM,
	CLASSES_WEEK_START
};

#define WEEK_DAYS 7
#define MONTH_DAYS 30
#define DEFAULT_POWER_ABOVE 10
#define DEFAULT_REGULAR_FROM 3

/* What the functions share */

bool
nm_active_range(FunctionCallInfo fcinfo, const NmState *state, int as_of_arg,
				int start_arg, NmActiveRange *range)
{
	int64 last;
	bool has_start;
	bool has_end;
	DateADT start = nm_date_arg(fcinfo, start_arg, "start_day", &has_start);
	DateADT end = nm_date_arg(fcinfo, start_arg + 1, "end_day", &has_end);

	if (has_start && has_end)
		nm_check_window(start, end);
	nm_activity_range(state, &range->first, &last);
	range->as_of = PG_INT64_MAX;
	if (as_of_arg != 0)
		range->as_of = nm_activity_as_of(fcinfo, as_of_arg, last);
	range->start = has_start ? start : range->first;
	range->end = has_end ? end : (as_of_arg != 0 ? range->as_of : last + 1);
	range->end = Min(range->end, range->as_of);
	return range->start < range->end;
}

int
nm_active_range_days(const NmActiveRange *range)
{
	if (range->end - range->start > NM_MAX_PERIODS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("result would have more than %d days", NM_MAX_PERIODS),
				 errdetail("There is a row for every day from the first to the last."),
				 errhint("Pass start_day and end_day or as_of, and look for rows with placeholder dates.")));
	return (int) (range->end - range->start);
}

/* check_population complains about a population that cannot be. */
static void
check_population(int64 population, int64 active)
{
	if (population >= 0 && active > population)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("population of " INT64_FORMAT
						" is less than the active users, " INT64_FORMAT,
						population, active),
				 errdetail("The active users are a part of the population."),
				 errhint("Pass all users that there were, active or not, or leave it out.")));
}

/*
 * add_windows adds a user to the days on which it was active within so many
 * days, that day included.
 */
static void
add_windows(int64 *steps, const NmActiveRange *range, int n,
			const NmActivityReader *reader, int window)
{
	int i = 0;

	/* what lies before the first window of a row */
	if (reader->days[0] < range->start - window)
		i = nm_activity_search(reader->days, reader->n,
							   range->start - window + 1);
	for (; i < reader->n && reader->days[i] < range->end; i++)
	{
		int64 from = reader->days[i];
		int64 to = from + window;

		if (i + 1 < reader->n)
			to = Min(to, reader->days[i + 1]);
		nm_steps_add(steps, range->start, n, from, to);
	}
}

/* Active users */

/* ActiveDays: numbers by day, as steps until they are read. */
typedef struct ActiveDays
{
	NmActiveRange range;
	int n;
	int window;
	int64 population; /* -1 if not given */
	int64 *active;
	int64 *new_users; /* not steps */
	int64 earlier;    /* users first seen before the first row */
} ActiveDays;

static void
active_days_fill(ActiveDays *days, const NmState *state)
{
	NmActivityReader reader;

	days->active = palloc0_array(int64, days->n + 1);
	days->new_users = palloc0_array(int64, days->n);
	nm_activity_begin(&reader, state, days->range.as_of);
	while (nm_activity_next(&reader))
	{
		int64 first = reader.days[0] - days->range.start;

		if (first < 0)
			days->earlier++;
		else if (first < days->n)
			days->new_users[first]++;
		add_windows(days->active, &days->range, days->n, &reader, days->window);
	}
}

PG_FUNCTION_INFO_V1(nm_active_users);
Datum
nm_active_users(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	ActiveDays days = {0};
	NmRowContext row;
	int64 active = 0;
	int64 seen;

	InitMaterializedSRF(fcinfo, 0);
	days.window = nm_bounded_arg(fcinfo, USERS_WINDOW_DAYS, "window_days", 1, 1,
								 NM_MAX_PERIODS);
	days.population = nm_count_arg(fcinfo, USERS_POPULATION, "population");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = nm_activity_arg(fcinfo, 0);
	if (!nm_active_range(fcinfo, state, USERS_AS_OF, USERS_START_DAY,
						 &days.range))
		PG_RETURN_NULL();
	days.n = nm_active_range_days(&days.range);
	active_days_fill(&days, state);

	seen = days.earlier;
	nm_row_begin(&row);
	for (int i = 0; i < days.n; i++)
	{
		int64 day = days.range.start + i;
		int64 total;
		Datum values[6];
		bool nulls[6] = {false};

		CHECK_FOR_INTERRUPTS();
		active += days.active[i];
		seen += days.new_users[i];
		total = days.population >= 0 ? days.population : seen;
		check_population(days.population, active);
		values[0] = DateADTGetDatum((DateADT) day);
		values[1] = Int64GetDatum(active);
		values[2] = Int64GetDatum(days.new_users[i]);
		values[3] = Int64GetDatum(total);
		nulls[4] = !nm_ratio_out(active, total, &values[4]);
		values[5] = BoolGetDatum(day - days.window + 1 >= days.range.first);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* Stickiness */

PG_FUNCTION_INFO_V1(nm_stickiness);
Datum
nm_stickiness(PG_FUNCTION_ARGS)
{
	static const int windows[3] = {1, WEEK_DAYS, MONTH_DAYS};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmActivityReader reader;
	NmActiveRange range;
	NmRowContext row;
	int64 *steps[3];
	int64 active[3] = {0, 0, 0};
	int n;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = nm_activity_arg(fcinfo, 0);
	if (!nm_active_range(fcinfo, state, STICKINESS_AS_OF, STICKINESS_START_DAY,
						 &range))
		PG_RETURN_NULL();
	n = nm_active_range_days(&range);
	for (int w = 0; w < 3; w++)
		steps[w] = palloc0_array(int64, n + 1);
	nm_activity_begin(&reader, state, range.as_of);
	while (nm_activity_next(&reader))
		for (int w = 0; w < 3; w++)
			add_windows(steps[w], &range, n, &reader, windows[w]);

	nm_row_begin(&row);
	for (int i = 0; i < n; i++)
	{
		int64 day = range.start + i;
		Datum values[7];
		bool nulls[7] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = DateADTGetDatum((DateADT) day);
		for (int w = 0; w < 3; w++)
		{
			active[w] += steps[w][i];
			values[1 + w] = Int64GetDatum(active[w]);
		}
		nulls[4] = !nm_ratio_out(active[0], active[1], &values[4]);
		nulls[5] = !nm_ratio_out(active[0], active[2], &values[5]);
		values[6] = BoolGetDatum(day - MONTH_DAYS + 1 >= range.first);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* Classes of use */

typedef enum UseClass
{
	CLASS_POWER,
	CLASS_REGULAR,
	CLASS_LOW
} UseClass;

#define USE_CLASSES 3

/* Classes: users of each class by row, a week or a day. */
typedef struct Classes
{
	NmActiveRange range;
	NmGrain grain;
	const NmCalendar *weeks; /* NULL if rows are days */
	int n;
	int64 population; /* -1 if not given */
	int power_above;
	int regular_from;
	int64 *users[USE_CLASSES]; /* steps if rows are days */
} Classes;

static UseClass
class_of(const Classes *classes, int64 actions)
{
	if (actions > classes->power_above)
		return CLASS_POWER;
	return actions >= classes->regular_from ? CLASS_REGULAR : CLASS_LOW;
}

/* add_weeks enters a user by calendar weeks. */
static void
add_weeks(Classes *classes, const NmActivityReader *reader)
{
	int i =
		nm_activity_search(reader->days, reader->n, classes->weeks->bounds[0]);

	while (i < reader->n)
	{
		int week = nm_calendar_index(classes->weeks, reader->days[i]);
		int64 actions = 0;

		if (week >= classes->n)
			break;
		for (; i < reader->n &&
			   reader->days[i] < classes->weeks->bounds[week + 1];
			 i++)
			actions += reader->actions[i];
		classes->users[class_of(classes, actions)][week]++;
	}
}

/*
 * add_rolling_weeks enters a user by the seven days that end on each day: its
 * actions change where a day comes in, and a week later where it goes.
 */
static void
add_rolling_weeks(Classes *classes, const NmActivityReader *reader)
{
	int in = 0;
	int out = 0;
	int64 actions = 0;

	while (out < reader->n && reader->days[out] < classes->range.end)
	{
		int64 at = (int64) reader->days[out] + WEEK_DAYS;
		int64 next;

		if (in < reader->n)
			at = Min(at, reader->days[in]);
		while (in < reader->n && reader->days[in] == at)
			actions += reader->actions[in++];
		while (out < in && reader->days[out] + (int64) WEEK_DAYS == at)
			actions -= reader->actions[out++];
		if (out == in)
			continue;
		next = (int64) reader->days[out] + WEEK_DAYS;
		if (in < reader->n)
			next = Min(next, reader->days[in]);
		nm_steps_add(classes->users[class_of(classes, actions)],
					 classes->range.start, classes->n, at, next);
	}
}

/* classes_rows settles what the rows are. */
static void
classes_rows(Classes *classes)
{
	NmCalendar *weeks;

	if (classes->grain.unit == NM_GRAIN_DAY)
	{
		classes->n = nm_active_range_days(&classes->range);
		return;
	}
	weeks = nm_calendar_make(&classes->grain, NULL, false, classes->range.start,
							 classes->range.end - 1);
	classes->weeks = weeks;
	classes->n = weeks->nperiods;
}

/* classes_options reads the arguments; false if there is nothing to count. */
static bool
classes_options(FunctionCallInfo fcinfo, const NmState *state, Classes *classes)
{
	classes->grain =
		nm_grain_parse(nm_text_arg(fcinfo, CLASSES_GRAIN, "week"),
					   nm_text_arg(fcinfo, CLASSES_WEEK_START, NULL), 1);
	if (classes->grain.unit != NM_GRAIN_DAY &&
		classes->grain.unit != NM_GRAIN_WEEK)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("classes of use are by week or by day"),
				 errdetail("Their bounds are actions within seven days."),
				 errhint("Pass week for calendar weeks, or day for the seven days that end on each day.")));
	if (!nm_activity_counts(state))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("classes of use need a state with counts of actions"),
				 errdetail("This state knows on which days users were active, not how much they did."),
				 errhint("Build it by nudge.activity_count_agg(user_id, day, actions).")));
	classes->population =
		nm_count_arg(fcinfo, CLASSES_POPULATION, "population");
	classes->power_above =
		nm_bounded_arg(fcinfo, CLASSES_POWER_ABOVE, "power_above",
					   DEFAULT_POWER_ABOVE, 1, PG_INT32_MAX);
	classes->regular_from =
		nm_bounded_arg(fcinfo, CLASSES_REGULAR_FROM, "regular_from",
					   Min(DEFAULT_REGULAR_FROM, classes->power_above), 1,
					   PG_INT32_MAX);
	if (classes->regular_from > classes->power_above)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("regular_from must be at most power_above, which is %d",
						classes->power_above),
				 errdetail("Regular users are those between the two."),
				 errhint("Pass both.")));
	return nm_active_range(fcinfo, state, CLASSES_AS_OF, CLASSES_START_DAY,
						   &classes->range);
}

/* classes_row puts a row. */
static void
classes_row(const Classes *classes, int i, const int64 *users,
			NmRowContext *row, ReturnSetInfo *rsinfo)
{
	int64 qualified = users[CLASS_POWER] + users[CLASS_REGULAR];
	int64 active = qualified + users[CLASS_LOW];
	int64 day = classes->range.start + i;
	bool has_population = classes->population >= 0;
	bool complete = day - WEEK_DAYS + 1 >= classes->range.first;
	Datum values[10];
	bool nulls[10] = {false};

	if (classes->weeks != NULL)
	{
		day = classes->weeks->starts[i];
		complete = classes->weeks->bounds[i + 1] <= classes->range.as_of;
	}
	check_population(classes->population, active);
	values[0] = DateADTGetDatum((DateADT) day);
	values[1] = Int64GetDatum(users[CLASS_POWER]);
	values[2] = Int64GetDatum(users[CLASS_REGULAR]);
	values[3] = Int64GetDatum(users[CLASS_LOW]);
	values[4] = Int64GetDatum(classes->population - active);
	nulls[4] = !has_population;
	values[5] = Int64GetDatum(active);
	values[6] = Int64GetDatum(qualified);
	nulls[7] =
		!nm_ratio_out(qualified, has_population ? classes->population : active,
					  &values[7]);
	nulls[8] = !nm_ratio_out(active, has_population ? classes->population : 0,
							 &values[8]);
	values[9] = BoolGetDatum(complete);
	nm_row_put(row, rsinfo, values, nulls);
}

PG_FUNCTION_INFO_V1(nm_active_user_classes);
Datum
nm_active_user_classes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmActivityReader reader;
	Classes classes = {0};
	int64 users[USE_CLASSES] = {0, 0, 0};
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = nm_activity_arg(fcinfo, 0);
	if (!classes_options(fcinfo, state, &classes))
		PG_RETURN_NULL();
	classes_rows(&classes);
	for (int c = 0; c < USE_CLASSES; c++)
		classes.users[c] = palloc0_array(int64, classes.n + 1);
	nm_activity_begin(&reader, state, classes.range.as_of);
	while (nm_activity_next(&reader))
	{
		if (classes.weeks != NULL)
			add_weeks(&classes, &reader);
		else
			add_rolling_weeks(&classes, &reader);
	}

	nm_row_begin(&row);
	for (int i = 0; i < classes.n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int c = 0; c < USE_CLASSES; c++)
			users[c] = classes.users[c][i] + (classes.weeks ? 0 : users[c]);
		classes_row(&classes, i, users, &row, rsinfo);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
