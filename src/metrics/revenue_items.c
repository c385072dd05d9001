/*
 * revenue_items.c
 *		Recurring revenue by price item: mrr_item_state and its aggregate.
 *
 * A state is a log of periods of items, each with plan, quantity, price,
 * discount, currency and rate.  See doc/revenue_items.md.
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
#include "revenue_items.h"

/* arguments of the transition function */
enum
{
	ARG_CUSTOMER = 1,
	ARG_ITEM,
	ARG_FROM,
	ARG_TO,
	ARG_PLAN,
	ARG_QUANTITY,
	ARG_UNIT_AMOUNT,
	ARG_DISCOUNT,
	ARG_CURRENCY,
	ARG_RATE,
	ARG_END_REASON
};

static const char *const reason_names[] = {NULL, "voluntary", "involuntary"};

/* base_amount returns what an item costs in the base currency. */
static int128
base_amount(int64 gross, int64 discount, int64 rate)
{
	return nm_item_convert((int128) gross - discount, rate);
}

/* decode_record reads a record of either kind; base is left out. */
static void
decode_record(const NmState *state, const void *rec, NmItemRow *row)
{
#define DECODE(r)                                              \
	(row->quantity = (r)->quantity, row->gross = (r)->gross,   \
	 row->discount = (r)->discount, row->rate = (r)->rate,     \
	 row->item = (r)->item, row->plan = (r)->plan,             \
	 row->currency = (r)->currency, row->reason = (r)->reason, \
	 row->from = (r)->from, row->to = (r)->to)

	if (nm_state_instants(state))
		DECODE((const NmItemInstants *) rec);
	else
	{
		DECODE((const NmItemDays *) rec);
		if (row->to == DATEVAL_NOEND)
			row->to = NM_OPEN;
	}
#undef DECODE
}

static bool
time_valid(const NmState *state, int64 t)
{
	return nm_state_instants(state) ? IS_VALID_TIMESTAMP(t)
									: IS_VALID_DATE((int32) t);
}

static const char *
item_check_record(const NmState *state, const void *rec)
{
	NmItemRow row;

	decode_record(state, rec, &row);
	if (!time_valid(state, row.from) ||
		(row.to != NM_OPEN && !time_valid(state, row.to)))
		return "A period begins or ends outside the range of dates.";
	if (row.from >= row.to)
		return "A period ends before it begins.";
	if (row.quantity < 0 || row.gross < 0)
		return "A period has a negative amount.";
	if (row.discount < 0 || row.discount > row.gross)
		return "A discount is not between 0 and the amount.";
	if (row.rate <= 0)
		return "An exchange rate is not positive.";
	if (row.currency == 0 ? row.rate != NM_RATE_UNIT
						  : !nm_currency_valid(row.currency))
		return "A currency is not a code of three letters.";
	if (row.reason < NM_END_UNKNOWN || row.reason > NM_END_INVOLUNTARY)
		return "The reason of an end is unknown.";
	if (base_amount(row.gross, row.discount, row.rate) > PG_INT64_MAX)
		return "An amount in base currency is out of range.";
	return NULL;
}

static const char *
item_check_param(const NmState *state)
{
	return state->param == 0 ? NULL
							 : "The header of the state is inconsistent.";
}

const NmFamily nm_item_family = {
	.type_name = "mrr_item_state",
	.kind = NM_KIND_MRR_ITEM,
	.version = 1,
	.layout = "kisttqqqqsi",
	.check_record = item_check_record,
	.check_param = item_check_param,
};

StaticAssertDecl(sizeof(NmItemDays) == 64, "layout of days");
StaticAssertDecl(sizeof(NmItemInstants) == 72, "layout of instants");

NM_LOG_FUNCTIONS(item, &nm_item_family);

/* Transition functions */

static void
require_row_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (unlikely(PG_ARGISNULL(argno)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("\"%s\" of a period must not be null", name),
				 errdetail("A period without it cannot be counted, and dropping it would lose revenue."),
				 errhint("Leave such rows out with FILTER or WHERE; what may be null is \"valid_to\", \"plan\", \"quantity\", \"discount\", \"currency\", \"rate\" and \"end_reason\".")));
}

/* times_arg reads valid_from and valid_to into a row. */
static pg_attribute_always_inline void
times_arg(FunctionCallInfo fcinfo, bool instants, NmItemRow *row)
{
	int64 no_begin = instants ? DT_NOBEGIN : DATEVAL_NOBEGIN;
	int64 no_end = instants ? DT_NOEND : DATEVAL_NOEND;

	row->from = instants ? PG_GETARG_TIMESTAMPTZ(ARG_FROM)
						 : PG_GETARG_DATEADT(ARG_FROM);
	row->to = no_end;
	if (!PG_ARGISNULL(ARG_TO))
		row->to = instants ? PG_GETARG_TIMESTAMPTZ(ARG_TO)
						   : PG_GETARG_DATEADT(ARG_TO);
	if (row->from == no_begin || row->from == no_end || row->to == no_begin)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("a period must begin and end at a finite time"),
				 errdetail("Only \"valid_to\" may be infinity, which means the same as null: no end."),
				 errhint("Replace the start by a real one, such as the first day of your records.")));
	if (row->from > row->to)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("a period ends before it begins"),
				 errdetail("\"valid_to\" must be after \"valid_from\"."),
				 errhint("Correct such rows or leave them out: WHERE valid_to IS NULL OR valid_to > valid_from.")));
	if (row->from == row->to)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a period is empty"),
				 errdetail("Periods are half-open: one that ends when it begins is never in force."),
				 errhint("Leave such rows out: WHERE valid_to IS NULL OR valid_to > valid_from.")));
}

/* amount_arg reads an amount that must not be negative. */
static int64
amount_arg(Datum value, const char *name)
{
	int64 amount = nm_money_in(value, name);

	if (unlikely(amount < 0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"%s\" of a period must not be negative", name),
				 errdetail("What an item costs is at least 0."),
				 errhint("Give what is taken off as a positive discount.")));
	return amount;
}

/* rate_arg reads the rate; NULL is 1, for the base currency alone. */
static int64
rate_arg(FunctionCallInfo fcinfo, int32 currency)
{
	Datum value;
	int64 rate = NM_RATE_UNIT;

	if (PG_ARGISNULL(ARG_RATE) && currency != 0)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("\"rate\" of a period must not be null where \"currency\" is given"),
				 errdetail("Amounts of that currency could not be told from those of the base currency."),
				 errhint("Give the rate, 1 for the base currency itself, or leave both null.")));
	if (!PG_ARGISNULL(ARG_RATE))
	{
		value = PG_GETARG_DATUM(ARG_RATE);
		rate = nm_money_in(value, "rate");
		if (rate >= 0 && rate < PG_INT64_MAX / NM_MONEY_UNIT)
		{
			Numeric scale = int64_to_numeric(NM_MONEY_UNIT);

			rate = nm_money_in(DirectFunctionCall2(numeric_mul, value,
												   NumericGetDatum(scale)),
							   "rate");
		}
		else
			rate = 0;
	}
	if (rate <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("exchange rate out of range"),
				 errdetail("A rate lies between 0.000000000001 and 9223372."),
				 errhint("A rate says how much of the base currency one unit of \"currency\" is worth.")));
	if (currency == 0 && rate != NM_RATE_UNIT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a rate needs a currency"),
				 errdetail("A null \"currency\" means that the amounts are in the base currency."),
				 errhint("Name the currency, or leave the rate null.")));
	return rate;
}

/* money_args reads quantity, price, discount, currency and rate. */
static void
money_args(FunctionCallInfo fcinfo, NmItemRow *row)
{
	Datum gross = PG_GETARG_DATUM(ARG_UNIT_AMOUNT);

	row->quantity = NM_MONEY_UNIT;
	if (!PG_ARGISNULL(ARG_QUANTITY))
	{
		row->quantity = amount_arg(PG_GETARG_DATUM(ARG_QUANTITY), "quantity");
		amount_arg(gross, "unit_amount");
		/* a price of less than a micro-unit counts in full */
		gross = DirectFunctionCall2(numeric_mul, gross,
									PG_GETARG_DATUM(ARG_QUANTITY));
	}
	row->gross = amount_arg(gross, "unit_amount");
	row->discount = PG_ARGISNULL(ARG_DISCOUNT)
						? 0
						: amount_arg(PG_GETARG_DATUM(ARG_DISCOUNT), "discount");
	if (row->discount > row->gross)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"discount\" of a period is greater than its amount"),
				 errdetail("The amount is \"quantity\" times \"unit_amount\"."),
				 errhint("Give the monthly discount as an amount, not as a percentage.")));
	row->rate = rate_arg(fcinfo, row->currency);
	if (base_amount(row->gross, row->discount, row->rate) > PG_INT64_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("amount in base currency is out of range"),
				 errdetail("It is more than 9223372036854.775807."),
				 errhint("Check the unit of the amount and the direction of the rate.")));
}

/* currency_code reads a currency; NULL is the base currency. */
static int32
currency_code(FunctionCallInfo fcinfo, int argno)
{
	if (PG_ARGISNULL(argno))
		return 0;
	return (int32) nm_currency_parse(PG_GETARG_TEXT_PP(argno));
}

static int32
reason_arg(FunctionCallInfo fcinfo)
{
	char *name;

	if (PG_ARGISNULL(ARG_END_REASON))
		return NM_END_UNKNOWN;
	name = text_to_cstring(PG_GETARG_TEXT_PP(ARG_END_REASON));
	for (int i = NM_END_VOLUNTARY; i <= NM_END_INVOLUNTARY; i++)
		if (pg_strcasecmp(name, reason_names[i]) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown end_reason \"%s\"", nm_clip(name)),
			 errdetail("A period ends because the customer decided so, or against its will."),
			 errhint("Use voluntary, involuntary, or null where it is not known; map other words with CASE.")));
}

/* intern_arg enters a text into the dictionary; NULL is the empty string. */
static uint32
intern_arg(FunctionCallInfo fcinfo, int argno, NmState **state, int recsize)
{
	text *arg;

	if (PG_ARGISNULL(argno))
		return nm_dict_intern(state, recsize, "", 0);
	arg = PG_GETARG_TEXT_PP(argno);
	return nm_dict_intern(state, recsize, VARDATA_ANY(arg),
						  VARSIZE_ANY_EXHDR(arg));
}

/*
 * item_trans adds a row to the state.  flags is a constant of each caller, so
 * that each gets a body of its own without branches on key and time.
 */
static pg_attribute_always_inline Datum
item_trans(FunctionCallInfo fcinfo, int flags)
{
	NmState *state = nm_log_transition_state(fcinfo, &nm_item_family, flags);
	bool instants = (flags & NM_INSTANTS) != 0;
	int recsize = instants ? sizeof(NmItemInstants) : sizeof(NmItemDays);
	NmItemRow row;

	require_row_arg(fcinfo, ARG_CUSTOMER, "customer");
	require_row_arg(fcinfo, ARG_ITEM, "item");
	require_row_arg(fcinfo, ARG_FROM, "valid_from");
	require_row_arg(fcinfo, ARG_UNIT_AMOUNT, "unit_amount");
	times_arg(fcinfo, instants, &row);
	row.currency = currency_code(fcinfo, ARG_CURRENCY);
	money_args(fcinfo, &row);
	row.reason = reason_arg(fcinfo);

	if (state == NULL)
		state = nm_log_begin(&nm_item_family, flags, 0);
	row.item = intern_arg(fcinfo, ARG_ITEM, &state, recsize);
	row.plan = intern_arg(fcinfo, ARG_PLAN, &state, recsize);
	if (instants)
	{
		NmItemInstants *rec = nm_log_append(&state, recsize, fcinfo);

		*rec = (NmItemInstants){0,        row.currency, row.item,  row.from,
								row.to,   row.quantity, row.gross, row.discount,
								row.rate, row.plan,     row.reason};
	}
	else
	{
		NmItemDays *rec = nm_log_append(&state, recsize, fcinfo);

		*rec = (NmItemDays){0,
							row.currency,
							row.item,
							(int32) row.from,
							(int32) row.to,
							row.quantity,
							row.gross,
							row.discount,
							row.rate,
							row.plan,
							row.reason};
	}
	nm_log_put_key(fcinfo, ARG_CUSTOMER, &state, flags, recsize);
	PG_RETURN_POINTER(state);
}

#define ITEM_TRANS(name, flags)           \
	PG_FUNCTION_INFO_V1(name);            \
	Datum name(PG_FUNCTION_ARGS)          \
	{                                     \
		return item_trans(fcinfo, flags); \
	}                                     \
	extern int name##_no_such_object

ITEM_TRANS(nm_item_trans_int8_day, NM_KEY_BIGINT);
ITEM_TRANS(nm_item_trans_int8_instant, NM_KEY_BIGINT | NM_INSTANTS);
ITEM_TRANS(nm_item_trans_uuid_day, NM_KEY_UUID);
ITEM_TRANS(nm_item_trans_uuid_instant, NM_KEY_UUID | NM_INSTANTS);
ITEM_TRANS(nm_item_trans_text_day, NM_KEY_TEXT);
ITEM_TRANS(nm_item_trans_text_instant, NM_KEY_TEXT | NM_INSTANTS);

/* Reading a state */

void
nm_item_read(const NmState *state, uint32 i, NmItemRow *row)
{
	Size size =
		nm_state_instants(state) ? sizeof(NmItemInstants) : sizeof(NmItemDays);

	decode_record(state, nm_state_records(state) + i * size, row);
	row->base = (int64) base_amount(row->gross, row->discount, row->rate);
}

const char *
nm_item_currency_name(int32 currency)
{
	if (currency == 0)
		return NULL;
	return nm_currency_text(currency);
}

Datum
nm_item_text(const NmState *state, uint32 i)
{
	uint32 len;
	const char *data = nm_state_string(state, i, &len);

	return PointerGetDatum(cstring_to_text_with_len(data, len));
}

Datum
nm_item_plan_text(const NmState *state, uint32 i, bool *isnull)
{
	uint32 len;
	const char *data = nm_state_string(state, i, &len);

	*isnull = len == 0;
	return *isnull ? (Datum) 0
				   : PointerGetDatum(cstring_to_text_with_len(data, len));
}

void
nm_item_range(const NmState *state, int64 *first, int64 *last)
{
	*first = PG_INT64_MAX;
	*last = PG_INT64_MIN;
	for (uint32 i = 0; i < state->nrecords; i++)
	{
		NmItemRow row;

		if ((i & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		nm_item_read(state, i, &row);
		*first = Min(*first, row.from);
		*last = Max(*last, row.to == NM_OPEN ? row.from : row.to);
	}
}

/* plain_key returns the key of a customer for a state without items. */
static int64
plain_key(const NmState *state, int64 key, NmState **plain, int recsize)
{
	const char *data;
	uint32 len;

	if (nm_state_key_type(state) == NM_KEY_BIGINT)
		return key;
	data = nm_state_string(state, (uint32) key, &len);
	return nm_dict_intern(plain, recsize, data, len);
}

/*
 * as_mrr_state gives the periods of all items in base currency, so that every
 * accessor of mrr_state can read them.
 */
PG_FUNCTION_INFO_V1(nm_item_as_mrr_state);
Datum
nm_item_as_mrr_state(PG_FUNCTION_ARGS)
{
	const NmState *state;
	NmState *plain;
	int recsize;
	uint32 start = 0;
	uint32 end = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = nm_log_arg(fcinfo, 0, &nm_item_family);
	recsize = nm_record_size(&nm_mrr_family, state->flags);
	plain = nm_log_begin(&nm_mrr_family, state->flags,
						 (uint32) currency_code(fcinfo, 1));
	plain = nm_log_reserve(plain, recsize, state->nrecords, NULL, 0);
	while (nm_item_next(state, &start, &end))
	{
		int64 key =
			plain_key(state, nm_item_key(state, start), &plain, recsize);

		CHECK_FOR_INTERRUPTS();
		for (uint32 i = start; i < end; i++)
		{
			void *rec = nm_log_append(&plain, recsize, NULL);
			NmItemRow row;

			nm_item_read(state, i, &row);
			if (nm_state_instants(state))
				*(NmMrrInstants *) rec =
					(NmMrrInstants){key, row.from, row.to, row.base};
			else
				*(NmMrrDays *) rec =
					(NmMrrDays){key, (int32) row.from,
								row.to == NM_OPEN ? DATEVAL_NOEND
												  : (int32) row.to,
								row.base};
		}
	}
	PG_RETURN_POINTER(nm_log_canonical(plain, &nm_mrr_family));
}

/* rate_out returns a rate as numeric without trailing zeroes. */
static Datum
rate_out(int64 rate)
{
	int scale = NM_RATE_SCALE;

	while (scale > 0 && rate % 10 == 0)
	{
		rate /= 10;
		scale--;
	}
	return NumericGetDatum(int64_div_fast_to_numeric(rate, scale));
}

PG_FUNCTION_INFO_V1(nm_mrr_item_periods);
Datum
nm_mrr_item_periods(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmRowContext context;

	InitMaterializedSRF(fcinfo, 0);
	state = nm_log_arg(fcinfo, 0, &nm_item_family);
	nm_row_begin(&context);
	for (uint32 i = 0; i < state->nrecords; i++)
	{
		NmItemRow row;
		Datum values[12];
		bool nulls[12] = {false};
		int64 key = nm_item_key(state, i);

		CHECK_FOR_INTERRUPTS();
		nm_item_read(state, i, &row);
		values[0] = CStringGetTextDatum(nm_state_key_text(state, key));
		values[1] = nm_item_text(state, row.item);
		values[2] = TimestampTzGetDatum(nm_state_instant(state, row.from));
		nulls[3] = row.to == NM_OPEN;
		if (!nulls[3])
			values[3] = TimestampTzGetDatum(nm_state_instant(state, row.to));
		values[4] = nm_item_plan_text(state, row.plan, &nulls[4]);
		values[5] = nm_money_out(row.quantity);
		values[6] = nm_money_out(row.gross);
		values[7] = nm_money_out(row.discount);
		nulls[8] = row.currency == 0;
		if (!nulls[8])
			values[8] =
				CStringGetTextDatum(nm_item_currency_name(row.currency));
		values[9] = rate_out(row.rate);
		values[10] = nm_money_out(row.base);
		nulls[11] = row.reason == NM_END_UNKNOWN;
		if (!nulls[11])
			values[11] = CStringGetTextDatum(reason_names[row.reason]);
		nm_row_put(&context, rsinfo, values, nulls);
	}
	nm_row_end(&context);
	PG_RETURN_NULL();
}
