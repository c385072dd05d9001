/*
 * revenue.h
 *		The records of mrr_state, for the files that read them.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef REVENUE_H
#define REVENUE_H

#include "postgres.h"
#include "utils/date.h"
#include "nm_log.h"
#include "nm_timeline.h"

/* One period of a state of civil days. */
typedef struct NmMrrDays
{
	int64 key;
	int32 from;
	int32 to;     /* DATEVAL_NOEND if open */
	int64 amount; /* micro-units a month */
} NmMrrDays;

/* One period of a state of instants. */
typedef struct NmMrrInstants
{
	int64 key;
	int64 from;
	int64 to; /* DT_NOEND if open */
	int64 amount;
} NmMrrInstants;

/* NmMrrReader walks the customers of a canonical state. */
typedef struct NmMrrReader
{
	const NmState *state;
	uint32 next; /* first record of the next customer */
	int64 key;   /* of the customer just read */
} NmMrrReader;

extern const NmFamily nm_mrr_family;

/* Record i as a span. */
static inline NmSpan
nm_mrr_span(const NmState *state, uint32 i)
{
	NmSpan span;

	if (nm_state_instants(state))
	{
		const NmMrrInstants *rec =
			(const NmMrrInstants *) nm_state_records(state) + i;

		span.from = rec->from;
		span.to = rec->to;
		span.amount = rec->amount;
	}
	else
	{
		const NmMrrDays *rec = (const NmMrrDays *) nm_state_records(state) + i;

		span.from = rec->from;
		span.to = rec->to == DATEVAL_NOEND ? NM_OPEN : rec->to;
		span.amount = rec->amount;
	}
	return span;
}

static inline int64
nm_mrr_key(const NmState *state, uint32 i)
{
	return nm_state_instants(state)
			   ? ((const NmMrrInstants *) nm_state_records(state))[i].key
			   : ((const NmMrrDays *) nm_state_records(state))[i].key;
}

/* The next customer's records as [*start, *end); false after the last. */
static inline bool
nm_mrr_next(NmMrrReader *reader, uint32 *start, uint32 *end)
{
	uint32 n = reader->state->nrecords;
	uint32 i = reader->next;

	if (i >= n)
		return false;
	reader->key = nm_mrr_key(reader->state, i);
	*start = i;
	do
	{
		i++;
	} while (i < n && nm_mrr_key(reader->state, i) == reader->key);
	*end = i;
	reader->next = i;
	return true;
}

/* Puts the records [start, end) into the timeline and walks it. */
static inline void
nm_mrr_walk(const NmState *state, uint32 start, uint32 end, NmTimeline *tl)
{
	int n = (int) (end - start);
	NmSpan *spans = nm_timeline_spans(tl, n);

	for (int i = 0; i < n; i++)
		spans[i] = nm_mrr_span(state, start + i);
	nm_timeline_walk(tl, n);
}

/* The earliest start and the latest finite time of a state. */
extern void nm_mrr_range(const NmState *state, int64 *first, int64 *last);

/*
 * The bound up to which a day counts, and what is in force there: the close of
 * the day in the zone.
 */
extern int64 nm_mrr_close_of(const NmState *state, DateADT day, pg_tz *zone);

/* Amount that a customer's records [start, end) have just before a time. */
extern int64
nm_mrr_amount_before(const NmState *state, uint32 start, uint32 end, int64 t);

#endif /* REVENUE_H */
