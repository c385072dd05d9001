/*
 * nm_waterfall.c
 *		What waterfalls share: options, totals by period, rows.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/tuplestore.h"

#include "nm_guards.h"
#include "nm_money.h"
#include "nm_waterfall.h"

/* argument numbers of mrr_waterfall and its kin */
enum
{
	ARG_GRAIN = 1,
	ARG_ZONE,
	ARG_AS_OF,
	ARG_MODE,
	ARG_START_DAY,
	ARG_END_DAY,
	ARG_MAX_GAP,
	ARG_WEEK_START = 11
};

#define LONGEST_YEARS 10000

pg_tz *
nm_state_zone(const NmState *state, const char *zone)
{
	if (!nm_state_instants(state) && pg_strcasecmp(zone, "UTC") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a state of civil days takes no time zone"),
				 errdetail("Its days were settled when it was built; \"%s\" cannot move them.",
						   nm_clip(zone)),
				 errhint("Leave the zone out, or build the state from timestamptz.")));
	return nm_zone_parse(zone);
}

/* state_time returns an instant as time of the state: itself, or its UTC day. */
static int64
state_time(const NmState *state, TimestampTz at)
{
	int64 day = at / USECS_PER_DAY;

	if (nm_state_instants(state))
		return at;
	return at % USECS_PER_DAY < 0 ? day - 1 : day;
}

TimestampTz
nm_state_instant(const NmState *state, int64 t)
{
	if (nm_state_instants(state))
		return t;
	if (t >= TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range for an instant"),
				 errdetail("Instants end in the year 294276."),
				 errhint("Look for placeholder dates, and write null for an open end.")));
	return t * USECS_PER_DAY;
}

int64
nm_state_day_start(const NmState *state, DateADT day, pg_tz *zone)
{
	return nm_state_instants(state) ? nm_day_to_instant(day, zone) : day;
}

void
nm_check_window(DateADT start_day, DateADT end_day)
{
	if (start_day >= end_day)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("start_day must be before end_day"),
				 errdetail("A window is half-open: it holds start_day, and ends before end_day."),
				 errhint("For one day pass that day and the next.")));
}

/* interval_arg returns a non-negative interval, or NULL for NULL. */
static const Interval *
interval_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	const Interval *interval;

	if (PG_ARGISNULL(argno))
		return NULL;
	interval = PG_GETARG_INTERVAL_P(argno);
	if (interval->time < 0 || interval->day < 0 || interval->month < 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"%s\" must not be negative", name),
						errdetail("It is a length of time."),
						errhint("Pass null to do without it.")));
	if (interval->month > 12 * LONGEST_YEARS ||
		interval->day > 366 * LONGEST_YEARS)
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("argument \"%s\" must be at most %d years", name,
							   LONGEST_YEARS),
						errdetail("Beyond that dates run out of range."),
						errhint("Pass null to do without it.")));
	return interval;
}

void
nm_timeline_options(FunctionCallInfo fcinfo, const NmState *state, int mode_arg,
					int max_gap_arg, NmTimeline *timeline)
{
	const NmMode *mode =
		nm_mode_parse(nm_text_arg(fcinfo, mode_arg, "snapshot"));
	const char *free_policy = nm_text_arg(fcinfo, max_gap_arg + 2, NULL);
	const Interval *event_window =
		interval_arg(fcinfo, max_gap_arg + 3, "event_window");

	memset(timeline, 0, sizeof(NmTimeline));
	timeline->context = CurrentMemoryContext;
	timeline->count_at = mode->count_at;
	timeline->limit = NM_OPEN;
	timeline->max_gap =
		interval_arg(fcinfo, max_gap_arg, "reactivation_max_gap");
	timeline->tolerance =
		interval_arg(fcinfo, max_gap_arg + 1, "gap_tolerance");

	timeline->free_is_active = mode->free_is_active;
	if (free_policy && pg_strcasecmp(free_policy, "churn") == 0)
		timeline->free_is_active = false;
	else if (free_policy && pg_strcasecmp(free_policy, "contraction") == 0)
		timeline->free_is_active = true;
	else if (free_policy)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown value \"%s\" of paid_to_free",
						nm_clip(free_policy)),
				 errdetail("It says what a customer does who moves to a free plan."),
				 errhint("Use churn or contraction.")));

	/* days are apart by more than any window of less than a day */
	timeline->event_window = mode->event_window;
	if (event_window)
	{
		if (event_window->month != 0 || event_window->day != 0 ||
			event_window->time >= USECS_PER_DAY)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument \"%s\" must be shorter than a day",
							"event_window"),
					 errdetail("It joins changes that belong to one decision of the customer."),
					 errhint("Pass hours or minutes, or gap_tolerance to bridge longer gaps.")));
		timeline->event_window = event_window->time;
	}
	if (!nm_state_instants(state) || mode->count_at != NM_COUNT_EVENT)
		timeline->event_window = 0;
}

/* fiscal_year_start follows week_start in every function that has them */
NmGrain
nm_grain_args(FunctionCallInfo fcinfo, int grain_arg, const char *if_null,
			  int week_start_arg)
{
	return nm_grain_parse(nm_text_arg(fcinfo, grain_arg, if_null),
						  nm_text_arg(fcinfo, week_start_arg, NULL),
						  PG_ARGISNULL(week_start_arg + 1)
							  ? 1
							  : PG_GETARG_INT32(week_start_arg + 1));
}

void
nm_waterfall_as_of(FunctionCallInfo fcinfo, int argno, const NmState *state,
				   NmWaterfallOptions *options)
{
	TimestampTz at;

	options->timeline.limit = NM_OPEN;
	if (PG_ARGISNULL(argno))
		return;
	at = PG_GETARG_TIMESTAMPTZ(argno);
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("argument \"%s\" must be a finite instant", "as_of"),
				 errdetail("Infinity is not a time at which the books can be read."),
				 errhint("Pass null to count all that is recorded.")));
	options->has_as_of = true;
	options->as_of = state_time(state, at);
	options->timeline.limit = options->as_of;
}

void
nm_waterfall_options(FunctionCallInfo fcinfo, const NmState *state,
					 NmWaterfallOptions *options)
{
	memset(options, 0, sizeof(NmWaterfallOptions));
	nm_timeline_options(fcinfo, state, ARG_MODE, ARG_MAX_GAP,
						&options->timeline);
	options->grain = nm_grain_args(fcinfo, ARG_GRAIN, "month", ARG_WEEK_START);
	options->zone = nm_state_zone(state, nm_text_arg(fcinfo, ARG_ZONE, "UTC"));
	options->start_day =
		nm_date_arg(fcinfo, ARG_START_DAY, "start_day", &options->has_start);
	options->end_day =
		nm_date_arg(fcinfo, ARG_END_DAY, "end_day", &options->has_end);
	if (options->has_start && options->has_end)
		nm_check_window(options->start_day, options->end_day);
	nm_waterfall_as_of(fcinfo, ARG_AS_OF, state, options);
}

bool
nm_waterfall_calendar(NmWaterfallOptions *options, const NmState *state,
					  int64 first, int64 last)
{
	NmTimeline *tl = &options->timeline;
	bool instants = nm_state_instants(state);

	/* a window that is asked for is filled, whatever the data reach */
	if (options->has_start)
		first = Min(first, nm_state_day_start(state, options->start_day,
											  options->zone));
	if (options->has_end)
		last = nm_state_day_start(state, options->end_day, options->zone) - 1;
	if (options->has_as_of && (options->as_of <= last || !options->has_end))
		last = options->as_of - 1;
	if (last < first)
		return false;
	tl->cal =
		nm_calendar_make(&options->grain, options->zone, instants, first, last);

	/* what changes within a period is seen when the next one opens */
	if (tl->count_at == NM_COUNT_OPENING && !options->has_as_of &&
		!options->has_end && tl->cal->bounds[tl->cal->nperiods - 1] < last)
		tl->cal = nm_calendar_make(&options->grain, options->zone, instants,
								   first, tl->cal->bounds[tl->cal->nperiods]);
	return true;
}

bool
nm_waterfall_wanted(const NmWaterfallOptions *options, int i)
{
	const NmCalendar *cal = options->timeline.cal;

	if (options->has_end && cal->starts[i] >= options->end_day)
		return false;
	return !options->has_start ||
		   nm_period_next(&options->grain, cal->starts[i]) > options->start_day;
}

void
nm_waterfall_complete(const NmWaterfallOptions *options, int i, Datum *value,
					  bool *isnull)
{
	*isnull = !options->has_as_of;
	*value =
		BoolGetDatum(options->has_as_of &&
					 options->timeline.cal->bounds[i + 1] <= options->as_of);
}

NmPeriodTotals *
nm_totals_make(int nperiods)
{
	return palloc0(mul_size(nperiods + 1, sizeof(NmPeriodTotals)));
}

void
nm_totals_row(const NmPeriodTotals *totals, NmRunningTotals *running,
			  Datum *values)
{
	static const NmMovementKind order[NM_MOVE_KINDS] = {NM_MOVE_NEW,
														NM_MOVE_REACTIVATION,
														NM_MOVE_EXPANSION,
														NM_MOVE_CONTRACTION,
														NM_MOVE_CHURN};
	int c = 0;
	int128 net = totals->fx;

	values[c++] = nm_money_out(running->mrr);
	for (int k = 0; k < NM_MOVE_KINDS; k++)
	{
		values[c++] = nm_money_out(totals->amount[order[k]]);
		net += totals->amount[order[k]];
	}
	values[c++] = nm_money_out(totals->fx);
	values[c++] = nm_money_out(net);
	running->mrr += net;
	values[c++] = nm_money_out(running->mrr);

	values[c++] = Int64GetDatum(running->customers);
	for (int k = 0; k < NM_MOVE_KINDS; k++)
		values[c++] = Int64GetDatum(totals->customers[order[k]]);
	running->customers += totals->customers[NM_MOVE_NEW] +
						  totals->customers[NM_MOVE_REACTIVATION] -
						  totals->customers[NM_MOVE_CHURN];
	values[c++] = Int64GetDatum(running->customers);
	Assert(c == NM_WATERFALL_COLUMNS);
}

void
nm_waterfall_emit(FunctionCallInfo fcinfo, const NmWaterfallOptions *options,
				  const NmPeriodTotals *totals)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmCalendar *cal = options->timeline.cal;
	NmRunningTotals running = {0, 0};
	Datum values[NM_WATERFALL_COLUMNS + 2];
	bool nulls[NM_WATERFALL_COLUMNS + 2] = {false};

	nm_totals_row(&totals[0], &running, values + 1);
	for (int i = 0; i < cal->nperiods; i++)
	{
		CHECK_FOR_INTERRUPTS();
		values[0] = DateADTGetDatum(cal->starts[i]);
		nm_totals_row(&totals[i + 1], &running, values + 1);
		nm_waterfall_complete(options, i, &values[NM_WATERFALL_COLUMNS + 1],
							  &nulls[NM_WATERFALL_COLUMNS + 1]);
		if (nm_waterfall_wanted(options, i))
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
								 nulls);
	}
}
