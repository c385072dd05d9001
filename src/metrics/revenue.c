/*
 * revenue.c
 *		Recurring revenue: mrr_state, its aggregates, and MRR at a time.
 *
 * A state is a log of periods (customer, from, to, amount).  See
 * doc/revenue.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "nm_currency.h"
#include "nm_guards.h"
#include "nm_log.h"
#include "nm_money.h"
#include "nm_rows.h"
#include "nm_waterfall.h"
#include "revenue.h"

static const char *
mrr_check_record(const NmState *state, const void *rec)
{
	int64 from;
	int64 to;
	int64 amount;
	bool from_valid;
	bool to_valid;

	if (nm_state_instants(state))
	{
		const NmMrrInstants *r = rec;

		from = r->from;
		to = r->to;
		amount = r->amount;
		from_valid = IS_VALID_TIMESTAMP(from);
		to_valid = to == DT_NOEND || IS_VALID_TIMESTAMP(to);
	}
	else
	{
		const NmMrrDays *r = rec;

		from = r->from;
		to = r->to;
		amount = r->amount;
		from_valid = IS_VALID_DATE(r->from);
		to_valid = r->to == DATEVAL_NOEND || IS_VALID_DATE(r->to);
	}
	if (!from_valid || !to_valid)
		return "A period begins or ends outside the range of dates.";
	if (from >= to)
		return "A period ends before it begins.";
	if (amount < 0)
		return "A period has a negative amount.";
	return NULL;
}

/* The param of a state is its currency; 0 is none. */
static const char *
mrr_check_param(const NmState *state)
{
	if (state->param != 0 && !nm_currency_valid(state->param))
		return "The currency is not a code of three letters.";
	return NULL;
}

static void
mrr_combine_param(NmState *dst, const NmState *src)
{
	nm_mixed_currencies(dst->param, src->param);
}

const NmFamily nm_mrr_family = {
	.type_name = "mrr_state",
	.kind = NM_KIND_MRR,
	.version = 1,
	.layout = "kttq",
	.check_record = mrr_check_record,
	.check_param = mrr_check_param,
	.combine_param = mrr_combine_param,
};

StaticAssertDecl(sizeof(NmMrrDays) == 24, "layout of days");
StaticAssertDecl(sizeof(NmMrrInstants) == 32, "layout of instants");

NM_LOG_FUNCTIONS(mrr, &nm_mrr_family);

/* Transition functions */

/* bad_row complains about the first argument that is at fault. */
static void
bad_row(FunctionCallInfo fcinfo, int64 from, int64 to, bool from_finite,
		bool to_finite, int64 amount)
{
	static const char *const names[] = {NULL, "customer", "valid_from",
										NULL, "mrr",      "currency"};

	for (int i = 1; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i) && names[i] != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("\"%s\" of a period must not be null", names[i]),
					 errdetail("A period without it cannot be counted, and dropping it would lose revenue."),
					 errhint("Leave such rows out with FILTER or WHERE; only \"valid_to\" may be null, for a period without end.")));
	if (!from_finite || !to_finite)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("a period must begin and end at a finite time"),
				 errdetail("Only \"valid_to\" may be infinity, which means the same as null: no end."),
				 errhint("Replace the start by a real one, such as the first day of your records.")));
	if (from > to)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a period ends before it begins"),
				 errdetail("\"valid_to\" must be after \"valid_from\"."),
				 errhint("Correct such rows or leave them out: WHERE valid_to IS NULL OR valid_to > valid_from.")));
	if (from == to)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a period is empty"),
				 errdetail("Periods are half-open: one that ends when it begins is never in force."),
				 errhint("Leave such rows out: WHERE valid_to IS NULL OR valid_to > valid_from.")));
	if (amount < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"mrr\" of a period must not be negative"),
				 errdetail("A customer's recurring revenue is at least 0."),
				 errhint("Subtract discounts and credits from the amount of the period that they belong to.")));
	Assert(false);
}

/* currency_arg returns argument 5 as param, checked against the state's. */
static uint32
currency_arg(FunctionCallInfo fcinfo, const NmState *state)
{
	uint32 param = nm_currency_parse(PG_GETARG_TEXT_PP(5));

	if (state != NULL && state->param != param)
		nm_mixed_currencies(state->param, param);
	return param;
}

/*
 * mrr_trans adds a row to the state.  flags is a constant of each caller, so
 * that each gets a body of its own without branches on key and time.
 */
static pg_attribute_always_inline Datum
mrr_trans(FunctionCallInfo fcinfo, int flags)
{
	NmState *state = nm_log_transition_state(fcinfo, &nm_mrr_family, flags);
	bool instants = (flags & NM_INSTANTS) != 0;
	int recsize = instants ? sizeof(NmMrrInstants) : sizeof(NmMrrDays);
	bool has_currency = PG_NARGS() > 5;
	int64 no_begin = instants ? DT_NOBEGIN : DATEVAL_NOBEGIN;
	int64 no_end = instants ? DT_NOEND : DATEVAL_NOEND;
	int64 from = 0;
	int64 to = no_end;
	int64 amount = 0;
	uint32 param = 0;

	if (unlikely(PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(4) ||
				 (has_currency && PG_ARGISNULL(5))))
		bad_row(fcinfo, 0, 1, true, true, 0);
	from = instants ? PG_GETARG_TIMESTAMPTZ(2) : PG_GETARG_DATEADT(2);
	if (!PG_ARGISNULL(3))
		to = instants ? PG_GETARG_TIMESTAMPTZ(3) : PG_GETARG_DATEADT(3);
	amount = nm_money_in(PG_GETARG_DATUM(4), "mrr");
	if (unlikely(from >= to || from == no_begin || amount < 0))
		bad_row(fcinfo, from, to, from != no_begin && from != no_end,
				to != no_begin, amount);
	if (has_currency)
		param = currency_arg(fcinfo, state);
	else if (unlikely(state != NULL && state->param != 0))
		nm_mixed_currencies(state->param, 0);

	if (state == NULL)
		state = nm_log_begin(&nm_mrr_family, flags, param);
	if (instants)
	{
		NmMrrInstants *rec = nm_log_append(&state, recsize, fcinfo);

		rec->key = 0;
		rec->from = from;
		rec->to = to;
		rec->amount = amount;
	}
	else
	{
		NmMrrDays *rec = nm_log_append(&state, recsize, fcinfo);

		rec->key = 0;
		rec->from = (int32) from;
		rec->to = (int32) to;
		rec->amount = amount;
	}
	nm_log_put_key(fcinfo, 1, &state, flags, recsize);
	PG_RETURN_POINTER(state);
}

#define MRR_TRANS(name, flags)           \
	PG_FUNCTION_INFO_V1(name);           \
	Datum name(PG_FUNCTION_ARGS)         \
	{                                    \
		return mrr_trans(fcinfo, flags); \
	}                                    \
	extern int name##_no_such_object

MRR_TRANS(nm_mrr_trans_int8_day, NM_KEY_BIGINT);
MRR_TRANS(nm_mrr_trans_int8_instant, NM_KEY_BIGINT | NM_INSTANTS);
MRR_TRANS(nm_mrr_trans_uuid_day, NM_KEY_UUID);
MRR_TRANS(nm_mrr_trans_uuid_instant, NM_KEY_UUID | NM_INSTANTS);
MRR_TRANS(nm_mrr_trans_text_day, NM_KEY_TEXT);
MRR_TRANS(nm_mrr_trans_text_instant, NM_KEY_TEXT | NM_INSTANTS);

/* Reading a state */

void
nm_mrr_range(const NmState *state, int64 *first, int64 *last)
{
	*first = PG_INT64_MAX;
	*last = PG_INT64_MIN;
	for (uint32 i = 0; i < state->nrecords; i++)
	{
		NmSpan span = nm_mrr_span(state, i);

		if ((i & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		*first = Min(*first, span.from);
		*last = Max(*last, span.to == NM_OPEN ? span.from : span.to);
	}
}

int64
nm_mrr_close_of(const NmState *state, DateADT day, pg_tz *zone)
{
	return nm_state_day_start(state, day + 1, zone);
}

int64
nm_mrr_amount_before(const NmState *state, uint32 start, uint32 end, int64 t)
{
	int64 amount = 0;

	for (uint32 i = start; i < end; i++)
	{
		NmSpan span = nm_mrr_span(state, i);

		if (span.from < t && span.to >= t)
			amount = nm_money_add(amount, span.amount);
	}
	return amount;
}

/* totals_before adds up all customers just before a time. */
static void
totals_before(const NmState *state, int64 t, int128 *mrr, int64 *customers)
{
	NmMrrReader reader = {.state = state};
	uint32 start;
	uint32 end;

	*mrr = 0;
	*customers = 0;
	while (nm_mrr_next(&reader, &start, &end))
	{
		int64 amount = nm_mrr_amount_before(state, start, end, t);

		if ((end & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		*mrr += amount;
		*customers += amount > 0;
	}
}

/* day_bound reads arguments (at date, zone text) of the accessors of a day. */
static int64
day_bound(FunctionCallInfo fcinfo, const NmState *state)
{
	bool is_set;
	DateADT day = nm_date_arg(fcinfo, 1, "at", &is_set);

	return nm_mrr_close_of(state, day,
						   nm_state_zone(state, nm_text_arg(fcinfo, 2, "UTC")));
}

/*
 * instant_bound reads argument (at timestamptz).  What is in force at an
 * instant is in force just before the next microsecond.
 */
static int64
instant_bound(FunctionCallInfo fcinfo, const NmState *state)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);

	if (!nm_state_instants(state))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a state of civil days cannot be read at an instant"),
				 errdetail("The days of this state have no hours and no time zone."),
				 errhint("Read it at a day, for instance by nudge.mrr_at(state, day).")));
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("argument \"%s\" must be a finite instant", "at"),
				 errdetail("Infinity is not a time at which revenue can be read."),
				 errhint("Pass a date or a timestamp.")));
	return at + 1;
}

/* read_at returns MRR or customers just before a time. */
static Datum
read_at(const NmState *state, int64 t, bool customers)
{
	int128 mrr;
	int64 count;

	totals_before(state, t, &mrr, &count);
	return customers ? Int64GetDatum(count) : nm_money_out(mrr);
}

PG_FUNCTION_INFO_V1(nm_mrr_at_day);
Datum
nm_mrr_at_day(PG_FUNCTION_ARGS)
{
	const NmState *state = nm_log_arg(fcinfo, 0, &nm_mrr_family);

	return read_at(state, day_bound(fcinfo, state), false);
}

PG_FUNCTION_INFO_V1(nm_mrr_at_instant);
Datum
nm_mrr_at_instant(PG_FUNCTION_ARGS)
{
	const NmState *state = nm_log_arg(fcinfo, 0, &nm_mrr_family);

	return read_at(state, instant_bound(fcinfo, state), false);
}

PG_FUNCTION_INFO_V1(nm_customers_at_day);
Datum
nm_customers_at_day(PG_FUNCTION_ARGS)
{
	const NmState *state = nm_log_arg(fcinfo, 0, &nm_mrr_family);

	return read_at(state, day_bound(fcinfo, state), true);
}

PG_FUNCTION_INFO_V1(nm_customers_at_instant);
Datum
nm_customers_at_instant(PG_FUNCTION_ARGS)
{
	const NmState *state = nm_log_arg(fcinfo, 0, &nm_mrr_family);

	return read_at(state, instant_bound(fcinfo, state), true);
}

PG_FUNCTION_INFO_V1(nm_mrr_currency);
Datum
nm_mrr_currency(PG_FUNCTION_ARGS)
{
	const NmState *state = nm_log_arg(fcinfo, 0, &nm_mrr_family);

	if (state->param == 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(nm_currency_name(state->param)));
}

PG_FUNCTION_INFO_V1(nm_customer_mrr);
Datum
nm_customer_mrr(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmMrrReader reader = {0};
	int64 t;
	uint32 start;
	uint32 end;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	state = nm_log_arg(fcinfo, 0, &nm_mrr_family);
	t = day_bound(fcinfo, state);
	reader.state = state;
	nm_row_begin(&row);
	while (nm_mrr_next(&reader, &start, &end))
	{
		int64 amount = nm_mrr_amount_before(state, start, end, t);
		Datum values[2];
		bool nulls[2] = {false};

		CHECK_FOR_INTERRUPTS();
		if (amount == 0)
			continue;
		values[0] = CStringGetTextDatum(nm_state_key_text(state, reader.key));
		values[1] = nm_money_out(amount);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(nm_mrr_periods);
Datum
nm_mrr_periods(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	state = nm_log_arg(fcinfo, 0, &nm_mrr_family);
	nm_row_begin(&row);
	for (uint32 i = 0; i < state->nrecords; i++)
	{
		NmSpan span = nm_mrr_span(state, i);
		Datum values[4];
		bool nulls[4] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] =
			CStringGetTextDatum(nm_state_key_text(state, nm_mrr_key(state, i)));
		values[1] = TimestampTzGetDatum(nm_state_instant(state, span.from));
		nulls[2] = span.to == NM_OPEN;
		values[2] = nulls[2]
						? (Datum) 0
						: TimestampTzGetDatum(nm_state_instant(state, span.to));
		values[3] = nm_money_out(span.amount);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
