/*
 * nm_calendar.c
 *		Periods of a grain in a zone, for civil days and for instants.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/datetime.h"

#include "nm_calendar.h"
#include "nm_guards.h"

/* 2000-01-01 was a Saturday, the sixth day of a week that begins on Monday */
#define WEEKDAY_OF_DAY_ZERO 5

static const char *const weekday_names[] = {"monday",   "tuesday", "wednesday",
											"thursday", "friday",  "saturday",
											"sunday"};

static const struct
{
	const char *name;
	NmGrainUnit unit;
	int weeks[3];
} grain_names[] = {
	{"day", NM_GRAIN_DAY, {0}},
	{"week", NM_GRAIN_WEEK, {0}},
	{"month", NM_GRAIN_MONTH, {0}},
	{"quarter", NM_GRAIN_QUARTER, {0}},
	{"year", NM_GRAIN_YEAR, {0}},
	{"4-4-5", NM_GRAIN_RETAIL, {4, 4, 5}},
	{"4-5-4", NM_GRAIN_RETAIL, {4, 5, 4}},
	{"5-4-4", NM_GRAIN_RETAIL, {5, 4, 4}},
};

NmGrain
nm_grain_parse(const char *grain, const char *week_start, int fiscal_month)
{
	NmGrain result;
	bool found = false;

	memset(&result, 0, sizeof(result));
	for (int i = 0; i < (int) lengthof(grain_names) && !found; i++)
	{
		found = pg_strcasecmp(grain, grain_names[i].name) == 0;
		if (found)
		{
			result.unit = grain_names[i].unit;
			memcpy(result.weeks, grain_names[i].weeks, sizeof(result.weeks));
		}
	}
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown grain \"%s\"", nm_clip(grain)),
				 errdetail("A grain is the length of a period."),
				 errhint("Use day, week, month, quarter, year, 4-4-5, 4-5-4 or 5-4-4.")));

	if (week_start == NULL)
		week_start = weekday_names[0];
	found = false;
	for (int i = 0; i < (int) lengthof(weekday_names) && !found; i++)
	{
		found = pg_strcasecmp(week_start, weekday_names[i]) == 0;
		if (found)
			result.week_start = i;
	}
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown first day of the week \"%s\"",
						nm_clip(week_start)),
				 errdetail("Weeks begin on a day of the week, named in English."),
				 errhint("Use monday, tuesday, wednesday, thursday, friday, saturday or sunday.")));

	if (fiscal_month < 1 || fiscal_month > 12)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("first month of the fiscal year must be between 1 and 12, not %d",
						fiscal_month),
				 errdetail("1 is January, 12 is December."),
				 errhint("Leave it out for calendar years.")));
	result.fiscal_month = fiscal_month;
	return result;
}

/* checked_day returns a day number as date, or an error if it is none. */
static DateADT
checked_day(int64 day)
{
	if (day < DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE ||
		day >= DATE_END_JULIAN - POSTGRES_EPOCH_JDATE)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range"),
				 errdetail("A period would begin or end outside the dates that can be represented."),
				 errhint("Look for placeholder dates, and write null for an open end.")));
	return (DateADT) day;
}

/* first_of_month returns the first day of a month counted from year 0. */
static DateADT
first_of_month(int64 months)
{
	int64 year = months / 12;
	int month = (int) (months % 12);

	if (month < 0)
	{
		month += 12;
		year--;
	}
	if (year > JULIAN_MAXYEAR)
		checked_day(PG_INT64_MAX);
	return checked_day((int64) date2j((int) year, month + 1, 1) -
					   POSTGRES_EPOCH_JDATE);
}

/* months_of_day returns the month of a day, counted from year 0. */
static int64
months_of_day(DateADT day)
{
	int year;
	int month;
	int mday;

	j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &mday);
	return (int64) year * 12 + month - 1;
}

static int64
floor_div(int64 a, int64 b)
{
	int64 q = a / b;

	return (a % b < 0) ? q - 1 : q;
}

/* week_of_day returns the first day of the week of a day. */
static int64
week_of_day(const NmGrain *grain, int64 day)
{
	int64 offset = day + WEEKDAY_OF_DAY_ZERO - grain->week_start;

	return day - (offset - floor_div(offset, 7) * 7);
}

/*
 * retail_year returns the first day of a fiscal year of whole weeks: the first
 * day of a week nearest to the first of the fiscal month.
 */
static DateADT
retail_year(const NmGrain *grain, int64 year)
{
	int64 first = first_of_month(year * 12 + grain->fiscal_month - 1);

	return checked_day(week_of_day(grain, first + 3));
}

/* retail_period returns the period that holds day, as [*start, *next). */
static void
retail_period(const NmGrain *grain, DateADT day, DateADT *start, DateADT *next)
{
	int64 year = floor_div(months_of_day(day), 12) + 1;
	DateADT year_start = retail_year(grain, year);
	DateADT year_next;
	int64 at;

	while (year_start > day)
		year_start = retail_year(grain, --year);
	year_next = retail_year(grain, year + 1);
	while (year_next <= day)
	{
		year_start = year_next;
		year++;
		year_next = retail_year(grain, year + 1);
	}

	at = year_start;
	for (int i = 0; i < 12; i++)
	{
		int64 end = at + 7 * grain->weeks[i % 3];

		/* a 53rd week belongs to the last period of the year */
		if (i == 11)
			end = year_next;
		if (day < end)
		{
			*start = checked_day(at);
			*next = checked_day(end);
			return;
		}
		at = end;
	}
	Assert(false);
}

/* month_step returns the months of a grain, and where its years begin. */
static int
month_step(const NmGrain *grain, int *shift)
{
	*shift = grain->fiscal_month - 1;
	switch (grain->unit)
	{
		case NM_GRAIN_QUARTER:
			return 3;
		case NM_GRAIN_YEAR:
			return 12;
		default:
			return 1;
	}
}

DateADT
nm_period_start(const NmGrain *grain, DateADT day)
{
	DateADT start;
	DateADT next;
	int shift;
	int step;

	switch (grain->unit)
	{
		case NM_GRAIN_DAY:
			return day;
		case NM_GRAIN_WEEK:
			return checked_day(week_of_day(grain, day));
		case NM_GRAIN_RETAIL:
			retail_period(grain, day, &start, &next);
			return start;
		default:
			step = month_step(grain, &shift);
			return first_of_month(floor_div(months_of_day(day) - shift, step) *
									  step +
								  shift);
	}
}

DateADT
nm_period_next(const NmGrain *grain, DateADT day)
{
	DateADT start;
	DateADT next;
	int shift;
	int step;

	switch (grain->unit)
	{
		case NM_GRAIN_DAY:
			return checked_day((int64) day + 1);
		case NM_GRAIN_WEEK:
			return checked_day(week_of_day(grain, day) + 7);
		case NM_GRAIN_RETAIL:
			retail_period(grain, day, &start, &next);
			return next;
		default:
			step = month_step(grain, &shift);
			return first_of_month((floor_div(months_of_day(day) - shift, step) +
								   1) *
									  step +
								  shift);
	}
}

/*
 * Raises if AT TIME ZONE takes the name for an abbreviation of one offset all
 * year, and we for a zone that has several: a report uses both.
 */
static void
check_zone_name(const char *zone, pg_tz *tz)
{
	int west;
	long east;
	pg_tz *taken = NULL;

	switch (DecodeTimezoneName(zone, &west, &taken))
	{
		case TZNAME_FIXED_OFFSET:
			if (pg_get_timezone_offset(tz, &east) && east == -west)
				return;
			break;
		case TZNAME_DYNTZ:
			if (strcmp(pg_get_timezone_name(taken), pg_get_timezone_name(tz)) ==
				0)
				return;
			break;
		default:
			return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("time zone \"%s\" has two meanings", nm_clip(zone)),
			 errdetail("It names a zone, and is an abbreviation of one offset all year."),
			 errhint("Use a full name of pg_timezone_names, such as Europe/Berlin.")));
}

pg_tz *
nm_zone_parse(const char *zone)
{
	pg_tz *tz = NULL;

	if (strlen(zone) <= TZ_STRLEN_MAX)
		tz = pg_tzset(zone);
	if (tz == NULL || !pg_tz_acceptable(tz))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown time zone \"%s\"", nm_clip(zone)),
				 errdetail("Midnight of this zone is where periods begin."),
				 errhint("Use a full name of pg_timezone_names, such as Europe/Berlin.")));
	check_zone_name(zone, tz);
	return tz;
}

/* unix_seconds returns the second of an instant, counted from 1970. */
static pg_time_t
unix_seconds(TimestampTz at)
{
	return floor_div(at, USECS_PER_SEC) +
		   (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
}

TimestampTz
nm_day_to_instant(DateADT day, pg_tz *zone)
{
	struct pg_tm tm;
	struct pg_tm *eve;
	pg_time_t before;
	int64 result;
	int tz;

	memset(&tm, 0, sizeof(tm));
	j2date(day + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	if ((int64) day + POSTGRES_EPOCH_JDATE >= TIMESTAMP_END_JULIAN)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range for an instant"),
				 errdetail("Instants end in the year 294276."),
				 errhint("Look for placeholder dates, and write null for an open end.")));
	tz = DetermineTimeZoneOffset(&tm, zone);
	result = (int64) day * USECS_PER_DAY + (int64) tz * USECS_PER_SEC;

	/* where clocks are set back over midnight, a day begins at the first one */
	before = unix_seconds(result) - 1;
	eve = pg_localtime(&before, zone);
	if (eve != NULL && -eve->tm_gmtoff < tz)
		result -= (tz + eve->tm_gmtoff) * USECS_PER_SEC;
	if (!IS_VALID_TIMESTAMP(result))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date out of range for an instant"),
				 errdetail("Instants end in the year 294276."),
				 errhint("Look for placeholder dates, and write null for an open end.")));
	return result;
}

DateADT
nm_instant_to_day(TimestampTz at, pg_tz *zone)
{
	pg_time_t seconds = unix_seconds(at);
	struct pg_tm *tm = pg_localtime(&seconds, zone);

	if (tm == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range"),
				 errdetail("The instant has no civil day in this zone."),
				 errhint("Look for placeholder times, and write null for an open end.")));
	return checked_day(floor_div(at + tm->tm_gmtoff * USECS_PER_SEC,
								 USECS_PER_DAY));
}

/* calendar_bounds fills bounds[] from starts[] and the end day. */
static void
calendar_bounds(NmCalendar *cal, DateADT end, pg_tz *zone)
{
	int n = cal->nperiods;

	cal->bounds = palloc_array(int64, n + 1);
	for (int i = 0; i <= n; i++)
	{
		DateADT day = i < n ? cal->starts[i] : end;

		cal->bounds[i] = cal->instants ? nm_day_to_instant(day, zone) : day;
	}
	/* no index yet: every search is binary */
	cal->first_day = 1;
	cal->last_day = 0;
}

/* calendar_index makes the index by day. */
static void
calendar_index(NmCalendar *cal, DateADT end)
{
	int n = cal->nperiods;
	int64 ndays;
	int at = 0;

	ndays = (int64) end - cal->starts[0];
	cal->first_day = cal->starts[0];
	cal->last_day = (int64) end - 1;
	cal->by_day =
		palloc_extended(mul_size(ndays, sizeof(int32)), MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < ndays; i++)
	{
		if (at + 1 < n && cal->starts[at + 1] <= cal->first_day + i)
			at++;
		cal->by_day[i] = at;
	}
}

NmCalendar *
nm_calendar_make(const NmGrain *grain, pg_tz *zone, bool instants, int64 first,
				 int64 last)
{
	NmCalendar *cal = palloc0_object(NmCalendar);
	DateADT day;
	DateADT last_day;
	int size = 64;

	cal->instants = instants;
	day = nm_period_start(grain, instants ? nm_instant_to_day(first, zone)
										  : (DateADT) first);
	last_day = instants ? nm_instant_to_day(last, zone) : (DateADT) last;
	cal->starts = palloc_array(DateADT, size);
	do
	{
		CHECK_FOR_INTERRUPTS();
		if (cal->nperiods >= NM_MAX_PERIODS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("result would have more than %d periods",
							NM_MAX_PERIODS),
					 errdetail("The data reach over many years at this grain."),
					 errhint("Use a coarser grain, leave out rows with placeholder dates, write NULL for an open end, or pass as_of or end_day.")));
		if (cal->nperiods == size)
		{
			size *= 2;
			cal->starts = repalloc_array(cal->starts, DateADT, size);
		}
		cal->starts[cal->nperiods++] = day;
		day = nm_period_next(grain, day);
	} while (day <= last_day ||
			 (instants && nm_day_to_instant(day, zone) <= last));
	calendar_bounds(cal, day, zone);
	calendar_index(cal, day);
	return cal;
}

NmCalendar *
nm_calendar_custom(const DateADT *starts, int n, DateADT end, pg_tz *zone,
				   bool instants)
{
	NmCalendar *cal = palloc0_object(NmCalendar);

	cal->instants = instants;
	cal->nperiods = n;
	cal->starts = palloc_array(DateADT, n);
	memcpy(cal->starts, starts, n * sizeof(DateADT));
	calendar_bounds(cal, end, zone);
	return cal;
}

int
nm_calendar_search(const NmCalendar *cal, int64 t)
{
	int low = 0;
	int high = cal->nperiods;

	if (t < cal->bounds[0])
		return -1;
	if (t >= cal->bounds[high])
		return high;
	while (high - low > 1)
	{
		int middle = low + (high - low) / 2;

		if (t >= cal->bounds[middle])
			low = middle;
		else
			high = middle;
	}
	return low;
}

/*
 * ZoneSlot: the offsets of one stretch of 2^41 microseconds, about 25 days, in
 * which a zone changes its clock at most once.
 */
typedef struct ZoneSlot
{
	int64 slot;
	int64 boundary; /* first instant of the second offset */
	int64 before;   /* offsets from UTC in microseconds */
	int64 after;
	bool usable;
} ZoneSlot;

#define ZONE_SLOT_BITS 41
#define ZONE_SLOTS 128
#define ZONE_CACHES 32

typedef struct ZoneCache
{
	char name[TZ_STRLEN_MAX + 1];
	int name_len;
	pg_tz *zone;
	ZoneSlot slots[ZONE_SLOTS];
} ZoneCache;

/* zone_slot_fill asks the zone once for what holds in a slot. */
static void
zone_slot_fill(ZoneSlot *entry, int64 slot, pg_tz *zone)
{
	int64 start = slot * (INT64CONST(1) << ZONE_SLOT_BITS);
	int64 last = start + ((INT64CONST(1) << ZONE_SLOT_BITS) - 1);
	pg_time_t at = unix_seconds(start);
	pg_time_t boundary;
	pg_time_t second;
	long before;
	long after;
	long ignored;
	int dst1;
	int dst2;
	int changes;

	entry->slot = slot;
	entry->boundary = PG_INT64_MAX;
	changes = pg_next_dst_boundary(&at, &before, &dst1, &boundary, &after,
								   &dst2, zone);
	entry->usable = changes >= 0;
	entry->before = entry->after = before * USECS_PER_SEC;
	if (changes <= 0 || boundary > unix_seconds(last))
		return;
	entry->boundary =
		(boundary - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY) *
		USECS_PER_SEC;
	entry->after = after * USECS_PER_SEC;
	changes = pg_next_dst_boundary(&boundary, &ignored, &dst1, &second,
								   &ignored, &dst2, zone);
	if (changes < 0 || (changes > 0 && second <= unix_seconds(last)))
		entry->usable = false;
}

/*
 * ZoneCaches: what a call site knows of the zones that it meets.  A column of
 * zones has a few, which may come in any order.
 */
typedef struct ZoneCaches
{
	ZoneCache *last;
	ZoneCache *by_hash[ZONE_CACHES];
} ZoneCaches;

static bool
is_zone(const ZoneCache *cache, const char *name, int len)
{
	return cache != NULL && cache->name_len == len &&
		   memcmp(cache->name, name, len) == 0;
}

/* zone_cache_find returns the cache of a zone, made or renewed if need be. */
static ZoneCache *
zone_cache_find(FunctionCallInfo fcinfo, ZoneCaches *caches, text *zone)
{
	const char *name = VARDATA_ANY(zone);
	int len = VARSIZE_ANY_EXHDR(zone);
	uint32 hash = len;
	ZoneCache *cache;

	for (int i = 0; i < len; i++)
		hash = hash * 31 + (unsigned char) name[i];
	cache = caches->by_hash[hash % ZONE_CACHES];
	if (!is_zone(cache, name, len))
	{
		pg_tz *tz = nm_zone_parse(text_to_cstring(zone));

		if (cache == NULL)
			cache =
				MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(ZoneCache));
		cache->zone = tz;
		memcpy(cache->name, name, len);
		cache->name_len = len;
		for (int i = 0; i < ZONE_SLOTS; i++)
			cache->slots[i].slot = PG_INT64_MIN;
		caches->by_hash[hash % ZONE_CACHES] = cache;
	}
	caches->last = cache;
	return cache;
}

/* zone_cache returns the call site's cache of a zone. */
static ZoneCache *
zone_cache(FunctionCallInfo fcinfo, text *zone)
{
	ZoneCaches *caches = fcinfo->flinfo->fn_extra;

	if (caches == NULL)
		caches = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ZoneCaches));
	if (likely(is_zone(caches->last, VARDATA_ANY(zone),
					   VARSIZE_ANY_EXHDR(zone))))
		return caches->last;
	return zone_cache_find(fcinfo, caches, zone);
}

DateADT
nm_civil_day(FunctionCallInfo fcinfo, TimestampTz at, text *zone)
{
	ZoneCache *cache = zone_cache(fcinfo, zone);
	int64 slot;
	ZoneSlot *entry;

	if (unlikely(TIMESTAMP_NOT_FINITE(at)))
		return TIMESTAMP_IS_NOBEGIN(at) ? DATEVAL_NOBEGIN : DATEVAL_NOEND;
	slot = at >> ZONE_SLOT_BITS;
	entry = &cache->slots[slot & (ZONE_SLOTS - 1)];
	if (entry->slot != slot)
		zone_slot_fill(entry, slot, cache->zone);
	if (!entry->usable)
		return nm_instant_to_day(at, cache->zone);
	at += at < entry->boundary ? entry->before : entry->after;
	return checked_day(floor_div(at, USECS_PER_DAY));
}

/* SQL-callable functions */

PG_FUNCTION_INFO_V1(nm_civil_date);
Datum
nm_civil_date(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATEADT(nm_civil_day(fcinfo, PG_GETARG_TIMESTAMPTZ(0),
								   PG_GETARG_TEXT_PP(1)));
}

/* sql_period reads the arguments that period_start and period_end share. */
static NmGrain
sql_period(FunctionCallInfo fcinfo)
{
	return nm_grain_parse(text_to_cstring(PG_GETARG_TEXT_PP(1)),
						  text_to_cstring(PG_GETARG_TEXT_PP(2)),
						  PG_GETARG_INT32(3));
}

PG_FUNCTION_INFO_V1(nm_period_start_sql);
Datum
nm_period_start_sql(PG_FUNCTION_ARGS)
{
	bool is_set;
	DateADT day = nm_date_arg(fcinfo, 0, "day", &is_set);
	NmGrain grain = sql_period(fcinfo);

	PG_RETURN_DATEADT(nm_period_start(&grain, day));
}

PG_FUNCTION_INFO_V1(nm_period_end_sql);
Datum
nm_period_end_sql(PG_FUNCTION_ARGS)
{
	bool is_set;
	DateADT day = nm_date_arg(fcinfo, 0, "day", &is_set);
	NmGrain grain = sql_period(fcinfo);

	PG_RETURN_DATEADT(nm_period_next(&grain, day));
}

/* bucket_of spreads a 64-bit value over n buckets. */
static int32
bucket_of(uint64 h, int32 n)
{
	if (n < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of buckets must be at least 1, not %d", n),
				 errdetail("Keys are spread over buckets 0 to n - 1."),
				 errhint("Take about 4,000 customers to a bucket.")));
	h ^= h >> 33;
	h *= UINT64CONST(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64CONST(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return (int32) (h % (uint64) n);
}

/* bytes_hash is FNV-1a: the same on every machine. */
static uint64
bytes_hash(const unsigned char *data, Size len)
{
	uint64 h = UINT64CONST(0xcbf29ce484222325);

	for (Size i = 0; i < len; i++)
		h = (h ^ data[i]) * UINT64CONST(0x100000001b3);
	return h;
}

PG_FUNCTION_INFO_V1(nm_bucket_int8);
Datum
nm_bucket_int8(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(bucket_of((uint64) PG_GETARG_INT64(0), PG_GETARG_INT32(1)));
}

PG_FUNCTION_INFO_V1(nm_bucket_uuid);
Datum
nm_bucket_uuid(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(bucket_of(bytes_hash((const unsigned char *)
											 PG_GETARG_POINTER(0),
										 16),
							  PG_GETARG_INT32(1)));
}

PG_FUNCTION_INFO_V1(nm_bucket_text);
Datum
nm_bucket_text(PG_FUNCTION_ARGS)
{
	text *key = PG_GETARG_TEXT_PP(0);

	PG_RETURN_INT32(bucket_of(bytes_hash((const unsigned char *)
											 VARDATA_ANY(key),
										 VARSIZE_ANY_EXHDR(key)),
							  PG_GETARG_INT32(1)));
}
