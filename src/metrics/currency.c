/*
 * currency.c
 *		Exchange rates given as an array, and periods converted by them.
 *
 * Rules: doc/currency.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/numeric.h"

#include "nm_calendar.h"
#include "nm_currency.h"
#include "nm_guards.h"

/* Later than any day: no limit. */
#define NO_LIMIT ((DateADT) PG_INT32_MAX)

/* Which day's rate a period is converted at. */
typedef enum RatePolicy
{
	POLICY_FIXED,
	POLICY_INTERVAL_START,
	POLICY_MONTH_END
} RatePolicy;

static const char *const policy_names[] = {"fixed", "interval_start",
										   "month_end"};

/* A rate of the currency that is looked for; the numeric is in the array. */
typedef struct Rate
{
	DateADT day;
	const char *value;
} Rate;

/* A walk over the elements of an array of exchange_rate. */
typedef struct RateScan
{
	ArrayType *array;
	uint32 code;
	const char *next; /* next element, not yet aligned */
	int nitems;
	int item; /* number of the next element */
} RateScan;

/* What is converted, or a part of it; an open end is DATEVAL_NOEND. */
typedef struct Period
{
	DateADT from;
	DateADT to;
	Datum amount;
} Period;

/* A list of rates in order of day. */
typedef struct RateList
{
	Rate *rates;
	int n;
	int capacity;
} RateList;

/* day_text writes a day as ISO 8601, whatever DateStyle says. */
static const char *
day_text(DateADT day)
{
	char *text = palloc(MAXDATELEN + 1);
	struct pg_tm tm;

	memset(&tm, 0, sizeof(tm));
	j2date(day + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	EncodeDateOnly(&tm, USE_ISO_DATES, text);
	return text;
}

static inline char *
num_text(Datum a)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, a));
}

/* parse_policy returns the policy of a name. */
static RatePolicy
parse_policy(text *policy)
{
	const char *name = text_to_cstring(policy);

	for (int i = 0; i < (int) lengthof(policy_names); i++)
	{
		if (pg_strcasecmp(name, policy_names[i]) == 0)
			return (RatePolicy) i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown exchange rate policy \"%s\"", nm_clip(name)),
			 errdetail("A policy says which day\'s rate an amount gets."),
			 errhint("Use month_end, interval_start or fixed.")));
}

/* incomplete_rate complains about a NULL in an array of rates. */
pg_noreturn static void
incomplete_rate(int item)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("exchange rate %d is incomplete", item),
			 errdetail("An exchange rate has a currency, a day and a rate; none may be null."),
			 errhint("Leave incomplete rates out of the array.")));
}

/* rates_begin starts a walk; a NULL array has no elements. */
static void
rates_begin(RateScan *scan, FunctionCallInfo fcinfo, int argno, uint32 code)
{
	memset(scan, 0, sizeof(RateScan));
	scan->code = code;
	if (PG_ARGISNULL(argno))
		return;
	scan->array = PG_GETARG_ARRAYTYPE_P(argno);
	scan->nitems = ArrayGetNItems(ARR_NDIM(scan->array), ARR_DIMS(scan->array));
	scan->next = ARR_DATA_PTR(scan->array);

	/* the message counts from 1, in storage order */
	if (!ARR_HASNULL(scan->array))
		return;
	for (int i = 0; i < scan->nitems; i++)
	{
		if (att_isnull(i, ARR_NULLBITMAP(scan->array)))
			incomplete_rate(i + 1);
	}
}

/*
 * rates_next finds the next rate of the currency.  It reads the composite
 * values in place: deforming each would cost ten times as much.
 */
static bool
rates_next(RateScan *scan, Rate *rate)
{
	while (scan->item < scan->nitems)
	{
		HeapTupleHeader element;
		uint32 code;
		const char *data;
		const char *field;

		if ((scan->item++ & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		element = (HeapTupleHeader) att_align_nominal((uintptr_t) scan->next,
													  TYPALIGN_DOUBLE);
		scan->next =
			(const char *) element + HeapTupleHeaderGetDatumLength(element);
		if (unlikely((element->t_infomask & HEAP_HASNULL) != 0 ||
					 HeapTupleHeaderGetNatts(element) < 3))
			incomplete_rate(scan->item);

		/* currency text, day date, rate numeric */
		data = (const char *) element + element->t_hoff;
		if (likely(VARATT_IS_SHORT(data) &&
				   VARSIZE_SHORT(data) == VARHDRSZ_SHORT + NM_CURRENCY_LEN))
			code = nm_currency_pack(VARDATA_SHORT(data));
		else
			code = nm_currency_parse(DatumGetTextPP(PointerGetDatum(data)));
		if (code != scan->code)
			continue;
		field = data + INTALIGN(VARSIZE_ANY(data));
		memcpy(&rate->day, field, sizeof(DateADT));
		rate->value = field + sizeof(DateADT);
		if (DATE_NOT_FINITE(rate->day))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("exchange rate %d has no finite day", scan->item),
					 errdetail("A rate holds from a day on."),
					 errhint("Leave such rates out of the array.")));
		return true;
	}
	return false;
}

/* rate_value returns a rate as numeric that is fit for use. */
static Datum
rate_value(const Rate *rate, uint32 code)
{
	Numeric value = DatumGetNumeric(PointerGetDatum(rate->value));
	Datum zero = NumericGetDatum(int64_to_numeric(0));

	if (numeric_is_nan(value) || numeric_is_inf(value) ||
		!DatumGetBool(DirectFunctionCall2(numeric_gt, NumericGetDatum(value),
										  zero)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("exchange rate of %s on %s must be a positive number",
						nm_currency_text(code), day_text(rate->day)),
				 errdetail("It is %s.", num_text(NumericGetDatum(value))),
				 errhint("A rate says how much of the base currency one unit is worth.")));
	return NumericGetDatum(value);
}

/* same_rate says whether two rates are equal as numbers. */
static bool
same_rate(const Rate *a, const Rate *b)
{
	return DatumGetBool(DirectFunctionCall2(numeric_eq,
											PointerGetDatum(a->value),
											PointerGetDatum(b->value)));
}

/* check_one_rate complains about two different rates of one day. */
static void
check_one_rate(const Rate *a, const Rate *b, uint32 code)
{
	if (!same_rate(a, b))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("two exchange rates of %s on %s",
						nm_currency_text(code), day_text(a->day)),
				 errdetail("They are %s and %s.",
						   num_text(PointerGetDatum(a->value)),
						   num_text(PointerGetDatum(b->value))),
				 errhint("A currency has one rate a day. Give the rates to one base currency only.")));
}

/* missing_rate complains that there is no rate on or before a day. */
pg_noreturn static void
missing_rate(uint32 code, DateADT day, bool any, DateADT first)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 day == NO_LIMIT
				 ? errmsg("no exchange rate of %s", nm_currency_text(code))
				 : errmsg("no exchange rate of %s on %s",
						  nm_currency_text(code), day_text(day)),
			 any ? errdetail("The first rate of %s is that of %s.",
							 nm_currency_text(code), day_text(first))
				 : errdetail("There are no rates of %s.",
							 nm_currency_text(code)),
			 errhint("A rate holds from its day until the next one; add an earlier rate.")));
}

static int
rate_cmp(const void *a, const void *b)
{
	DateADT day_a = ((const Rate *) a)->day;
	DateADT day_b = ((const Rate *) b)->day;

	return (day_a > day_b) - (day_a < day_b);
}

/* rates_add appends a rate to a list. */
static void
rates_add(RateList *list, const Rate *rate)
{
	if (list->n == list->capacity)
	{
		int capacity = list->capacity == 0 ? 64 : list->capacity * 2;

		/* sizes follow the array's, which holds more than this of each rate */
		list->rates =
			list->rates == NULL
				? palloc(capacity * sizeof(Rate))
				: repalloc(list->rates, (Size) capacity * sizeof(Rate));
		list->capacity = capacity;
	}
	list->rates[list->n++] = *rate;
}

/* rates_sort orders a list by day. */
static void
rates_sort(RateList *list, uint32 code)
{
	bool sorted = true;

	for (int i = 1; i < list->n && sorted; i++)
		sorted = list->rates[i - 1].day <= list->rates[i].day;
	if (!sorted)
		qsort(list->rates, list->n, sizeof(Rate), rate_cmp);
	for (int i = 1; i < list->n; i++)
	{
		if (list->rates[i - 1].day == list->rates[i].day)
			check_one_rate(&list->rates[i - 1], &list->rates[i], code);
	}
}

/*
 * find_rate returns the latest rate on or before a day and, if a list is given,
 * puts those after it up to last there, in order.
 */
static Rate
find_rate(FunctionCallInfo fcinfo, int argno, uint32 code, DateADT day,
		  DateADT last, RateList *later)
{
	RateScan scan;
	Rate rate;
	Rate best = {0, NULL};
	Rate rival = {0, NULL}; /* another rate of best's day */
	bool any = false;
	DateADT first = NO_LIMIT;

	rates_begin(&scan, fcinfo, argno, code);
	while (rates_next(&scan, &rate))
	{
		any = true;
		first = Min(first, rate.day);
		if (rate.day > day)
		{
			if (later != NULL && rate.day <= last)
				rates_add(later, &rate);
		}
		else if (best.value == NULL || rate.day > best.day)
		{
			best = rate;
			rival.value = NULL;
		}
		else if (rate.day == best.day &&
				 (rival.value == NULL || same_rate(&best, &rival)))
			rival = rate;
	}
	if (best.value == NULL)
		missing_rate(code, day, any, first);
	if (rival.value != NULL)
		check_one_rate(&best, &rival, code);
	if (later != NULL)
		rates_sort(later, code);
	return best;
}

/* currency_minor_unit(currency) */
PG_FUNCTION_INFO_V1(nm_currency_minor_unit);
Datum
nm_currency_minor_unit(PG_FUNCTION_ARGS)
{
	uint32 code = nm_currency_parse(PG_GETARG_TEXT_PP(0));
	int decimals = nm_currency_decimals(code);

	if (decimals >= 0)
		PG_RETURN_INT32(decimals);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown currency \"%s\"", nm_currency_text(code)),
			 errdetail("ISO 4217 has no number of decimals for it."),
			 errhint("Give the number of decimals itself where it is needed.")));
}

/* exchange_rate_at(rates, currency, day) */
PG_FUNCTION_INFO_V1(nm_exchange_rate_at);
Datum
nm_exchange_rate_at(PG_FUNCTION_ARGS)
{
	uint32 code;
	DateADT day;
	bool is_set;
	Rate rate;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	code = nm_currency_parse(PG_GETARG_TEXT_PP(1));
	day = nm_date_arg(fcinfo, 2, "day", &is_set);
	rate = find_rate(fcinfo, 0, code, day, day, NULL);
	PG_RETURN_DATUM(rate_value(&rate, code));
}

/* put_period adds a row to the result of convert_periods. */
static void
put_period(ReturnSetInfo *rsinfo, const Period *period, Datum rate)
{
	Datum values[4];
	bool nulls[4] = {false};

	values[0] = DateADTGetDatum(period->from);
	values[1] = DateADTGetDatum(period->to);
	nulls[1] = DATE_IS_NOEND(period->to);
	values[2] = DirectFunctionCall2(numeric_mul, period->amount, rate);
	values[3] = rate;
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* period_args reads the first three arguments of convert_periods. */
static Period
period_args(FunctionCallInfo fcinfo)
{
	Period period;
	Numeric amount;
	bool is_set;

	nm_require_arg(fcinfo, 0, "valid_from");
	period.from = nm_date_arg(fcinfo, 0, "valid_from", &is_set);
	period.to = PG_ARGISNULL(1) ? DATEVAL_NOEND : PG_GETARG_DATEADT(1);
	if (period.to <= period.from)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("period ends on or before the day it starts"),
				 errdetail("It starts on %s.", day_text(period.from)),
				 errhint("A period is [valid_from, valid_to): valid_to is the first day after it, or NULL if it is open.")));

	nm_require_arg(fcinfo, 2, "amount");
	amount = PG_GETARG_NUMERIC(2);
	if (numeric_is_nan(amount) || numeric_is_inf(amount))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("argument \"amount\" must be a finite number"),
						errdetail("NaN and infinity are not amounts of money."),
						errhint("Leave such rows out with WHERE.")));
	period.amount = NumericGetDatum(amount);
	return period;
}

/*
 * convert_by_month splits a period where the month-end rate changes.  Rates
 * after limit are not yet known.
 */
static void
convert_by_month(FunctionCallInfo fcinfo, Period period, uint32 code,
				 DateADT limit)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	NmGrain month = {NM_GRAIN_MONTH, 0, 1, {0}};
	RateList later = {NULL, 0, 0};
	DateADT end = period.to;
	DateADT last = limit;
	DateADT start = 0;
	DateADT next = DATEVAL_NOBEGIN;
	Rate rate;

	if (!DATE_IS_NOEND(end))
		last = Min(limit, nm_period_next(&month, end - 1) - 1);
	rate = find_rate(fcinfo, 5, code,
					 Min(limit, nm_period_next(&month, period.from) - 1), last,
					 &later);

	for (int i = 0; i < later.n; i++)
	{
		/* [start, next) is the month of rate i, whose last rate counts */
		if (later.rates[i].day >= next)
		{
			start = nm_period_start(&month, later.rates[i].day);
			next = nm_period_next(&month, start);
		}
		if (i + 1 < later.n && later.rates[i + 1].day < next)
			continue;
		if (same_rate(&rate, &later.rates[i]))
			continue;
		period.to = start;
		put_period(rsinfo, &period, rate_value(&rate, code));
		period.from = start;
		rate = later.rates[i];
	}
	period.to = end;
	put_period(rsinfo, &period, rate_value(&rate, code));
}

/*
 * convert_periods(valid_from, valid_to, amount, currency, base_currency, rates,
 * policy, as_of)
 */
PG_FUNCTION_INFO_V1(nm_convert_periods);
Datum
nm_convert_periods(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Period period = period_args(fcinfo);
	uint32 code;
	uint32 base;
	RatePolicy policy;
	DateADT limit;
	bool is_set;
	Rate rate;

	nm_require_arg(fcinfo, 3, "currency");
	nm_require_arg(fcinfo, 4, "base_currency");
	nm_require_arg(fcinfo, 6, "policy");
	code = nm_currency_parse(PG_GETARG_TEXT_PP(3));
	base = nm_currency_parse(PG_GETARG_TEXT_PP(4));
	policy = parse_policy(PG_GETARG_TEXT_PP(6));
	limit = nm_date_arg(fcinfo, 7, "as_of", &is_set);
	if (!is_set)
		limit = NO_LIMIT;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (code == base)
		put_period(rsinfo, &period, NumericGetDatum(int64_to_numeric(1)));
	else if (policy == POLICY_MONTH_END)
		convert_by_month(fcinfo, period, code, limit);
	else
	{
		if (policy == POLICY_INTERVAL_START)
			limit = Min(limit, period.from);
		rate = find_rate(fcinfo, 5, code, limit, limit, NULL);
		put_period(rsinfo, &period, rate_value(&rate, code));
	}
	return (Datum) 0;
}
