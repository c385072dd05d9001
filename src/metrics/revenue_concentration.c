/*
 * revenue_concentration.c
 *		How much MRR the largest customers hold.
 *
 * Share of the n largest, Herfindahl index, and net revenue retention with and
 * without them.  See doc/revenue.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/numeric.h"

#include "nm_guards.h"
#include "nm_money.h"
#include "nm_waterfall.h"
#include "revenue.h"

/* Holding: what a customer has at the close, and had at the start. */
typedef struct Holding
{
	int64 mrr;
	int64 opening;
	uint32 number; /* in order of keys, to break ties */
} Holding;

static int
compare_holdings(const void *a, const void *b)
{
	const Holding *x = a;
	const Holding *y = b;

	CHECK_FOR_INTERRUPTS();
	if (x->mrr != y->mrr)
		return x->mrr > y->mrr ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

/* Retained: both sides of net revenue retention. */
typedef struct Retained
{
	int128 opening;
	int128 closing;
} Retained;

static void
retain(Retained *retained, int64 opening, int64 closing)
{
	if (opening > 0)
	{
		retained->opening += opening;
		retained->closing += closing;
	}
}

/*
 * read_holdings fills holdings with the customers that have MRR at the close
 * and adds up retention over all; it returns how many they are.
 */
static uint32
read_holdings(const NmState *state, int64 opening, int64 closing,
			  Holding *holdings, Retained *retained)
{
	NmMrrReader reader = {.state = state};
	uint32 n = 0;
	uint32 start;
	uint32 end;

	while (nm_mrr_next(&reader, &start, &end))
	{
		Holding holding;

		if ((end & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		holding.mrr = nm_mrr_amount_before(state, start, end, closing);
		holding.opening = nm_mrr_amount_before(state, start, end, opening);
		holding.number = start;
		retain(retained, holding.opening, holding.mrr);
		if (holding.mrr > 0)
			holdings[n++] = holding;
	}
	return n;
}

/*
 * herfindahl returns the sum of squared shares.  Squares are added exactly, as
 * 256 bits in two halves.
 */
static bool
herfindahl(const Holding *holdings, uint32 n, int128 total, Datum *result)
{
	uint128 low = 0; /* multiples of 1 and of 2^64 */
	uint128 high = 0;
	Datum sum;
	Datum mrr;

	if (total == 0)
		return false;
	for (uint32 i = 0; i < n; i++)
	{
		uint128 square = (uint128) holdings[i].mrr * holdings[i].mrr;

		low += (uint64) square;
		high += square >> 64;
	}

	/* nm_money_out divides by a million, which cancels out below */
	sum =
		DirectFunctionCall2(numeric_mul, nm_money_out((int128) high),
							DirectFunctionCall3(numeric_in,
												CStringGetDatum("18446744073709551616"),
												ObjectIdGetDatum(InvalidOid),
												Int32GetDatum(-1)));
	sum = DirectFunctionCall2(numeric_add, sum, nm_money_out((int128) low));
	mrr = nm_money_out(total);
	sum = DirectFunctionCall2(numeric_div, sum,
							  NumericGetDatum(int64_to_numeric(NM_MONEY_UNIT)));
	*result = DirectFunctionCall2(numeric_div, sum,
								  DirectFunctionCall2(numeric_mul, mrr, mrr));
	return true;
}

/* year_before returns the same day of the year before, or the last there is. */
static DateADT
year_before(DateADT day)
{
	Interval year = {.month = 12};
	Datum then = DirectFunctionCall2(date_mi_interval, DateADTGetDatum(day),
									 IntervalPGetDatum(&year));

	return DatumGetDateADT(DirectFunctionCall1(timestamp_date, then));
}

/* concentration_row fills the row from sorted holdings. */
static void
concentration_row(const Holding *holdings, uint32 n, uint32 top, Retained all,
				  Datum *values, bool *nulls)
{
	Retained rest = all;
	int128 total = 0;
	int128 top_mrr = 0;

	for (uint32 i = 0; i < n; i++)
	{
		total += holdings[i].mrr;
		if (i >= top)
			continue;
		top_mrr += holdings[i].mrr;
		if (holdings[i].opening > 0)
		{
			rest.opening -= holdings[i].opening;
			rest.closing -= holdings[i].mrr;
		}
	}
	values[0] = Int64GetDatum(n);
	values[1] = nm_money_out(total);
	values[2] = Int64GetDatum(Min(n, top));
	values[3] = nm_money_out(top_mrr);
	nulls[4] = !nm_ratio_out(top_mrr, total, &values[4]);
	nulls[5] = !herfindahl(holdings, n, total, &values[5]);
	nulls[6] = !nm_ratio_out(all.closing, all.opening, &values[6]);
	nulls[7] = !nm_ratio_out(rest.closing, rest.opening, &values[7]);
}

PG_FUNCTION_INFO_V1(nm_revenue_concentration);
Datum
nm_revenue_concentration(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	DateADT day;
	DateADT start_day;
	int32 top;
	pg_tz *zone;
	bool has_day;
	bool has_start;
	Holding *holdings;
	uint32 n;
	Retained retained = {0, 0};
	Datum values[8];
	bool nulls[8] = {false};

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	state = nm_log_arg(fcinfo, 0, &nm_mrr_family);
	day = nm_date_arg(fcinfo, 1, "at", &has_day);
	top = PG_ARGISNULL(2) ? 10 : PG_GETARG_INT32(2);
	if (top < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"top\" must be at least 1, not %d", top),
				 errdetail("It is the number of largest customers to look at."),
				 errhint("Leave it out for the ten largest.")));
	start_day = nm_date_arg(fcinfo, 3, "start_day", &has_start);
	if (!has_start)
		start_day = year_before(day + 1);
	if (start_day > day)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("start_day must not be after the day that is read"),
				 errdetail("Retention compares what is in force before start_day begins with the close of the later day."),
				 errhint("Leave start_day out for 12 months before.")));
	zone = nm_state_zone(state, nm_text_arg(fcinfo, 4, "UTC"));
	holdings = palloc_extended(mul_size(state->nrecords, sizeof(Holding)),
							   MCXT_ALLOC_HUGE);
	n = read_holdings(state, nm_state_day_start(state, start_day, zone),
					  nm_mrr_close_of(state, day, zone), holdings, &retained);
	qsort(holdings, n, sizeof(Holding), compare_holdings);
	concentration_row(holdings, n, (uint32) top, retained, values, nulls);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	PG_RETURN_NULL();
}
