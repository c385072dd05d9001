/*
 * working_time.c
 *		Time within the working hours of a calendar.
 *
 * A calendar is read from its tables once in a query.  Of every civil day that
 * is asked for, it then knows the instant at which the day begins, how much
 * working time lies before that, and a pattern: the spans of work in the day.
 * Days of one weekday share a pattern, unless the clock is changed in them.  So
 * the working time up to an instant is two look-ups, and that between two
 * instants is a difference.
 *
 * Definitions: doc/working_time.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/datetime.h"

#include "nm_calendar.h"
#include "nm_guards.h"
#include "nm_kept.h"
#include "nm_numeric.h"
#include "nm_rows.h"

/* Instants have working time from this year on, and before that year. */
#define FIRST_YEAR 1900
#define END_YEAR 2200

/* Days made beyond those that are asked for. */
#define SLACK_DAYS 400

/* What is kept of calendars may grow up to this; then it is made anew. */
#define MAX_KEPT ((Size) 64 * 1024 * 1024)

#define CALENDAR_BUCKETS 256
#define DAYS_A_WEEK 7
#define USECS_A_MINUTE USECS_PER_MINUTE

/*
 * A span of work in a day [opens, closes), in microseconds; `before` is what is
 * worked in the day before it.
 */
typedef struct Span
{
	int64 opens;
	int64 closes;
	int64 before;
} Span;

/* The spans of a day, in order and apart from each other. */
typedef struct Pattern
{
	int n;
	int64 total;
	Span *spans;
} Pattern;

typedef struct Day
{
	TimestampTz begins;
	int64 before; /* worked from an arbitrary instant up to here */
	const Pattern *pattern;
} Day;

typedef struct Holiday
{
	DateADT day;
	Pattern hours; /* none unless the day is only shorter */
} Holiday;

/*
 * days[] has the civil days [first, end), and one more entry for the instant at
 * which they end.  Patterns of a week and of holidays count from midnight by the
 * clock, those of days from the instant at which the day begins.
 */
typedef struct Calendar
{
	struct Calendar *next;
	char *name;
	int name_len;
	pg_tz *zone;
	Pattern week[DAYS_A_WEEK];
	int nholidays;
	Holiday *holidays;
	DateADT first;
	DateADT end;
	Day *days;
} Calendar;

/* What a query keeps between calls. */
typedef struct Calendars
{
	NmKept kept; /* first; the calendars live with it */
	Calendar *last;
	Calendar *by_hash[CALENDAR_BUCKETS];
} Calendars;

/* Reading a calendar */

/* add_span adds one that opens no earlier than those before it. */
static void
add_span(Pattern *pattern, int64 opens, int64 closes)
{
	Span *last = pattern->n > 0 ? &pattern->spans[pattern->n - 1] : NULL;

	if (last != NULL)
		opens = Max(opens, last->closes);
	if (opens >= closes)
		return;
	if (last != NULL && opens == last->closes)
		last->closes = closes;
	else
		pattern->spans[pattern->n++] = (Span){opens, closes, pattern->total};
	pattern->total += closes - opens;
}

/* query runs a query for the rows of one calendar; SPI is connected. */
static void
query(const char *sql, Datum name)
{
	Oid type = TEXTOID;

	if (SPI_execute_with_args(sql, 1, &type, &name, NULL, true, 0) !=
		SPI_OK_SELECT)
		elog(ERROR, "could not read a working calendar");
}

/* column returns a column of a row that the last query gave. */
static Datum
column(uint64 row, int number, bool *is_null)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, number,
						 is_null);
}

static void
read_zone(Calendar *calendar, Datum name)
{
	bool is_null;
	Datum zone;

	query("SELECT c.zone FROM nudge.working_calendars c WHERE c.calendar OPERATOR(pg_catalog.=) $1",
		  name);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown working calendar \"%s\"",
						nm_clip(calendar->name)),
				 errdetail("Its zone and hours are not in the tables."),
				 errhint("Add it to nudge.working_calendars and nudge.working_hours.")));
	zone = column(0, 1, &is_null);
	if (is_null)
		elog(ERROR, "working calendar has no zone");
	calendar->zone = nm_zone_parse(TextDatumGetCString(zone));
}

/* weekday_of returns which day of the week a row of hours is for. */
static int
weekday_of(uint64 row)
{
	bool is_null;
	int weekday = DatumGetInt32(column(row, 1, &is_null));

	if (is_null || weekday < 1 || weekday > DAYS_A_WEEK)
		elog(ERROR, "row of nudge.working_hours has no weekday");
	return weekday - 1;
}

static void
read_hours(Calendar *calendar, Datum name, MemoryContext context)
{
	int n[DAYS_A_WEEK] = {0};
	bool is_null;

	query("SELECT h.weekday, h.opens, h.closes FROM nudge.working_hours h "
		  "WHERE h.calendar OPERATOR(pg_catalog.=) $1 ORDER BY h.weekday, h.opens",
		  name);
	for (uint64 i = 0; i < SPI_processed; i++)
		n[weekday_of(i)]++;
	for (int d = 0; d < DAYS_A_WEEK; d++)
		calendar->week[d].spans =
			MemoryContextAlloc(context, mul_size(sizeof(Span), Max(n[d], 1)));
	for (uint64 i = 0; i < SPI_processed; i++)
		add_span(&calendar->week[weekday_of(i)],
				 DatumGetTimeADT(column(i, 2, &is_null)),
				 DatumGetTimeADT(column(i, 3, &is_null)));
}

static void
read_holidays(Calendar *calendar, Datum name, MemoryContext context)
{
	query("SELECT h.day, h.opens, h.closes FROM nudge.holidays h "
		  "WHERE h.calendar OPERATOR(pg_catalog.=) $1 ORDER BY h.day",
		  name);
	calendar->nholidays = (int) SPI_processed;
	calendar->holidays =
		MemoryContextAllocZero(context, mul_size(sizeof(Holiday),
												 Max(SPI_processed, 1)));
	for (int i = 0; i < calendar->nholidays; i++)
	{
		Holiday *holiday = &calendar->holidays[i];
		bool is_null;
		Datum opens = column(i, 2, &is_null);

		holiday->day = DatumGetDateADT(column(i, 1, &is_null));
		column(i, 2, &is_null);
		if (is_null)
			continue;
		holiday->hours.spans = MemoryContextAlloc(context, sizeof(Span));
		add_span(&holiday->hours, DatumGetTimeADT(opens),
				 DatumGetTimeADT(column(i, 3, &is_null)));
	}
}

/* read_calendar returns a calendar as its tables have it. */
static Calendar *
read_calendar(const text *name, MemoryContext context)
{
	Datum argument = PointerGetDatum(name);
	Calendar *calendar = MemoryContextAllocZero(context, sizeof(Calendar));

	calendar->name_len = VARSIZE_ANY_EXHDR(name);
	calendar->name = MemoryContextAlloc(context, calendar->name_len + 1);
	memcpy(calendar->name, VARDATA_ANY(name), calendar->name_len);
	calendar->name[calendar->name_len] = '\0';
	SPI_connect();
	read_zone(calendar, argument);
	read_hours(calendar, argument, context);
	read_holidays(calendar, argument, context);
	SPI_finish();
	return calendar;
}

/*
 * current_calendars returns the calendars that the query has read so far, unless
 * they have become too many.
 */
static Calendars *
current_calendars(FmgrInfo *flinfo)
{
	Calendars *calendars = nm_kept_find(flinfo);

	if (calendars != NULL &&
		MemoryContextMemAllocated(calendars->kept.context, false) <= MAX_KEPT)
		return calendars;
	calendars = nm_kept_begin(flinfo, sizeof(Calendars));
	nm_kept_end(flinfo, calendars);
	return calendars;
}

static bool
is_named(const Calendar *calendar, const char *name, int len)
{
	return calendar != NULL && calendar->name_len == len &&
		   memcmp(calendar->name, name, len) == 0;
}

/* named_calendar returns the calendar of an argument, read if need be. */
static Calendar *
named_calendar(FunctionCallInfo fcinfo, int argno, Calendars *calendars)
{
	text *argument = PG_GETARG_TEXT_PP(argno);
	const char *name = VARDATA_ANY(argument);
	int len = VARSIZE_ANY_EXHDR(argument);
	Calendar **bucket;
	Calendar *calendar;

	if (is_named(calendars->last, name, len))
		return calendars->last;
	bucket = &calendars->by_hash[hash_bytes((const unsigned char *) name, len) %
								 CALENDAR_BUCKETS];
	for (calendar = *bucket; calendar != NULL; calendar = calendar->next)
		if (is_named(calendar, name, len))
			break;
	if (calendar == NULL)
	{
		/* known only when all of it was read */
		calendar = read_calendar(argument, calendars->kept.context);
		calendar->next = *bucket;
		*bucket = calendar;
	}
	calendars->last = calendar;
	return calendar;
}

/* Days */

static inline DateADT
day_of_year(int year)
{
	return date2j(year, 1, 1) - POSTGRES_EPOCH_JDATE;
}

/* hours_of_day returns when people work on a day by the clock. */
static const Pattern *
hours_of_day(const Calendar *calendar, DateADT day)
{
	int low = 0;
	int high = calendar->nholidays;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (calendar->holidays[middle].day < day)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < calendar->nholidays && calendar->holidays[low].day == day)
		return &calendar->holidays[low].hours;
	/* Sunday is 0 there, and the last here */
	return &calendar
				->week[(j2day(day + POSTGRES_EPOCH_JDATE) + 6) % DAYS_A_WEEK];
}

static inline pg_time_t
unix_seconds(TimestampTz at)
{
	return at / USECS_PER_SEC +
		   (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
}

/*
 * clock_to_instant returns when a clock has come to a time of a day for good.
 * Of a time that it shows twice that is the second, as AT TIME ZONE has it; at a
 * time that it leaves out, it is when it leaps.
 */
static TimestampTz
clock_to_instant(DateADT day, int64 time, pg_tz *zone)
{
	struct pg_tm tm;
	fsec_t fraction;
	int64 local = (int64) day * USECS_PER_DAY + time;
	TimestampTz at;
	pg_time_t seconds;
	pg_time_t leap;
	int64 left_out;
	long offsets[2];
	int ignored[2];

	memset(&tm, 0, sizeof(tm));
	j2date(day + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	dt2time(time, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &fraction);
	at = local + (int64) DetermineTimeZoneOffset(&tm, zone) * USECS_PER_SEC;
	seconds = unix_seconds(at - fraction);
	left_out =
		at + pg_localtime(&seconds, zone)->tm_gmtoff * USECS_PER_SEC - local;
	if (left_out <= 0)
		return at;
	/* the clock has leapt since, by as much as it shows too late */
	seconds -= left_out / USECS_PER_SEC;
	if (pg_next_dst_boundary(&seconds, &offsets[0], &ignored[0], &leap,
							 &offsets[1], &ignored[1], zone) != 1)
		return at;
	return (leap - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY) *
		   USECS_PER_SEC;
}

/*
 * changed_pattern returns the pattern of a day in which clocks are changed.  No
 * span leaves its day, which begins and ends where it does everywhere else.
 */
static const Pattern *
changed_pattern(const Calendar *calendar, const Pattern *hours, DateADT day,
				TimestampTz begins, TimestampTz ends)
{
	Pattern *pattern = palloc0_object(Pattern);

	pattern->spans = palloc_array(Span, Max(hours->n, 1));
	for (int i = 0; i < hours->n; i++)
	{
		TimestampTz opens = begins;
		TimestampTz closes = ends;

		if (hours->spans[i].opens > 0)
			opens =
				clock_to_instant(day, hours->spans[i].opens, calendar->zone);
		if (hours->spans[i].closes < USECS_PER_DAY)
			closes =
				clock_to_instant(day, hours->spans[i].closes, calendar->zone);
		add_span(pattern, Max(opens, begins) - begins,
				 Min(closes, ends) - begins);
	}
	return pattern;
}

static const Pattern *
pattern_of_day(const Calendar *calendar, DateADT day, TimestampTz begins,
			   TimestampTz ends)
{
	const Pattern *hours = hours_of_day(calendar, day);

	if (ends - begins == USECS_PER_DAY)
		return hours;
	return changed_pattern(calendar, hours, day, begins, ends);
}

/*
 * make_days fills in the days [first, end), of which those from kept_first to
 * kept_end are there, with one more entry.
 */
static void
make_days(const Calendar *calendar, Day *days, DateADT first,
		  DateADT kept_first, DateADT kept_end, DateADT end)
{
	for (DateADT d = kept_first - 1; d >= first; d--)
	{
		Day *day = &days[d - first];

		CHECK_FOR_INTERRUPTS();
		day->begins = nm_day_to_instant(d, calendar->zone);
		day->pattern = pattern_of_day(calendar, d, day->begins, day[1].begins);
		day->before = day[1].before - day->pattern->total;
	}
	for (DateADT d = kept_end; d < end; d++)
	{
		Day *day = &days[d - first];

		CHECK_FOR_INTERRUPTS();
		day[1].begins = nm_day_to_instant(d + 1, calendar->zone);
		day->pattern = pattern_of_day(calendar, d, day->begins, day[1].begins);
		day[1].before = day->before + day->pattern->total;
	}
}

/*
 * cover makes the days [first, end) known.  No zone's day is two days from that
 * of UTC, so that those are made around the years that have working time.
 */
static void
cover(const Calendars *calendars, Calendar *calendar, DateADT first,
	  DateADT end)
{
	DateADT min = day_of_year(FIRST_YEAR) - 2;
	DateADT max = day_of_year(END_YEAR) + 2;
	int known = calendar->end - calendar->first;
	MemoryContext outer;
	Day *days;

	if (known > 0 && first >= calendar->first && end <= calendar->end)
		return;
	if (known == 0 || first < calendar->first)
		first -= SLACK_DAYS + known / 2;
	if (known == 0 || end > calendar->end)
		end += SLACK_DAYS + known / 2;
	if (known > 0)
	{
		first = Min(first, calendar->first);
		end = Max(end, calendar->end);
	}
	first = Max(first, min);
	end = Min(end, max);
	outer = MemoryContextSwitchTo(calendars->kept.context);
	days = palloc_array(Day, end - first + 1);
	if (known > 0)
	{
		memcpy(&days[calendar->first - first], calendar->days,
			   (known + 1) * sizeof(Day));
		make_days(calendar, days, first, calendar->first, calendar->end, end);
		pfree(calendar->days);
	}
	else
	{
		days[0].begins = nm_day_to_instant(first, calendar->zone);
		days[0].before = 0;
		make_days(calendar, days, first, first, first, end);
	}
	MemoryContextSwitchTo(outer);
	calendar->days = days;
	calendar->first = first;
	calendar->end = end;
}

/* Complains about what has no working time. */
pg_noreturn static void
out_of_reach(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("instant out of range of working time"),
			 errdetail("Working time is known from %d to %d.", FIRST_YEAR,
					   END_YEAR - 1),
			 errhint("Look for placeholder dates, and write null for an open end.")));
}

/* day_at returns the civil day that holds an instant. */
static const Day *
day_at(const Calendars *calendars, Calendar *calendar, TimestampTz at)
{
	DateADT guess;
	const Day *day;

	if (at < day_of_year(FIRST_YEAR) * USECS_PER_DAY ||
		at >= day_of_year(END_YEAR) * USECS_PER_DAY)
		out_of_reach();
	guess = (DateADT) (at / USECS_PER_DAY);
	if (at < 0)
		guess--;
	cover(calendars, calendar, guess - 2, guess + 2);
	day = &calendar->days[guess - calendar->first];
	while (at < day->begins)
		day--;
	while (at >= day[1].begins)
		day++;
	return day;
}

/* span_ending_after returns which span is the first to end after a time. */
static int
span_ending_after(const Pattern *pattern, int64 time)
{
	int low = 0;
	int high = pattern->n;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (pattern->spans[middle].closes <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* worked_until returns the working time before an instant. */
static int64
worked_until(const Calendars *calendars, Calendar *calendar, TimestampTz at)
{
	const Day *day = day_at(calendars, calendar, at);
	const Pattern *pattern = day->pattern;
	int64 time = at - day->begins;
	int i = span_ending_after(pattern, time);

	if (i == pattern->n)
		return day->before + pattern->total;
	return day->before + pattern->spans[i].before +
		   Max(time - pattern->spans[i].opens, 0);
}

/* SQL-callable functions */

/* finite_arg is an instant that may not be infinite. */
static TimestampTz
finite_arg(FunctionCallInfo fcinfo, int argno, const char *name)
{
	bool is_set;

	return nm_instant_arg(fcinfo, argno, name, &is_set);
}

/* worked_between returns the working time that a call asks for. */
static int64
worked_between(FunctionCallInfo fcinfo)
{
	TimestampTz started_at = finite_arg(fcinfo, 0, "started_at");
	TimestampTz ended_at = finite_arg(fcinfo, 1, "ended_at");
	Calendars *calendars = current_calendars(fcinfo->flinfo);
	Calendar *calendar = named_calendar(fcinfo, 2, calendars);
	int64 until_start;

	/* days made for the second do not change what the first has given */
	until_start = worked_until(calendars, calendar, started_at);
	return worked_until(calendars, calendar, ended_at) - until_start;
}

/* minutes_of gives microseconds as minutes. */
static Datum
minutes_of(int64 worked)
{
	Datum minutes;

	if (worked % USECS_A_MINUTE == 0)
		return nm_num_int(worked / USECS_A_MINUTE);
	if (worked % 6 == 0)
		minutes = NumericGetDatum(int64_div_fast_to_numeric(worked / 6, 7));
	else
		minutes = nm_num_div(nm_num_int(worked), nm_num_int(USECS_A_MINUTE));
	return nm_num_trim(minutes, 0);
}

PG_FUNCTION_INFO_V1(nm_working_seconds);
Datum
nm_working_seconds(PG_FUNCTION_ARGS)
{
	int64 worked = worked_between(fcinfo);

	if (worked % USECS_PER_SEC == 0)
		return nm_num_int(worked / USECS_PER_SEC);
	return nm_num_trim(NumericGetDatum(int64_div_fast_to_numeric(worked, 6)),
					   0);
}

PG_FUNCTION_INFO_V1(nm_working_minutes);
Datum
nm_working_minutes(PG_FUNCTION_ARGS)
{
	return minutes_of(worked_between(fcinfo));
}

PG_FUNCTION_INFO_V1(nm_is_working_time);
Datum
nm_is_working_time(PG_FUNCTION_ARGS)
{
	TimestampTz at = finite_arg(fcinfo, 0, "at");
	Calendars *calendars = current_calendars(fcinfo->flinfo);
	const Day *day =
		day_at(calendars, named_calendar(fcinfo, 1, calendars), at);
	int i = span_ending_after(day->pattern, at - day->begins);

	PG_RETURN_BOOL(i < day->pattern->n &&
				   day->pattern->spans[i].opens <= at - day->begins);
}

/* work_arg is the argument with minutes of work, in microseconds. */
static int64
work_arg(FunctionCallInfo fcinfo, int argno)
{
	Datum minutes = PG_GETARG_DATUM(argno);
	Datum most = nm_num_int((int64) (END_YEAR - FIRST_YEAR) * 366 * 24 * 60);

	if (!nm_num_finite(minutes) || nm_num_sign(minutes) < 0 ||
		nm_num_cmp(minutes, most) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("minutes of work are out of range"),
				 errdetail("They are %s.", nm_clip(nm_num_text(minutes))),
				 errhint("Pass a number from 0 on, of at most some hundred years.")));
	return DatumGetInt64(DirectFunctionCall1(numeric_int8,
											 nm_num_mul(minutes,
														nm_num_int(USECS_A_MINUTE))));
}

/*
 * day_with returns the first day at whose end so much was worked since the
 * beginning of the day given.
 */
static const Day *
day_with(const Calendars *calendars, Calendar *calendar, DateADT from,
		 int64 worked)
{
	int low;
	int high;

	worked += calendar->days[from - calendar->first].before;
	while (calendar->days[calendar->end - calendar->first].before < worked)
	{
		if (calendar->end >= day_of_year(END_YEAR))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("working calendar \"%s\" has not so much working time",
							nm_clip(calendar->name)),
					 errdetail("Working time is known up to %d.", END_YEAR - 1),
					 errhint("See whether it has rows in nudge.working_hours.")));
		cover(calendars, calendar, calendar->first, calendar->end + 1);
	}
	low = from - calendar->first;
	high = calendar->end - 1 - calendar->first;
	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (calendar->days[middle + 1].before < worked)
			low = middle + 1;
		else
			high = middle;
	}
	return &calendar->days[low];
}

PG_FUNCTION_INFO_V1(nm_working_time_add);
Datum
nm_working_time_add(PG_FUNCTION_ARGS)
{
	TimestampTz at = finite_arg(fcinfo, 0, "started_at");
	int64 work = work_arg(fcinfo, 1);
	Calendars *calendars = current_calendars(fcinfo->flinfo);
	Calendar *calendar = named_calendar(fcinfo, 2, calendars);
	const Day *day = day_at(calendars, calendar, at);
	DateADT from = calendar->first + (DateADT) (day - calendar->days);
	const Span *span;
	int64 worked;

	if (work == 0)
		PG_RETURN_TIMESTAMPTZ(at);
	/* what was worked since the day began; its instant does not move */
	worked = worked_until(calendars, calendar, at) - day->before + work;
	day = day_with(calendars, calendar, from, worked);
	worked -= day->before - calendar->days[from - calendar->first].before;
	for (span = day->pattern->spans;
		 span->before + span->closes - span->opens < worked; span++)
		;
	PG_RETURN_TIMESTAMPTZ(day->begins + span->opens + worked - span->before);
}

PG_FUNCTION_INFO_V1(nm_working_spans);
Datum
nm_working_spans(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool is_set;
	DateADT start_day = nm_date_arg(fcinfo, 1, "start_day", &is_set);
	DateADT end_day = nm_date_arg(fcinfo, 2, "end_day", &is_set);
	Calendars *calendars = current_calendars(fcinfo->flinfo);
	Calendar *calendar = named_calendar(fcinfo, 0, calendars);
	NmRowContext row;

	if (start_day >= end_day)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("start_day must be before end_day"),
				 errdetail("A window is half-open: it holds start_day, and ends before end_day."),
				 errhint("For one day pass that day and the next.")));
	if (start_day < day_of_year(FIRST_YEAR) || end_day > day_of_year(END_YEAR))
		out_of_reach();
	InitMaterializedSRF(fcinfo, 0);
	cover(calendars, calendar, start_day, end_day);
	nm_row_begin(&row);
	for (DateADT d = start_day; d < end_day; d++)
	{
		const Day *day = &calendar->days[d - calendar->first];

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < day->pattern->n; i++)
		{
			const Span *span = &day->pattern->spans[i];
			Datum values[4];
			bool nulls[4] = {false};

			values[0] = DateADTGetDatum(d);
			values[1] = TimestampTzGetDatum(day->begins + span->opens);
			values[2] = TimestampTzGetDatum(day->begins + span->closes);
			values[3] = minutes_of(span->closes - span->opens);
			nm_row_put(&row, rsinfo, values, nulls);
		}
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
