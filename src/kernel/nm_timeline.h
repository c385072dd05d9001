/*
 * nm_timeline.h
 *		An entity's periods read as a step function, and its movements.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_TIMELINE_H
#define NM_TIMELINE_H

#include "postgres.h"
#include "utils/timestamp.h"
#include "nm_calendar.h"

/* An amount in force during [from, to), as times of the state. */
typedef struct NmSpan
{
	int64 from;
	int64 to; /* NM_OPEN if it has no end */
	int64 amount;
} NmSpan;

#define NM_OPEN PG_INT64_MAX

typedef enum NmMovementKind
{
	NM_MOVE_NEW,
	NM_MOVE_REACTIVATION,
	NM_MOVE_EXPANSION,
	NM_MOVE_CONTRACTION,
	NM_MOVE_CHURN
} NmMovementKind;

#define NM_MOVE_KINDS 5

extern const char *const nm_movement_names[NM_MOVE_KINDS];

/*
 * A change of an entity's amount.  period is -1 for what lies before the
 * calendar and nperiods or more for what lies behind it.
 */
typedef struct NmMovement
{
	int period;
	NmMovementKind kind;
	int64 before;
	int64 after;
	int64 at; /* NM_COUNT_EVENT only: when */
} NmMovement;

/* Where in a period the amount is read. */
typedef enum NmCountAt
{
	NM_COUNT_CLOSING, /* at the instant at which the period closes */
	NM_COUNT_EVENT,   /* at every change */
	NM_COUNT_OPENING  /* at the instant at which it opens */
} NmCountAt;

/* A named set of counting rules. */
typedef struct NmMode
{
	const char *name;
	NmCountAt count_at;
	bool free_is_active; /* a paying customer stays one when free */
	int64 event_window;  /* changes this close (usec) are one */
	const char *description;
} NmMode;

extern const NmMode nm_modes[];
extern const int nm_nmodes;

/* The mode of a name, or an error. */
extern const NmMode *nm_mode_parse(const char *name);

/*
 * NmTimeline: the rules, and scratch space that is reused from one entity to
 * the next.
 */
typedef struct NmTimeline
{
	const NmCalendar *cal;
	NmCountAt count_at;
	bool free_is_active;
	int64 event_window;        /* in units of the state's time */
	int64 limit;               /* what is at or after it is not known yet */
	const Interval *max_gap;   /* a longer gap makes a return new; or NULL */
	const Interval *tolerance; /* a gap up to this is bridged; or NULL */

	NmMovement *moves; /* result of the last walk */
	int nmoves;

	MemoryContext context; /* where the arrays are */

	/* private */
	NmSpan *spans;
	struct NmChange *changes;
	int capacity;
} NmTimeline;

/* Where a time counts: an instant (NM_COUNT_EVENT) or the number of a period. */
static inline int64
nm_timeline_position(const NmTimeline *tl, int64 t)
{
	int i;

	if (t == NM_OPEN || tl->count_at == NM_COUNT_EVENT)
		return t;
	i = nm_calendar_index(tl->cal, t);
	if (tl->count_at == NM_COUNT_CLOSING)
		return i;
	/* in force from the first opening that is not before t */
	return i >= 0 && tl->cal->bounds[i] == t ? i : i + 1;
}

/* Whether `end` lies after start + allowed. */
extern bool nm_timeline_gap_exceeds(const NmTimeline *tl, int64 start,
									int64 end, const Interval *allowed);

/* Room for n spans of an entity, to be filled in order of (from, to). */
extern NmSpan *nm_timeline_spans(NmTimeline *tl, int n);

/* Turns the n spans just filled into tl->moves, in order of time. */
extern void nm_timeline_walk(NmTimeline *tl, int n);

#endif /* NM_TIMELINE_H */
