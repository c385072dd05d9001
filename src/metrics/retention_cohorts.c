/*
 * retention_cohorts.c
 *		Retention by calendar period of entry and age, and its trend.
 *
 * See doc/retention.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/date.h"

#include "activity.h"
#include "nm_calendar.h"
#include "nm_guards.h"
#include "nm_money.h"
#include "nm_rows.h"
#include "nm_waterfall.h"
#include "retention.h"

#define MAX_COHORT_CELLS 1000000
#define DEFAULT_PERIODS 12

/* arguments of retention_cohorts */
enum
{
	COHORTS_GRAIN = 1,
	COHORTS_PERIODS,
	COHORTS_AS_OF,
	COHORTS_ENTRY,
	COHORTS_MODE,
	COHORTS_MIN_ACTIONS,
	COHORTS_START_DAY,
	COHORTS_RETURN_STATE = 9,
	COHORTS_WEEK_START
};

/* arguments of retention_trend */
enum
{
	TREND_AGE = 1,
	TREND_GRAIN,
	TREND_AS_OF,
	TREND_ENTRY,
	TREND_MODE,
	TREND_WEEK_START
};

/* Cohorts: numbers of users by period of entry and age. */
typedef struct Cohorts
{
	NmRetentionOptions options;
	NmRetentionRule rule;
	NmGrain grain;
	const NmCalendar *cal; /* period 0 is the first cohort */
	int n;                 /* cohorts */
	int64 *cells;          /* retained, a row for each cohort */
	int64 *users;          /* by cohort */

	/* periods of one user */
	int32 *entries;
	int32 *periods;
	int64 *actions;
	int capacity;
} Cohorts;

/* Cell: what is known of a cohort at an age. */
typedef struct Cell
{
	bool elapsed;
	int64 eligible;
	int64 retained;
} Cell;

/* entry_range finds the first and last day of entry; false if nobody enters. */
static bool
entry_range(const NmRetentionOptions *options, int64 *first, int64 *last)
{
	NmRetentionWalk walk;
	bool found = false;

	*first = PG_INT64_MAX;
	*last = PG_INT64_MIN;
	nm_retention_begin(&walk, options);
	while (nm_retention_next(&walk))
	{
		*first = Min(*first, walk.entries[0]);
		*last = Max(*last, walk.entries[walk.nentries - 1]);
		found = true;
	}
	return found;
}

/*
 * cohorts_make lays out cohorts from the first to the last; false if there is
 * none.  A range that is asked for is filled, as far as time has gone on.
 */
static bool
cohorts_make(Cohorts *cohorts)
{
	const NmRetentionOptions *options = &cohorts->options;
	int64 first;
	int64 last;
	int64 end;
	bool found = entry_range(options, &first, &last);
	NmCalendar *cal;

	if (options->has_start)
		first = options->start_day;
	if (options->has_end)
		last = Min(options->end_day, options->as_of) - 1;
	if ((!found && !(options->has_start && options->has_end)) || first > last)
		return false;

	cal = nm_calendar_make(&cohorts->grain, NULL, false, first, last);
	cohorts->n = cal->nperiods;
	if ((int64) cohorts->n * (cohorts->rule.max_age + 1) > MAX_COHORT_CELLS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%d cohorts of %d ages are more than %d rows",
						cohorts->n, cohorts->rule.max_age + 1,
						MAX_COHORT_CELLS),
				 errdetail("Each cohort has a row for every age, whether anybody came back or not."),
				 errhint("Use a coarser grain, fewer ages, or start_day and end_day.")));

	/*
	 * As far as the last age of the last cohort.  What comes later is one
	 * period to all modes but the one that weighs it period by period.
	 */
	end = cal->bounds[cal->nperiods];
	for (int age = 0; age < cohorts->rule.max_age; age++)
		end = nm_period_next(&cohorts->grain, (DateADT) end);
	if (options->mode == NM_RETAINED_ON_OR_AFTER && options->min_actions > 1)
		end = Max(end, options->last + 1);
	cohorts->cal =
		nm_calendar_make(&cohorts->grain, NULL, false, first, end - 1);
	cohorts->cells =
		palloc_extended(mul_size(mul_size(cohorts->n, sizeof(int64)),
								 nm_retention_cells(&cohorts->rule)),
						MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	cohorts->users = palloc0_array(int64, cohorts->n);
	return true;
}

/* cohorts_reserve makes room for n periods of a user. */
static void
cohorts_reserve(Cohorts *cohorts, int n)
{
	if (n <= cohorts->capacity)
		return;
	if (cohorts->capacity > 0)
	{
		pfree(cohorts->entries);
		pfree(cohorts->periods);
		pfree(cohorts->actions);
	}
	cohorts->capacity = Max(n, 2 * cohorts->capacity);
	cohorts->entries = palloc_array(int32, cohorts->capacity);
	cohorts->periods = palloc_array(int32, cohorts->capacity);
	cohorts->actions = palloc_array(int64, cohorts->capacity);
}

/*
 * periods_of turns ascending days into the periods that hold them, each once,
 * with the sums of their actions; days before the first period are left out.
 */
static int
periods_of(const Cohorts *cohorts, const int32 *days, const int64 *actions,
		   int n, int32 *periods, int64 *sums)
{
	int m = 0;

	for (int i = 0; i < n; i++)
	{
		int p = nm_calendar_index(cohorts->cal, days[i]);

		if (p < 0)
			continue;
		if (m == 0 || periods[m - 1] != p)
		{
			periods[m++] = p;
			if (actions != NULL)
				sums[m - 1] = 0;
		}
		if (actions != NULL)
			sums[m - 1] += actions[i];
	}
	return m;
}

/* cohorts_fill enters all users. */
static void
cohorts_fill(Cohorts *cohorts)
{
	NmRetentionWalk walk;

	nm_retention_begin(&walk, &cohorts->options);
	while (nm_retention_next(&walk))
	{
		int nentries;
		int n;

		cohorts_reserve(cohorts, Max(walk.nentries, walk.ndays));
		nentries = periods_of(cohorts, walk.entries, NULL, walk.nentries,
							  cohorts->entries, NULL);
		n = periods_of(cohorts, walk.days, walk.actions, walk.ndays,
					   cohorts->periods, cohorts->actions);
		for (int i = 0; i < nentries; i++)
			cohorts->users[cohorts->entries[i]]++;
		nm_retention_count(&cohorts->rule, cohorts->entries, nentries,
						   cohorts->periods,
						   walk.actions ? cohorts->actions : NULL, n,
						   PG_INT32_MAX, cohorts->cells,
						   nm_retention_cells(&cohorts->rule), 0);
	}
	for (int c = 0; c < cohorts->n; c++)
	{
		CHECK_FOR_INTERRUPTS();
		nm_retention_sum(&cohorts->rule,
						 cohorts->cells +
							 c * nm_retention_cells(&cohorts->rule));
	}
}

/*
 * cohorts_begin reads what the functions share and counts all users; false if
 * there is nothing to count.
 */
static bool
cohorts_begin(FunctionCallInfo fcinfo, const NmRetentionArgs *args,
			  int grain_arg, int week_start_arg, int max_age, Cohorts *cohorts)
{
	NmRetentionOptions *options = &cohorts->options;

	if (!nm_retention_options(fcinfo, args, options))
		return false;
	if (options->mode == NM_RETAINED_BRACKET)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mode \"bracket\" is one of retention_curve alone"),
				 errdetail("The ages here are calendar periods, and not brackets of days."),
				 errhint("Use on, on_or_after, on_or_before or streak.")));
	cohorts->grain = nm_grain_args(fcinfo, grain_arg, "month", week_start_arg);
	cohorts->rule.mode = options->mode;
	cohorts->rule.min_actions = options->min_actions;
	cohorts->rule.each = true;
	cohorts->rule.max_age = max_age;
	if (!cohorts_make(cohorts))
		return false;
	cohorts_fill(cohorts);
	return true;
}

/* cohorts_cell reads a cell. */
static Cell
cohorts_cell(const Cohorts *cohorts, int cohort, int age)
{
	Cell cell = {false, 0, 0};

	cell.elapsed =
		cohorts->cal->bounds[cohort + age + 1] <= cohorts->options.as_of;
	if (cell.elapsed)
	{
		cell.eligible = cohorts->users[cohort];
		cell.retained =
			cohorts->cells[cohort * nm_retention_cells(&cohorts->rule) + age];
	}
	return cell;
}

/* cell_values sets retained and rate. */
static void
cell_values(const Cell *cell, Datum *values, bool *nulls)
{
	values[0] = Int64GetDatum(cell->retained);
	nulls[0] = !cell->elapsed;
	nulls[1] = !nm_ratio_out(cell->retained, cell->eligible, &values[1]);
}

/* mean_rows puts the rows of all cohorts together. */
static void
mean_rows(const Cohorts *cohorts, NmRowContext *row, ReturnSetInfo *rsinfo)
{
	int64 users = 0;

	for (int c = 0; c < cohorts->n; c++)
		users += cohorts->users[c];
	for (int age = 0; age <= cohorts->rule.max_age; age++)
	{
		Cell sum = {false, 0, 0};
		Datum values[7];
		bool nulls[7] = {true, false, true};

		CHECK_FOR_INTERRUPTS();
		for (int c = 0; c < cohorts->n; c++)
		{
			Cell cell = cohorts_cell(cohorts, c, age);

			sum.elapsed |= cell.elapsed;
			sum.eligible += cell.eligible;
			sum.retained += cell.retained;
		}
		values[1] = Int32GetDatum(age);
		values[3] = Int64GetDatum(users);
		values[4] = Int64GetDatum(sum.eligible);
		cell_values(&sum, values + 5, nulls + 5);
		nm_row_put(row, rsinfo, values, nulls);
	}
}

PG_FUNCTION_INFO_V1(nm_retention_cohorts);
Datum
nm_retention_cohorts(PG_FUNCTION_ARGS)
{
	static const NmRetentionArgs args = {.as_of = COHORTS_AS_OF,
										 .mode = COHORTS_MODE,
										 .min_actions = COHORTS_MIN_ACTIONS,
										 .entry = COHORTS_ENTRY,
										 .start_day = COHORTS_START_DAY,
										 .return_state = COHORTS_RETURN_STATE};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Cohorts cohorts = {0};
	NmRowContext row;
	int max_age;

	InitMaterializedSRF(fcinfo, 0);
	max_age = nm_bounded_arg(fcinfo, COHORTS_PERIODS, "periods",
							 DEFAULT_PERIODS, 0, NM_MAX_AGE);
	if (!cohorts_begin(fcinfo, &args, COHORTS_GRAIN, COHORTS_WEEK_START,
					   max_age, &cohorts))
		PG_RETURN_NULL();

	nm_row_begin(&row);
	for (int c = 0; c < cohorts.n; c++)
		for (int age = 0; age <= max_age; age++)
		{
			Cell cell = cohorts_cell(&cohorts, c, age);
			Datum values[7];
			bool nulls[7] = {false};

			CHECK_FOR_INTERRUPTS();
			values[0] = DateADTGetDatum(cohorts.cal->starts[c]);
			values[1] = Int32GetDatum(age);
			values[2] = DateADTGetDatum(cohorts.cal->starts[c + age]);
			values[3] = Int64GetDatum(cohorts.users[c]);
			values[4] = Int64GetDatum(cell.eligible);
			cell_values(&cell, values + 5, nulls + 5);
			nm_row_put(&row, rsinfo, values, nulls);
		}
	mean_rows(&cohorts, &row, rsinfo);
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* trend_row puts a row, given the cell of the row before, if there is one. */
static void
trend_row(DateADT cohort, const Cell *cell, const Cell *before,
		  NmRowContext *row, ReturnSetInfo *rsinfo)
{
	Datum values[5];
	bool nulls[5] = {false};

	values[0] = DateADTGetDatum(cohort);
	values[1] = Int64GetDatum(cell->eligible);
	cell_values(cell, values + 2, nulls + 2);
	nulls[4] =
		before->eligible == 0 ||
		!nm_ratio_out((int128) cell->retained * before->eligible -
						  (int128) before->retained * cell->eligible,
					  (int128) cell->eligible * before->eligible, &values[4]);
	nm_row_put(row, rsinfo, values, nulls);
}

PG_FUNCTION_INFO_V1(nm_retention_trend);
Datum
nm_retention_trend(PG_FUNCTION_ARGS)
{
	static const NmRetentionArgs args = {.as_of = TREND_AS_OF,
										 .mode = TREND_MODE,
										 .entry = TREND_ENTRY};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Cohorts cohorts = {0};
	Cell before = {false, 0, 0};
	NmRowContext row;
	int age;

	InitMaterializedSRF(fcinfo, 0);
	nm_require_arg(fcinfo, TREND_AGE, "age");
	age = nm_bounded_arg(fcinfo, TREND_AGE, "age", 1, 0, NM_MAX_AGE);
	if (!cohorts_begin(fcinfo, &args, TREND_GRAIN, TREND_WEEK_START, age,
					   &cohorts))
		PG_RETURN_NULL();
	nm_row_begin(&row);
	for (int c = 0; c < cohorts.n; c++)
	{
		Cell cell = cohorts_cell(&cohorts, c, age);

		if (cell.eligible == 0)
			continue;
		trend_row(cohorts.cal->starts[c], &cell, &before, &row, rsinfo);
		before = cell;
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
