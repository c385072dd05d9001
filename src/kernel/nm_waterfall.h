/*
 * nm_waterfall.h
 *		What waterfalls share: options, totals by period, rows.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_WATERFALL_H
#define NM_WATERFALL_H

#include "postgres.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nm_state.h"
#include "nm_timeline.h"

/* Options as the SQL functions have them. */
typedef struct NmWaterfallOptions
{
	NmGrain grain;
	pg_tz *zone;
	bool has_as_of;
	int64 as_of; /* time of the state */
	bool has_start;
	bool has_end;
	DateADT start_day;
	DateADT end_day;
	NmTimeline timeline; /* counting rules; calendar still missing */
} NmWaterfallOptions;

/* Movements of one period, by NmMovementKind. */
typedef struct NmPeriodTotals
{
	int128 amount[NM_MOVE_KINDS];
	int128 fx;
	int64 customers[NM_MOVE_KINDS];
} NmPeriodTotals;

/* The zone of an accessor; a state of civil days has none but UTC. */
extern pg_tz *nm_state_zone(const NmState *state, const char *zone);

/* The instant that a time of the state stands for. */
extern TimestampTz nm_state_instant(const NmState *state, int64 t);

/* The time of the state at which a day of the zone begins. */
extern int64 nm_state_day_start(const NmState *state, DateADT day, pg_tz *zone);

/* Complains about a window that holds no day. */
extern void nm_check_window(DateADT start_day, DateADT end_day);

/* How changes are counted: mode and the options that refine it. */
extern void
nm_timeline_options(FunctionCallInfo fcinfo, const NmState *state, int mode_arg,
					int max_gap_arg, NmTimeline *timeline);

/*
 * Reads the arguments grain, week_start and fiscal_year_start, of which a NULL
 * grain is the given one.
 */
extern NmGrain nm_grain_args(FunctionCallInfo fcinfo, int grain_arg,
							 const char *if_null, int week_start_arg);

/* Reads the argument as_of. */
extern void
nm_waterfall_as_of(FunctionCallInfo fcinfo, int argno, const NmState *state,
				   NmWaterfallOptions *options);

/* Reads arguments 1 to 12 of mrr_waterfall and its kin. */
extern void nm_waterfall_options(FunctionCallInfo fcinfo, const NmState *state,
								 NmWaterfallOptions *options);

/*
 * Makes the calendar for data from `first` to the latest finite time `last`;
 * false if no period is left.
 */
extern bool
nm_waterfall_calendar(NmWaterfallOptions *options, const NmState *state,
					  int64 first, int64 last);

/* Whether period i is among the rows asked for. */
extern bool nm_waterfall_wanted(const NmWaterfallOptions *options, int i);

/* Sets a value to whether period i is complete, or to NULL. */
extern void nm_waterfall_complete(const NmWaterfallOptions *options, int i,
								  Datum *value, bool *isnull);

/* Totals for periods -1 (before the calendar) to nperiods - 1. */
extern NmPeriodTotals *nm_totals_make(int nperiods);

static inline void
nm_totals_add(NmPeriodTotals *totals, int nperiods, const NmMovement *move)
{
	NmPeriodTotals *t;

	if (move->period >= nperiods)
		return;
	t = &totals[move->period + 1];
	t->amount[move->kind] += (int128) move->after - move->before;
	t->customers[move->kind]++;
}

/* The 16 columns opening_mrr ... closing_customers of one period. */
#define NM_WATERFALL_COLUMNS 16

typedef struct NmRunningTotals
{
	int128 mrr;
	int64 customers;
} NmRunningTotals;

extern void nm_totals_row(const NmPeriodTotals *totals,
						  NmRunningTotals *running, Datum *values);

/* Rows of mrr_waterfall: totals as of nm_totals_make. */
extern void
nm_waterfall_emit(FunctionCallInfo fcinfo, const NmWaterfallOptions *options,
				  const NmPeriodTotals *totals);

#endif /* NM_WATERFALL_H */
