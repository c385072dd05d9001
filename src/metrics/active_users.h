/*
 * active_users.h
 *		The days or periods that results on active users have rows for.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef ACTIVE_USERS_H
#define ACTIVE_USERS_H

#include "postgres.h"
#include "fmgr.h"
#include "nm_state.h"

/* NmActiveRange: rows for the days [start, end), or for what overlaps them. */
typedef struct NmActiveRange
{
	int64 first; /* first active day of the state */
	int64 as_of; /* activity from this day on is ignored */
	int64 start;
	int64 end;
} NmActiveRange;

/*
 * Reads start_day, by default the first active day, end_day and, if as_of_arg
 * is not 0, as_of; false if no day is left.
 */
extern bool nm_active_range(FunctionCallInfo fcinfo, const NmState *state,
							int as_of_arg, int start_arg, NmActiveRange *range);

/* The number of days of a range, or an error if there are too many rows. */
extern int nm_active_range_days(const NmActiveRange *range);

/*
 * Numbers that change from day to day: `steps` holds by how much, for each of n
 * days from `start` on.  Adds one during the days [from, to).
 */
static inline void
nm_steps_add(int64 *steps, int64 start, int n, int64 from, int64 to)
{
	from = Max(from - start, 0);
	to = Min(to - start, n);
	if (from < to)
	{
		steps[from]++;
		steps[to]--;
	}
}

#endif /* ACTIVE_USERS_H */
