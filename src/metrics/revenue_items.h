/*
 * revenue_items.h
 *		The records of mrr_item_state, for the files that read them.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef REVENUE_ITEMS_H
#define REVENUE_ITEMS_H

#include "postgres.h"
#include "utils/date.h"
#include "nm_log.h"
#include "nm_timeline.h"

/* Exchange rates are int64 of 1e-12 base units for one unit. */
#define NM_RATE_SCALE 12
#define NM_RATE_UNIT INT64CONST(1000000000000)

/* Why a period of an item ended.  Numbers on disk: never renumber. */
typedef enum NmEndReason
{
	NM_END_UNKNOWN = 0,
	NM_END_VOLUNTARY = 1,
	NM_END_INVOLUNTARY = 2
} NmEndReason;

/* One period of an item in a state of civil days. */
typedef struct NmItemDays
{
	int64 key;
	int32 currency; /* three letters; 0 is the base currency */
	uint32 item;    /* string number */
	int32 from;
	int32 to;       /* DATEVAL_NOEND if open */
	int64 quantity; /* in 1e-6 */
	int64 gross;    /* micro-units a month, own currency */
	int64 discount; /* the same, at most gross */
	int64 rate;     /* in 1e-12 */
	uint32 plan;    /* string number; the empty string is none */
	int32 reason;   /* NmEndReason */
} NmItemDays;

/* One period of an item in a state of instants. */
typedef struct NmItemInstants
{
	int64 key;
	int32 currency;
	uint32 item;
	int64 from;
	int64 to; /* DT_NOEND if open */
	int64 quantity;
	int64 gross;
	int64 discount;
	int64 rate;
	uint32 plan;
	int32 reason;
} NmItemInstants;

/* A record of either kind, as it is read. */
typedef struct NmItemRow
{
	int64 from;
	int64 to; /* NM_OPEN if it has no end */
	int64 quantity;
	int64 gross;
	int64 discount;
	int64 rate;
	int64 base; /* micro-units a month, base currency */
	uint32 item;
	uint32 plan;
	int32 currency;
	int32 reason;
} NmItemRow;

extern const NmFamily nm_item_family;

static inline int64
nm_item_key(const NmState *state, uint32 i)
{
	return nm_state_instants(state)
			   ? ((const NmItemInstants *) nm_state_records(state))[i].key
			   : ((const NmItemDays *) nm_state_records(state))[i].key;
}

/* The next customer's records as [*start, *end); false after the last. */
static inline bool
nm_item_next(const NmState *state, uint32 *start, uint32 *end)
{
	uint32 n = state->nrecords;
	uint32 i = *end;
	int64 key;

	if (i >= n)
		return false;
	*start = i;
	key = nm_item_key(state, i);
	do
	{
		i++;
	} while (i < n && nm_item_key(state, i) == key);
	*end = i;
	return true;
}

/* amount / unit, rounded half away from zero; unit is positive. */
static inline int128
nm_divide_rounded(int128 amount, int64 unit)
{
	int128 half = unit / 2;

	/* the half of an odd unit cannot be met */
	return amount < 0 ? -((-amount + half) / unit) : (amount + half) / unit;
}

/* An own amount at a rate.  |amount| and rate below 2^63 cannot overflow. */
static inline int128
nm_item_convert(int128 amount, int64 rate)
{
	if (rate == NM_RATE_UNIT)
		return amount;
	return nm_divide_rounded(amount * rate, NM_RATE_UNIT);
}

/* Record i of a state. */
extern void nm_item_read(const NmState *state, uint32 i, NmItemRow *row);

/* The three letters of a currency, or NULL for the base currency. */
extern const char *nm_item_currency_name(int32 currency);

/* String number i as text. */
extern Datum nm_item_text(const NmState *state, uint32 i);

/* The same, with NULL for the empty string. */
extern Datum nm_item_plan_text(const NmState *state, uint32 i, bool *isnull);

/* The earliest start and the latest finite time of a state. */
extern void nm_item_range(const NmState *state, int64 *first, int64 *last);

/*
 * The walk: a customer's items as they change from one counted time to the
 * next.
 */

/* What is in force of a line at a time: sums over its records. */
typedef struct NmItemSide
{
	int128 quantity;
	int128 gross;
	int128 discount;
	int128 base;
	int128 weighted; /* own amounts times their rates */
	int live;        /* records in force */
	int latest;      /* of them the row that began last, or -1 */
} NmItemSide;

/* The amount of a side in its own currency. */
static inline int128
nm_item_own(const NmItemSide *side)
{
	return side->gross - side->discount;
}

/* A record, with the positions (as in nm_timeline.c) between which it counts. */
typedef struct NmWalkRow
{
	NmItemRow r;
	int64 start;
	int64 end; /* NM_OPEN if it has no end */
	int line;
	int previous; /* row in force of the line that began before, or -1 */
	int next;     /* the one that began after */
} NmWalkRow;

/* All records of a customer with one item in one currency. */
typedef struct NmItemLine
{
	uint32 item;
	int32 currency;
	int first_row;
	bool touched;
	NmItemSide before;
	NmItemSide after;
} NmItemLine;

/* Whether a line is in force at both ends of a step. */
static inline bool
nm_item_stays(const NmItemLine *line)
{
	return line->before.live > 0 && line->after.live > 0;
}

/* The lines of a customer in one currency. */
typedef struct NmItemCurrency
{
	int first_line;
	int end_line;

	/* of the step; see currency_step in revenue_item_walk.c */
	bool one_rate; /* at each end all lines have the same rate */
	int64 rate;    /* that values own amounts then, or 0 */
	int128 movement;
	int128 fx;
} NmItemCurrency;

#define NM_MAX_PARTS_OF_LINE 4

/* A part of a step: what one cause did to one line. */
typedef struct NmItemPart
{
	int line;
	int cause; /* Cause of revenue_causes.c */
	bool fx;   /* part of the fx, not of the movement */
	int128 amount;
} NmItemPart;

typedef struct NmItemWalk
{
	const NmState *state;
	NmTimeline *timeline;

	/* the last step: what changed for the customer at one counted time */
	int period;
	int64 at;   /* NM_COUNT_EVENT only: when */
	bool moved; /* there is a movement beside the fx */
	NmMovementKind kind;
	int128 movement;
	int128 fx;

	/* the customer */
	NmWalkRow *rows;
	int nrows;
	NmItemLine *lines;
	int nlines;
	NmItemCurrency *currencies;
	int ncurrencies;
	NmItemPart *parts;
	int nparts;

	/* private */
	MemoryContext context;
	int row_capacity;
	int line_capacity;
	struct NmWalkEvent *events;
	int nevents;
	int next_event;
	struct NmWalkEvent *ends; /* ends of rows in order, from the first churn on */
	int nends;                /* -1 before that */
	int next_end;
	int last_end; /* see nm_item_last_end */
	int next_move;
	int64 last_position;
	int *touched;
	int ntouched;
	bool active;
} NmItemWalk;

extern void nm_item_walk_begin(NmItemWalk *walk, const NmState *state,
							   NmTimeline *timeline);

/* Loads the customer with records [start, end). */
extern void nm_item_walk_load(NmItemWalk *walk, uint32 start, uint32 end);

/* The customer's next step; false after the last. */
extern bool nm_item_walk_step(NmItemWalk *walk);

/*
 * The row that ended last by the last step, or NULL: a paid one unless free
 * customers count.
 */
extern const NmWalkRow *nm_item_last_end(NmItemWalk *walk);

/* The rate of a side: the mean, if its records differ. */
extern int64 nm_item_rate(const NmItemWalk *walk, const NmItemSide *side);

/*
 * The opening amount of a line at its own closing rate, if it has one: for
 * currencies in which rates differ from line to line.
 */
extern int128 nm_item_opening(const NmItemWalk *walk, const NmItemLine *line);

#endif /* REVENUE_ITEMS_H */
