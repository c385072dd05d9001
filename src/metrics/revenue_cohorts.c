/*
 * revenue_cohorts.c
 *		Cohorts by first paid period, and what became of their revenue.
 *
 * Cohorts add up to the closing MRR of mrr_waterfall.  See
 * doc/revenue_cohorts.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/date.h"
#include "utils/memutils.h"

#include "nm_guards.h"
#include "nm_money.h"
#include "nm_rows.h"
#include "nm_waterfall.h"
#include "revenue.h"

#define MAX_COHORT_CELLS 1000000

enum
{
	ARG_GRAIN = 1,
	ARG_ZONE,
	ARG_AS_OF,
	ARG_WEEK_START
};

/*
 * Cell: one cohort at one age.  mrr, capped and customers hold differences to
 * the age before until cohort_rows adds them up.
 */
typedef struct Cell
{
	int128 mrr;
	int128 capped; /* each customer at most its first MRR */
	int128 moved[NM_MOVE_KINDS];
	int64 customers;
} Cell;

typedef struct Cohorts
{
	const NmCalendar *cal;
	int n;       /* periods, and so cohorts */
	Cell *cells; /* row c has n - c ages */
	int64 *size; /* customers by cohort */
} Cohorts;

static Cell *
cell_at(const Cohorts *cohorts, int cohort, int period)
{
	Size c = cohort;

	return &cohorts->cells[c * cohorts->n - c * (c - 1) / 2 + (period - cohort)];
}

static void
cohorts_make(Cohorts *cohorts, const NmCalendar *cal)
{
	Size n = cal->nperiods;
	Size ncells = n * (n + 1) / 2;

	if (ncells > MAX_COHORT_CELLS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("cohorts over %d periods are more than %d rows",
						cal->nperiods, MAX_COHORT_CELLS),
				 errdetail("Each cohort has a row for every period from its own on."),
				 errhint("Use a coarser grain, or build the state from fewer years.")));
	cohorts->cal = cal;
	cohorts->n = cal->nperiods;
	cohorts->cells = palloc_extended(mul_size(ncells, sizeof(Cell)),
									 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	cohorts->size = palloc0(mul_size(n, sizeof(int64)));
}

/*
 * add_customer enters a customer, given the period of its first paid instant
 * and its movements.
 */
static void
add_customer(Cohorts *cohorts, int cohort, const NmTimeline *tl)
{
	int64 first_mrr = 0;

	cohorts->size[cohort]++;
	for (int i = 0; i < tl->nmoves; i++)
	{
		const NmMovement *move = &tl->moves[i];
		Cell *cell;

		if (move->period >= cohorts->n)
			break;
		cell = cell_at(cohorts, cohort, move->period);
		if (move->period == cohort)
			first_mrr = move->after;
		cell->mrr += (int128) move->after - move->before;
		cell->capped +=
			(int128) Min(move->after, first_mrr) - Min(move->before, first_mrr);
		cell->moved[move->kind] += (int128) move->after - move->before;
		cell->customers += (move->after > 0) - (move->before > 0);
	}
}

/* first_paid_period returns the period of the first paid instant, or -1. */
static int
first_paid_period(const NmState *state, uint32 start, uint32 end,
				  const NmTimeline *tl)
{
	for (uint32 i = start; i < end; i++)
	{
		NmSpan span = nm_mrr_span(state, i);

		/* records are in order of their start */
		if (span.from >= tl->limit)
			break;
		if (span.amount > 0)
			return nm_calendar_index(tl->cal, span.from);
	}
	return -1;
}

/* ratio_value sets a value to a quotient, or to NULL if the divisor is 0. */
static void
ratio_value(int128 dividend, int128 divisor, Datum *value, bool *isnull)
{
	*isnull = !nm_ratio_out(dividend, divisor, value);
}

/* cohort_rows puts the rows of one cohort. */
static void
cohort_rows(const Cohorts *cohorts, const NmWaterfallOptions *options,
			int cohort, NmRowContext *row, ReturnSetInfo *rsinfo)
{
	const NmCalendar *cal = cohorts->cal;
	Cell sum;
	int128 first_mrr = cell_at(cohorts, cohort, cohort)->mrr;

	memset(&sum, 0, sizeof(sum));
	for (int period = cohort; period < cohorts->n; period++)
	{
		const Cell *cell = cell_at(cohorts, cohort, period);
		Datum values[15];
		bool nulls[15] = {false};
		int c = 0;

		CHECK_FOR_INTERRUPTS();
		sum.mrr += cell->mrr;
		sum.capped += cell->capped;
		sum.customers += cell->customers;
		values[c++] = DateADTGetDatum(cal->starts[cohort]);
		values[c++] = Int32GetDatum(period - cohort);
		values[c++] = DateADTGetDatum(cal->starts[period]);
		values[c++] = Int64GetDatum(cohorts->size[cohort]);
		values[c++] = nm_money_out(first_mrr);
		values[c++] = Int64GetDatum(sum.customers);
		values[c++] = nm_money_out(sum.mrr);
		values[c++] = nm_money_out(cell->moved[NM_MOVE_EXPANSION]);
		values[c++] = nm_money_out(cell->moved[NM_MOVE_CONTRACTION]);
		values[c++] = nm_money_out(cell->moved[NM_MOVE_CHURN]);
		values[c++] = nm_money_out(cell->moved[NM_MOVE_REACTIVATION]);
		ratio_value(sum.customers, cohorts->size[cohort], &values[c],
					&nulls[c]);
		c++;
		ratio_value(sum.mrr, first_mrr, &values[c], &nulls[c]);
		c++;
		ratio_value(sum.capped, first_mrr, &values[c], &nulls[c]);
		c++;
		nm_waterfall_complete(options, period, &values[c], &nulls[c]);
		nm_row_put(row, rsinfo, values, nulls);
	}
}

/* cohort_options reads the arguments of revenue_cohorts. */
static void
cohort_options(FunctionCallInfo fcinfo, const NmState *state,
			   NmWaterfallOptions *options)
{
	memset(options, 0, sizeof(NmWaterfallOptions));
	options->timeline.context = CurrentMemoryContext;
	options->timeline.count_at = NM_COUNT_CLOSING;
	options->grain = nm_grain_args(fcinfo, ARG_GRAIN, "month", ARG_WEEK_START);
	options->zone = nm_state_zone(state, nm_text_arg(fcinfo, ARG_ZONE, "UTC"));
	nm_waterfall_as_of(fcinfo, ARG_AS_OF, state, options);
}

PG_FUNCTION_INFO_V1(nm_revenue_cohorts);
Datum
nm_revenue_cohorts(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmWaterfallOptions options;
	NmTimeline *tl = &options.timeline;
	Cohorts cohorts;
	NmMrrReader reader = {0};
	NmRowContext row;
	int64 first;
	int64 last;
	uint32 start;
	uint32 end;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = nm_log_arg(fcinfo, 0, &nm_mrr_family);
	cohort_options(fcinfo, state, &options);
	nm_mrr_range(state, &first, &last);
	if (!nm_waterfall_calendar(&options, state, first, last))
		PG_RETURN_NULL();
	cohorts_make(&cohorts, tl->cal);
	reader.state = state;
	while (nm_mrr_next(&reader, &start, &end))
	{
		int cohort;

		CHECK_FOR_INTERRUPTS();
		cohort = first_paid_period(state, start, end, tl);
		if (cohort < 0 || cohort >= cohorts.n)
			continue;
		nm_mrr_walk(state, start, end, tl);
		add_customer(&cohorts, cohort, tl);
	}
	nm_row_begin(&row);
	for (int c = 0; c < cohorts.n; c++)
		if (cohorts.size[c] > 0)
			cohort_rows(&cohorts, &options, c, &row, rsinfo);
	nm_row_end(&row);
	PG_RETURN_NULL();
}
