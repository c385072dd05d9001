/*
 * funnel.h
 *		The records of funnel_state, and the scan that reads them.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef FUNNEL_H
#define FUNNEL_H

#include "postgres.h"
#include "common/int.h"
#include "fmgr.h"
#include "nm_log.h"

/* No funnel has more steps, and no state tracks more names. */
#define NM_FUNNEL_STEPS 64

/* One row of a tracked event. */
typedef struct NmFunnelRow
{
	int64 key;
	int64 at;
	int32 event;     /* place of its name among those tracked, or see below */
	uint32 property; /* a string; that of the param if there is none */
} NmFunnelRow;

#define NM_FUNNEL_OTHER (-1)   /* no tracked event */
#define NM_FUNNEL_SEVERAL (-2) /* conditions, in hex in place of the property */

/* How a state says which steps a row meets. */
typedef enum NmFunnelKind
{
	NM_FUNNEL_NAMES = 'n',     /* by the name of its event */
	NM_FUNNEL_MATCHES = 'm',   /* by conditions */
	NM_FUNNEL_PROPERTIES = 'p' /* by name, with a property beside */
} NmFunnelKind;

/* NmFunnelTracked: what a state tracks, as its param says. */
typedef struct NmFunnelTracked
{
	NmFunnelKind kind;
	int n; /* names, less the one for every other event */
	const char *name[NM_FUNNEL_STEPS];
	uint32 len[NM_FUNNEL_STEPS];
	bool others; /* rows of other events are there too */
} NmFunnelTracked;

extern const NmFamily nm_funnel_family;

/* Complains about two states that cannot be taken together. */
pg_noreturn extern void nm_funnel_different_steps(void);

extern void nm_funnel_tracked(const NmState *state, NmFunnelTracked *tracked);

/* Which tracked names have a name, by bits. */
extern uint64
nm_funnel_bits(const NmFunnelTracked *tracked, const char *data, uint32 len);

/* Which tracked names a row meets, by bits; 0 for another event. */
extern uint64
nm_funnel_row_bits(const NmState *state, const NmFunnelTracked *tracked,
				   const NmFunnelRow *row);

typedef enum NmFunnelOrder
{
	NM_FUNNEL_ORDERED,
	NM_FUNNEL_STRICT,
	NM_FUNNEL_ANY_ORDER
} NmFunnelOrder;

/* clickhouse_modes, by bits */
#define NM_CLICKHOUSE 0x01
#define NM_STRICT_DEDUPLICATION 0x02
#define NM_STRICT_ORDER 0x04
#define NM_STRICT_INCREASE 0x08
#define NM_STRICT_ONCE 0x10

/* NmFunnelRules: what counts as a way through the steps 0 .. nsteps - 1. */
typedef struct NmFunnelRules
{
	int nsteps;
	NmFunnelOrder order;
	bool first_entry;  /* an entry while an attempt is open opens none */
	bool attempts;     /* each attempt counts, not the best of a user */
	bool drop_user;    /* an exclusion takes the whole user out */
	bool single_steps; /* no row meets more than one step */
	bool plain;        /* and nothing but order and window matters */
	int clickhouse;    /* NM_CLICKHOUSE and its modes, or 0 */
	int64 within;      /* from entry to last step; PG_INT64_MAX: no bound */
	int64 grace;
	int64 min_gap[NM_FUNNEL_STEPS]; /* from the step before */
	int64 max_gap[NM_FUNNEL_STEPS]; /* PG_INT64_MAX: no bound */
	int32 min_count[NM_FUNNEL_STEPS];
	int64 as_of; /* PG_INT64_MAX: not known */
} NmFunnelRules;

/* One row of a user, for the scan; they come in order of time. */
typedef struct NmFunnelEvent
{
	int64 at;
	uint64 steps;    /* the steps that it meets */
	uint64 optional; /* the optional ones, which the scan leaves alone */
	bool exclusion;
	uint32 property;
} NmFunnelEvent;

/* One way through the funnel. */
typedef struct NmFunnelAttempt
{
	int level;     /* steps reached */
	bool excluded; /* ended by an exclusion */
	bool open;     /* could still go on at as_of */
	int64 closed;  /* when it ended; PG_INT64_MAX if it did not */
	uint32 property;
	int64 times[NM_FUNNEL_STEPS]; /* of the steps reached */
} NmFunnelAttempt;

/*
 * NmFunnelScan: the memory of a scan, kept from one user to the next.  emit is
 * called for every attempt.
 */
typedef struct NmFunnelScan NmFunnelScan;
typedef void (*NmFunnelEmit)(void *arg, const NmFunnelAttempt *attempt);

extern NmFunnelScan *
nm_funnel_scan_make(const NmFunnelRules *rules, NmFunnelEmit emit, void *arg);

/* Finds the ways of one user through the funnel. */
extern void
nm_funnel_scan(NmFunnelScan *scan, const NmFunnelEvent *events, uint32 n);

/*
 * Where each scan keeps the attempt that is open, and says that it is over; for
 * the files of the scan.
 */
typedef struct NmFunnelOpen
{
	const NmFunnelRules *rules;
	NmFunnelEmit emit;
	void *arg;
	NmFunnelAttempt best; /* the furthest way of this attempt so far */
	void *memory;         /* what a scan keeps from one user to the next */
} NmFunnelOpen;

/* Copies times, of which there are mostly too few for a call of memcpy. */
static inline void
nm_funnel_copy_times(int64 *to, const int64 *from, int n)
{
	int i;

	for (i = 0; i + 2 <= n; i += 2)
		memcpy(to + i, from + i, 2 * sizeof(int64));
	if (i < n)
		to[i] = from[i];
}

/* Notes that a way has reached a level at the last of the given times. */
static inline void
nm_funnel_reached(NmFunnelOpen *open, int level, const int64 *times)
{
	if (level <= open->best.level)
		return;
	open->best.level = level;
	nm_funnel_copy_times(open->best.times, times, level);
}

/* Ends the attempt, if there is one. */
static inline void
nm_funnel_close(NmFunnelOpen *open, bool excluded, bool still_open,
				int64 closed)
{
	if (open->best.level > 0)
	{
		bool completed = open->best.level == open->rules->nsteps;

		open->best.excluded = excluded && !completed;
		open->best.open = still_open && !completed;
		open->best.closed = closed;
		open->emit(open->arg, &open->best);
	}
	open->best.level = 0;
	open->best.excluded = false;
}

/* t + span, at most PG_INT64_MAX, which as a span is no bound */
static inline int64
nm_funnel_add(int64 t, int64 span)
{
	int64 sum;

	if (span == PG_INT64_MAX || pg_add_s64_overflow(t, span, &sum))
		return PG_INT64_MAX;
	return sum;
}

/* NmFunnelKinds: rows by the steps that they meet, and how many there are. */
typedef struct NmFunnelKinds
{
	int nsteps;
	int n;
	uint64 *steps; /* in ascending order */
	uint32 *count;
	int chosen[NM_FUNNEL_STEPS]; /* the kind that fills each step, or -1 */
	uint32 *used;
	bool *seen;
} NmFunnelKinds;

/* The rows of an instant by kinds. */
extern void
nm_funnel_kinds_make(NmFunnelKinds *kinds, const NmFunnelEvent *events,
					 uint32 n, int nsteps);
extern void nm_funnel_kinds_free(NmFunnelKinds *kinds);

/* Empties all steps, and fills one more, if a row can be found for it. */
extern void nm_funnel_kinds_clear(NmFunnelKinds *kinds);
extern bool nm_funnel_kinds_fill(NmFunnelKinds *kinds, int step);

extern void nm_funnel_scan_strict(NmFunnelOpen *open,
								  const NmFunnelEvent *events, uint32 n);
extern void nm_funnel_scan_any_order(NmFunnelOpen *open,
									 const NmFunnelEvent *events, uint32 n);
extern void nm_funnel_scan_clickhouse(NmFunnelOpen *open,
									  const NmFunnelEvent *events, uint32 n);

#endif /* FUNNEL_H */
