/*
 * retention.h
 *		Who enters a cohort when, and at which ages each of them came back.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef RETENTION_H
#define RETENTION_H

#include "postgres.h"
#include "fmgr.h"
#include "activity.h"

/* Longest age of a result, in days or periods. */
#define NM_MAX_AGE 20000

typedef enum NmRetentionMode
{
	NM_RETAINED_ON,
	NM_RETAINED_ON_OR_AFTER,
	NM_RETAINED_ON_OR_BEFORE,
	NM_RETAINED_STREAK,
	NM_RETAINED_BRACKET
} NmRetentionMode;

typedef enum NmCohortEntry
{
	NM_ENTRY_FIRST_EVER,
	NM_ENTRY_FIRST_IN_RANGE,
	NM_ENTRY_EVERY_PERIOD
} NmCohortEntry;

/* Where the shared arguments of an SQL function are; 0 if it has none. */
typedef struct NmRetentionArgs
{
	int as_of;
	int mode;
	int min_actions;
	int entry;
	int start_day; /* end_day follows */
	int return_state;
} NmRetentionArgs;

typedef struct NmRetentionOptions
{
	const NmState *state;   /* of entries */
	const NmState *returns; /* of returns, mostly the same */
	NmRetentionMode mode;
	NmCohortEntry entry;
	int min_actions;
	bool has_start;
	bool has_end;
	int64 start_day; /* entries lie in [start_day, end_day) */
	int64 end_day;
	int64 as_of;
	int64 last; /* last active day before as_of in either state */
} NmRetentionOptions;

/*
 * NmRetentionWalk gives, for each user who enters, the days of entry and all
 * days of return, ascending.
 */
typedef struct NmRetentionWalk
{
	const NmRetentionOptions *options;
	const int32 *entries;
	int nentries;
	const int32 *days;
	const int64 *actions; /* on these days; NULL if one is enough */
	int ndays;

	/* private */
	NmActivityReader starts;
	NmActivityReader returns;
	bool has_return;
} NmRetentionWalk;

/*
 * NmRetentionRule: when a user who entered at position e (a day or a period)
 * counts as retained at age d.
 *
 * The actions at the positions that the mode looks at must be at least
 * min_actions, in sum, or if `each` is set at one of them.  Any action at
 * position e is enough for what looks at age 0.
 */
typedef struct NmRetentionRule
{
	NmRetentionMode mode; /* any but NM_RETAINED_BRACKET */
	int min_actions;
	bool each;
	int max_age;
} NmRetentionRule;

/* Reads arguments; false if there is no state, and so no result. */
extern bool
nm_retention_options(FunctionCallInfo fcinfo, const NmRetentionArgs *args,
					 NmRetentionOptions *options);

extern void
nm_retention_begin(NmRetentionWalk *walk, const NmRetentionOptions *options);
extern bool nm_retention_next(NmRetentionWalk *walk);

/* Cells that nm_retention_count needs for ages 0 to max_age. */
static inline Size
nm_retention_cells(const NmRetentionRule *rule)
{
	return (Size) rule->max_age + 2;
}

/*
 * Counts a user in the cells of each entry, which lie `stride` apart from
 * position `first` on.  What the cells hold is told by nm_retention_sum alone.
 * Ages beyond `last`, the last position that is known, count nobody.
 */
extern void
nm_retention_count(const NmRetentionRule *rule, const int32 *entries,
				   int nentries, const int32 *positions, const int64 *actions,
				   int n, int64 last, int64 *cells, Size stride, int32 first);

/* Turns the cells of one entry into users retained by age. */
extern void nm_retention_sum(const NmRetentionRule *rule, int64 *cells);

#endif /* RETENTION_H */
