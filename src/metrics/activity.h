/*
 * activity.h
 *		The records of activity_state, and a reader that walks its users.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef ACTIVITY_H
#define ACTIVITY_H

#include "postgres.h"
#include "utils/array.h"
#include "utils/date.h"
#include "nm_keyed.h"

/* The param of a state: whether it counts actions. */
#define NM_ACTIVITY_DAYS 0
#define NM_ACTIVITY_ACTIONS 1

#define NM_ACTIVITY_BLOCK 128 /* days of a block */
#define NM_ACTIVITY_PART 4    /* days of a part of it, where actions count */

/*
 * NmActivityRecord: what a user did in one block of days, which begins at day
 * NM_ACTIVITY_BLOCK * block.
 *
 * Without counts slot is 0 and bits is a mask of the active days.  With counts
 * slot is 1 to 32, one for each part of the block, and bits holds the actions
 * of its four days, each in 32 bits from the low end.
 */
typedef struct NmActivityRecord
{
	int64 key;
	int32 block;
	int32 slot;
	uint64 bits[2];
} NmActivityRecord;

/* More active days of one user than this are an error. */
#define NM_MAX_ACTIVE_DAYS 4000000

/*
 * NmActivityReader walks the users of a canonical state, in the order of their
 * keys.  Users without activity before the limit are left out.  The arrays are
 * used again for the next user.
 */
typedef struct NmActivityReader
{
	const NmState *state;
	int64 limit;    /* days from this one on are ignored */
	int64 key;      /* of the user just read */
	int n;          /* active days of that user, at least 1 */
	int32 *days;    /* those days, ascending */
	int64 *actions; /* what was done on each, NULL if the state has no counts */

	/* private */
	uint32 next; /* first record of the next user */
	int capacity;
} NmActivityReader;

/* What activity_exclude takes away. */
typedef struct NmActivityTotals
{
	int64 users;
	int64 days;
	int64 actions;
} NmActivityTotals;

extern const NmKeyedOps nm_activity_ops;

static inline bool
nm_activity_counts(const NmState *state)
{
	return state->param == NM_ACTIVITY_ACTIONS;
}

static inline const NmActivityRecord *
nm_activity_records(const NmState *state)
{
	return (const NmActivityRecord *) nm_state_records(state);
}

/* The actions of day i, 0 to 3, of a record with counts. */
static inline uint32
nm_activity_actions(const NmActivityRecord *rec, int i)
{
	return (uint32) (rec->bits[i / 2] >> (32 * (i % 2)));
}

/* An argument that is a state: detoasted and checked. */
extern const NmState *nm_activity_arg(FunctionCallInfo fcinfo, int argno);

/* First and last active day of a state. */
extern void nm_activity_range(const NmState *state, int64 *first, int64 *last);

/*
 * The argument as_of: activity from this day on is ignored.  NULL is the day
 * after the last active day.
 */
extern int64 nm_activity_as_of(FunctionCallInfo fcinfo, int argno, int64 last);

/* Readers allocate in the context in which they begin. */
extern void
nm_activity_begin(NmActivityReader *reader, const NmState *state, int64 limit);
/* The next user; false after the last. */
extern bool nm_activity_next(NmActivityReader *reader);

/* The position of the first of n ascending days that is not before `day`. */
extern int nm_activity_search(const int32 *days, int n, int64 day);

/*
 * A state without the users named, NULL if nobody is left, and what they did.
 */
extern const NmState *
nm_activity_exclude(const NmState *state, ArrayType *users,
					NmActivityTotals *excluded);

/* Orders the users of two states, of any kind, whose keys are of one type. */
extern int
nm_user_compare(const NmState *a, int64 a_key, const NmState *b, int64 b_key);

#endif /* ACTIVITY_H */
