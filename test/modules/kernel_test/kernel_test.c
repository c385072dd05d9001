/*
 * kernel_test.c
 *		The module, and functions over money and the calendar.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "kernel_test.h"

#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "nm_calendar.h"
#include "nm_money.h"

NM_MODULE_MAGIC;

void _PG_init(void);

void
_PG_init(void)
{
	DefineCustomIntVariable("kernel_test.max_state_size",
							"Largest size of a state.", NULL,
							&nm_max_state_size, 256, 1, 512, PGC_SUSET,
							GUC_UNIT_MB, NULL, NULL, NULL);
	nm_money_init();
}

const char *
kernel_test_check_param(const NmState *state)
{
	return state->param == 0 ? NULL : "The state has a parameter.";
}

void
kernel_test_combine_param(NmState *dst, const NmState *src)
{
	elog(ERROR, "states have parameters %u and %u", dst->param, src->param);
}

/* money_read(amount): micro-units as the kernel reads them */
PG_FUNCTION_INFO_V1(kernel_test_money_read);
Datum
kernel_test_money_read(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(nm_money_in(PG_GETARG_DATUM(0), "amount"));
}

/* money_write(a, b): a * b micro-units as the kernel writes them */
PG_FUNCTION_INFO_V1(kernel_test_money_write);
Datum
kernel_test_money_write(PG_FUNCTION_ARGS)
{
	return nm_money_out((int128) PG_GETARG_INT64(0) * PG_GETARG_INT64(1));
}

/* money_ratio(a, b): a / b, or NULL */
PG_FUNCTION_INFO_V1(kernel_test_money_ratio);
Datum
kernel_test_money_ratio(PG_FUNCTION_ARGS)
{
	Datum result;

	if (!nm_ratio_out(PG_GETARG_INT64(0), PG_GETARG_INT64(1), &result))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}

/* day_start(day, zone): the instant at which a day begins */
PG_FUNCTION_INFO_V1(kernel_test_day_start);
Datum
kernel_test_day_start(PG_FUNCTION_ARGS)
{
	pg_tz *zone = nm_zone_parse(text_to_cstring(PG_GETARG_TEXT_PP(1)));

	PG_RETURN_TIMESTAMPTZ(nm_day_to_instant(PG_GETARG_DATEADT(0), zone));
}

/*
 * calendar_errors(grain, week_start, fiscal_month, zone, first, last, steps):
 * cuts [first, last] into periods and looks up so many instants of it and
 * beyond, by index and by search; returns how many answers are wrong.
 */
PG_FUNCTION_INFO_V1(kernel_test_calendar_errors);
Datum
kernel_test_calendar_errors(PG_FUNCTION_ARGS)
{
	NmGrain grain = nm_grain_parse(text_to_cstring(PG_GETARG_TEXT_PP(0)),
								   text_to_cstring(PG_GETARG_TEXT_PP(1)),
								   PG_GETARG_INT32(2));
	pg_tz *zone = nm_zone_parse(text_to_cstring(PG_GETARG_TEXT_PP(3)));
	TimestampTz first = PG_GETARG_TIMESTAMPTZ(4);
	TimestampTz last = PG_GETARG_TIMESTAMPTZ(5);
	int steps = PG_GETARG_INT32(6);
	NmCalendar *cal = nm_calendar_make(&grain, zone, true, first, last);
	NmCalendar *days;
	int64 errors = 0;

	days = nm_calendar_make(&grain, zone, false, nm_instant_to_day(first, zone),
							nm_instant_to_day(last, zone));
	errors += cal->nperiods != days->nperiods;
	for (int i = -steps / 10; i <= steps + steps / 10; i++)
	{
		TimestampTz at = first + (last - first) / steps * i;
		DateADT day = nm_instant_to_day(at, zone);
		DateADT start = nm_period_start(&grain, day);
		int n = nm_calendar_index(cal, at);

		errors += n != nm_calendar_search(cal, at);
		errors += n != nm_calendar_index(days, day);
		if (n < 0)
			errors += day >= cal->starts[0];
		else if (n < cal->nperiods)
			errors += cal->starts[n] != start;
		else
			errors += start <= cal->starts[n - 1];
	}
	PG_RETURN_INT64(errors);
}
