/*
 * lifecycle.c
 *		Who is new, returns, resurrects or goes dormant, and in how many
 *		periods users are active.
 *
 * See doc/active_users.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"

#include "active_users.h"
#include "activity.h"
#include "nm_calendar.h"
#include "nm_guards.h"
#include "nm_money.h"
#include "nm_rows.h"
#include "nm_waterfall.h"

/* arguments of stickiness_histogram */
enum
{
	HISTOGRAM_START_DAY = 1,
	HISTOGRAM_GRAIN = 3,
	HISTOGRAM_WEEK_START
};

/* arguments of lifecycle */
enum
{
	LIFECYCLE_GRAIN = 1,
	LIFECYCLE_AS_OF,
	LIFECYCLE_START_DAY,
	LIFECYCLE_WEEK_START = 5
};

/* arguments of lifecycle_users */
enum
{
	USERS_PERIOD = 1,
	USERS_GRAIN,
	USERS_AS_OF,
	USERS_WEEK_START
};

typedef enum LifecycleStatus
{
	STATUS_NEW,
	STATUS_RETURNING,
	STATUS_RESURRECTING,
	STATUS_DORMANT
} LifecycleStatus;

#define STATUSES 4

static const char *const status_names[STATUSES] = {"new", "returning",
												   "resurrecting", "dormant"};

/* Histogram of active periods */

/* active_periods returns in how many periods of a range a user was active. */
static int
active_periods(const NmCalendar *cal, const NmActiveRange *range,
			   const NmActivityReader *reader)
{
	int i = nm_activity_search(reader->days, reader->n, range->start);
	int last = -1;
	int n = 0;

	for (; i < reader->n && reader->days[i] < range->end; i++)
	{
		int p = nm_calendar_index(cal, reader->days[i]);

		n += p != last;
		last = p;
	}
	return n;
}

PG_FUNCTION_INFO_V1(nm_stickiness_histogram);
Datum
nm_stickiness_histogram(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmActivityReader reader;
	NmActiveRange range;
	NmGrain grain;
	NmCalendar *cal;
	NmRowContext row;
	int64 *users; /* by number of active periods */
	int64 at_least = 0;
	int64 all;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = nm_activity_arg(fcinfo, 0);
	grain = nm_grain_args(fcinfo, HISTOGRAM_GRAIN, "day", HISTOGRAM_WEEK_START);
	if (!nm_active_range(fcinfo, state, 0, HISTOGRAM_START_DAY, &range))
		PG_RETURN_NULL();
	cal = nm_calendar_make(&grain, NULL, false, range.start, range.end - 1);
	users = palloc0_array(int64, cal->nperiods + 1);
	nm_activity_begin(&reader, state, range.as_of);
	while (nm_activity_next(&reader))
		users[active_periods(cal, &range, &reader)]++;
	for (int i = 1; i <= cal->nperiods; i++)
		at_least += users[i];

	all = at_least;
	nm_row_begin(&row);
	for (int i = 1; i <= cal->nperiods; i++)
	{
		Datum values[4];
		bool nulls[4] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = Int32GetDatum(i);
		values[1] = Int64GetDatum(users[i]);
		values[2] = Int64GetDatum(at_least);
		nulls[3] = !nm_ratio_out(users[i], all, &values[3]);
		at_least -= users[i];
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* Lifecycle */

/* Lifecycle: users of each status by period; the first may be a lead. */
typedef struct Lifecycle
{
	NmActiveRange range;
	const NmCalendar *cal;
	bool has_lead; /* period 0 is there to tell who was active in it */
	int64 *users[STATUSES];
} Lifecycle;

static void
lifecycle_make(Lifecycle *lifecycle, const NmGrain *grain)
{
	const NmActiveRange *range = &lifecycle->range;
	int64 start = nm_period_start(grain, (DateADT) range->start);

	/* before the first active day there is nothing to look back to */
	lifecycle->has_lead = start > range->first;
	lifecycle->cal =
		nm_calendar_make(grain, NULL, false, start - lifecycle->has_lead,
						 range->end - 1);
	for (int s = 0; s < STATUSES; s++)
		lifecycle->users[s] = palloc0_array(int64, lifecycle->cal->nperiods);
}

/* lifecycle_user enters the user just read. */
static void
lifecycle_user(Lifecycle *lifecycle, const NmActivityReader *reader)
{
	const NmCalendar *cal = lifecycle->cal;
	int n = cal->nperiods;
	int i = nm_activity_search(reader->days, reader->n, cal->bounds[0]);
	bool is_new = i == 0;
	int before = -2; /* the last active period */

	while (i < reader->n)
	{
		int p = nm_calendar_index(cal, reader->days[i]);

		if (before >= 0 && p > before + 1)
			lifecycle->users[STATUS_DORMANT][before + 1]++;
		if (p >= n)
			return;
		if (is_new)
			lifecycle->users[STATUS_NEW][p]++;
		else if (p == before + 1)
			lifecycle->users[STATUS_RETURNING][p]++;
		else
			lifecycle->users[STATUS_RESURRECTING][p]++;
		is_new = false;
		before = p;
		while (i < reader->n && reader->days[i] < cal->bounds[p + 1])
			i++;
	}
	if (before >= 0 && before + 1 < n)
		lifecycle->users[STATUS_DORMANT][before + 1]++;
}

PG_FUNCTION_INFO_V1(nm_lifecycle);
Datum
nm_lifecycle(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmActivityReader reader;
	Lifecycle lifecycle = {0};
	NmGrain grain;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = nm_activity_arg(fcinfo, 0);
	grain =
		nm_grain_args(fcinfo, LIFECYCLE_GRAIN, "week", LIFECYCLE_WEEK_START);
	if (!nm_active_range(fcinfo, state, LIFECYCLE_AS_OF, LIFECYCLE_START_DAY,
						 &lifecycle.range))
		PG_RETURN_NULL();
	lifecycle_make(&lifecycle, &grain);
	nm_activity_begin(&reader, state, lifecycle.range.as_of);
	while (nm_activity_next(&reader))
		lifecycle_user(&lifecycle, &reader);

	nm_row_begin(&row);
	for (int i = lifecycle.has_lead; i < lifecycle.cal->nperiods; i++)
	{
		int64 active = 0;
		Datum values[7];
		bool nulls[7] = {false};

		CHECK_FOR_INTERRUPTS();
		for (int s = 0; s < STATUSES; s++)
		{
			values[2 + s] = Int64GetDatum(lifecycle.users[s][i]);
			if (s != STATUS_DORMANT)
				active += lifecycle.users[s][i];
		}
		values[0] = DateADTGetDatum(lifecycle.cal->starts[i]);
		values[1] = Int64GetDatum(active);
		values[6] =
			BoolGetDatum(lifecycle.cal->bounds[i + 1] <= lifecycle.range.as_of);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/*
 * status_in finds the status of a user in the period [start, next), after the
 * period from `before` on; false if it has none.
 */
static bool
status_in(const NmActivityReader *reader, int64 before, int64 start, int64 next,
		  LifecycleStatus *status)
{
	int i = nm_activity_search(reader->days, reader->n, start);
	bool active = i < reader->n && reader->days[i] < next;
	bool was_active = i > 0 && reader->days[i - 1] >= before;

	if (!active)
		*status = STATUS_DORMANT;
	else if (i == 0)
		*status = STATUS_NEW;
	else
		*status = was_active ? STATUS_RETURNING : STATUS_RESURRECTING;
	return active || was_active;
}

PG_FUNCTION_INFO_V1(nm_lifecycle_users);
Datum
nm_lifecycle_users(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmActivityReader reader;
	NmGrain grain;
	NmRowContext row;
	bool is_set;
	DateADT period;
	int64 first;
	int64 last;
	int64 as_of;
	int64 start;
	int64 next;
	int64 before;

	InitMaterializedSRF(fcinfo, 0);
	nm_require_arg(fcinfo, USERS_PERIOD, "period");
	period = nm_date_arg(fcinfo, USERS_PERIOD, "period", &is_set);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = nm_activity_arg(fcinfo, 0);
	grain = nm_grain_args(fcinfo, USERS_GRAIN, "week", USERS_WEEK_START);
	nm_activity_range(state, &first, &last);
	as_of = nm_activity_as_of(fcinfo, USERS_AS_OF, last);
	start = nm_period_start(&grain, period);
	if (start >= as_of)
		PG_RETURN_NULL();
	before =
		start > first ? nm_period_start(&grain, (DateADT) (start - 1)) : start;

	next = nm_period_next(&grain, period);
	nm_activity_begin(&reader, state, as_of);
	nm_row_begin(&row);
	while (nm_activity_next(&reader))
	{
		LifecycleStatus status;
		Datum values[2];
		bool nulls[2] = {false};

		if (!status_in(&reader, before, start, next, &status))
			continue;
		values[0] = CStringGetTextDatum(nm_state_key_text(state, reader.key));
		values[1] = CStringGetTextDatum(status_names[status]);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
