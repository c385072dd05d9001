/*
 * nm_calendar.h
 *		Periods of a grain in a zone, for civil days and for instants.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_CALENDAR_H
#define NM_CALENDAR_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "pgtime.h"
#include "utils/date.h"
#include "nm_compat.h"

/* More periods than this in one result are an error. */
#define NM_MAX_PERIODS 20000

typedef enum NmGrainUnit
{
	NM_GRAIN_DAY,
	NM_GRAIN_WEEK,
	NM_GRAIN_MONTH,
	NM_GRAIN_QUARTER,
	NM_GRAIN_YEAR,
	NM_GRAIN_RETAIL /* 4-4-5 and its relatives */
} NmGrainUnit;

/* How civil days are cut into periods. */
typedef struct NmGrain
{
	NmGrainUnit unit;
	int week_start;   /* 0 = Monday ... 6 = Sunday */
	int fiscal_month; /* month in which the year begins, 1 to 12 */
	int weeks[3];     /* retail: weeks of a quarter's months */
} NmGrain;

/* NULL arguments mean 'monday' and January. */
extern NmGrain
nm_grain_parse(const char *grain, const char *week_start, int fiscal_month);

/* First day of the period that holds day, and of the one after it. */
extern DateADT nm_period_start(const NmGrain *grain, DateADT day);
extern DateADT nm_period_next(const NmGrain *grain, DateADT day);

/* The named zone, or an error. */
extern pg_tz *nm_zone_parse(const char *zone);

/* The instant at which a civil day begins in a zone, and the reverse. */
extern TimestampTz nm_day_to_instant(DateADT day, pg_tz *zone);
extern DateADT nm_instant_to_day(TimestampTz at, pg_tz *zone);

/*
 * The civil day of an instant in a named zone, infinite if the instant is.
 * The call site of fcinfo remembers its zones in fn_extra, so this is fast for
 * rows.
 */
extern DateADT
nm_civil_day(FunctionCallInfo fcinfo, TimestampTz at, text *zone);

/*
 * NmCalendar: consecutive periods 0 .. nperiods-1.  starts[i] is the first day
 * of period i; bounds[i] the same as a time of the state (day or instant), and
 * bounds[nperiods] is the end.
 */
typedef struct NmCalendar
{
	int nperiods;
	bool instants;
	DateADT *starts;
	int64 *bounds;

	/* private: index of the period by day, from first_day */
	int64 first_day;
	int64 last_day;
	int32 *by_day;
} NmCalendar;

/*
 * All periods from the one that holds time `first` to the one that holds time
 * `last` (times as the state has them).
 */
extern NmCalendar *nm_calendar_make(const NmGrain *grain, pg_tz *zone,
									bool instants, int64 first, int64 last);

/* A calendar with the given first days; end is the day after the last. */
extern NmCalendar *nm_calendar_custom(const DateADT *starts, int n, DateADT end,
									  pg_tz *zone, bool instants);

/*
 * The period that holds a time: -1 before the first, nperiods at or after the
 * end.
 */
extern int nm_calendar_search(const NmCalendar *cal, int64 t);

static inline int
nm_calendar_index(const NmCalendar *cal, int64 t)
{
	int64 day = t;
	int i;

	if (cal->instants)
	{
		day = t / USECS_PER_DAY;
		if (t < 0)
			day--;
	}
	if (unlikely(day < cal->first_day || day > cal->last_day))
		return nm_calendar_search(cal, t);
	i = cal->by_day[day - cal->first_day];

	/* a zone's midnight is less than a day away from that of UTC */
	while (i < cal->nperiods && t >= cal->bounds[i + 1])
		i++;
	while (i >= 0 && t < cal->bounds[i])
		i--;
	return i;
}

#endif /* NM_CALENDAR_H */
