/*
 * revenue_item_walk.c
 *		A customer's items from one counted time to the next, and the causes of
 *		what changed.
 *
 * When a customer moves, and what new, reactivation and churn are, is decided
 * by nm_timeline_walk on the amounts in base currency, as for mrr_state.  Here
 * the movement of a customer who stays is told from the currency effect, and
 * both are split by line.  See doc/revenue_items.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "nm_guards.h"
#include "nm_money.h"
#include "revenue_items.h"

typedef struct NmWalkEvent
{
	int64 position;
	int row;
	bool begins;
} NmWalkEvent;

void
nm_item_walk_begin(NmItemWalk *walk, const NmState *state, NmTimeline *timeline)
{
	memset(walk, 0, sizeof(NmItemWalk));
	walk->state = state;
	walk->timeline = timeline;
	walk->context = CurrentMemoryContext;
}

static void *
walk_alloc(const NmItemWalk *walk, void *old, Size n, Size size)
{
	if (old)
		pfree(old);
	return MemoryContextAllocHuge(walk->context, mul_size(n, size));
}

/* reserve_rows makes room for a customer of n records. */
static void
reserve_rows(NmItemWalk *walk, uint32 n)
{
	Size rows;

	if (n <= (uint32) walk->row_capacity)
		return;
	n = Max(n, 16);
	/* a gap that is bridged copies the records before it, each once */
	rows = walk->timeline->tolerance ? (Size) n * 2 : n;
	walk->row_capacity = (int) n;
	walk->rows = walk_alloc(walk, walk->rows, rows, sizeof(NmWalkRow));
	walk->events =
		walk_alloc(walk, walk->events, rows * 2, sizeof(NmWalkEvent));
	walk->ends = walk_alloc(walk, walk->ends, rows, sizeof(NmWalkEvent));
}

/* reserve_lines does the same for n lines. */
static void
reserve_lines(NmItemWalk *walk, int n)
{
	if (n <= walk->line_capacity)
		return;
	n = Max(n, 16);
	walk->line_capacity = n;
	walk->lines = walk_alloc(walk, walk->lines, n, sizeof(NmItemLine));
	walk->currencies =
		walk_alloc(walk, walk->currencies, n, sizeof(NmItemCurrency));
	walk->touched = walk_alloc(walk, walk->touched, n, sizeof(int));
	walk->parts = walk_alloc(walk, walk->parts, (Size) n * NM_MAX_PARTS_OF_LINE,
							 sizeof(NmItemPart));
}

static int
compare_times(const void *a, const void *b)
{
	const NmWalkRow *x = a;
	const NmWalkRow *y = b;

	CHECK_FOR_INTERRUPTS();
	if (x->r.from != y->r.from)
		return x->r.from < y->r.from ? -1 : 1;
	return x->r.to < y->r.to ? -1 : (x->r.to > y->r.to ? 1 : 0);
}

#define COMPARE_BY(field)         \
	if (x->r.field != y->r.field) \
	return x->r.field < y->r.field ? -1 : 1

/* compare_lines is the order of records in a state. */
static int
compare_lines(const void *a, const void *b)
{
	const NmWalkRow *x = a;
	const NmWalkRow *y = b;

	CHECK_FOR_INTERRUPTS();
	COMPARE_BY(currency);
	COMPARE_BY(item);
	COMPARE_BY(from);
	COMPARE_BY(to);
	COMPARE_BY(quantity);
	COMPARE_BY(gross);
	COMPARE_BY(discount);
	COMPARE_BY(rate);
	COMPARE_BY(plan);
	COMPARE_BY(reason);
	return 0;
}

static int
compare_events(const void *a, const void *b)
{
	const NmWalkEvent *x = a;
	const NmWalkEvent *y = b;

	CHECK_FOR_INTERRUPTS();
	if (x->position != y->position)
		return x->position < y->position ? -1 : 1;
	/* bytes do not depend on it, but a fixed order is easier to follow */
	return x->row - y->row;
}

/* read_rows fills rows with what is known before the limit. */
static void
read_rows(NmItemWalk *walk, uint32 start, uint32 end)
{
	int64 limit = walk->timeline->limit;

	walk->nrows = 0;
	for (uint32 i = start; i < end; i++)
	{
		NmItemRow *row = &walk->rows[walk->nrows].r;

		nm_item_read(walk->state, i, row);
		if (limit != NM_OPEN && row->from >= limit)
			continue;
		if (limit != NM_OPEN && row->to >= limit)
			row->to = NM_OPEN;
		walk->nrows++;
	}
}

/* walk_timeline finds the customer's movements in base currency. */
static void
walk_timeline(NmItemWalk *walk)
{
	NmTimeline *tl = walk->timeline;
	NmSpan *spans = nm_timeline_spans(tl, walk->nrows);

	for (int i = 0; i < walk->nrows; i++)
	{
		const NmItemRow *row = &walk->rows[i].r;

		spans[i] = (NmSpan){row->from, row->to, row->base};
	}
	nm_timeline_walk(tl, walk->nrows);
}

/*
 * bridge_gaps does what the function of that name in nm_timeline.c does: in a
 * gap that is tolerated, what was paid for last goes on.  Rows are in order of
 * time.
 */
static void
bridge_gaps(NmItemWalk *walk)
{
	int n = walk->nrows;
	int first = 0; /* no earlier row ends at paid_until */
	int64 paid_until = PG_INT64_MIN;

	for (int i = 0; i < n; i++)
	{
		NmItemRow row = walk->rows[i].r;

		if (row.base <= 0)
			continue;
		if (paid_until != PG_INT64_MIN && row.from > paid_until &&
			!nm_timeline_gap_exceeds(walk->timeline, paid_until, row.from,
									 walk->timeline->tolerance))
			for (int j = first; j < i; j++)
			{
				NmWalkRow *more = &walk->rows[walk->nrows];

				if (walk->rows[j].r.base <= 0 ||
					walk->rows[j].r.to != paid_until)
					continue;
				*more = walk->rows[j];
				more->r.from = paid_until;
				more->r.to = row.from;
				walk->nrows++;
			}
		if (row.to > paid_until)
			first = i;
		paid_until = Max(paid_until, row.to);
	}
}

static bool
same_line(const NmWalkRow *a, const NmWalkRow *b)
{
	return a->r.item == b->r.item && a->r.currency == b->r.currency;
}

/* make_lines cuts the rows, which are in order, into lines and currencies. */
static void
make_lines(NmItemWalk *walk)
{
	NmItemLine *line = NULL;
	NmItemCurrency *currency = NULL;
	int n = 1;

	for (int i = 1; i < walk->nrows; i++)
		n += !same_line(&walk->rows[i - 1], &walk->rows[i]);
	reserve_lines(walk, n);
	walk->nlines = 0;
	walk->ncurrencies = 0;
	for (int i = 0; i < walk->nrows; i++)
	{
		NmWalkRow *row = &walk->rows[i];

		if (line == NULL || line->currency != row->r.currency)
		{
			currency = &walk->currencies[walk->ncurrencies++];
			currency->first_line = walk->nlines;
			line = NULL;
		}
		if (line == NULL || line->item != row->r.item)
		{
			line = &walk->lines[walk->nlines++];
			memset(line, 0, sizeof(NmItemLine));
			line->item = row->r.item;
			line->currency = row->r.currency;
			line->first_row = i;
			line->before.latest = line->after.latest = -1;
			currency->end_line = walk->nlines;
		}
		row->line = walk->nlines - 1;
	}
}

static void
make_events(NmItemWalk *walk)
{
	int n = 0;

	for (int i = 0; i < walk->nrows; i++)
	{
		NmWalkRow *row = &walk->rows[i];

		row->start = nm_timeline_position(walk->timeline, row->r.from);
		row->end = nm_timeline_position(walk->timeline, row->r.to);
		if (row->start >= row->end)
			continue;
		walk->events[n++] = (NmWalkEvent){row->start, i, true};
		if (row->end != NM_OPEN)
			walk->events[n++] = (NmWalkEvent){row->end, i, false};
	}
	qsort(walk->events, n, sizeof(NmWalkEvent), compare_events);
	walk->nevents = n;
}

void
nm_item_walk_load(NmItemWalk *walk, uint32 start, uint32 end)
{
	bool one_line;

	reserve_rows(walk, end - start);
	read_rows(walk, start, end);
	one_line = walk->nrows > 0 &&
			   same_line(&walk->rows[0], &walk->rows[walk->nrows - 1]);
	if (!one_line)
		qsort(walk->rows, walk->nrows, sizeof(NmWalkRow), compare_times);
	walk_timeline(walk);
	if (walk->timeline->tolerance)
		bridge_gaps(walk);
	if (!one_line || walk->timeline->tolerance)
		qsort(walk->rows, walk->nrows, sizeof(NmWalkRow), compare_lines);
	make_lines(walk);
	make_events(walk);
	walk->next_event = 0;
	walk->next_move = 0;
	walk->ntouched = 0;
	walk->nends = -1;
	walk->active = false;
}

static void
out_of_range(void)
{
	nm_money_add(PG_INT64_MAX, 1);
}

/* side_add adds a row to a side, or takes it off. */
static void
side_add(NmItemSide *side, const NmItemRow *row, int sign)
{
	side->quantity += sign * (int128) row->quantity;
	side->gross += sign * (int128) row->gross;
	side->discount += sign * (int128) row->discount;
	side->base += sign * (int128) row->base;
	side->weighted += sign * ((int128) row->gross - row->discount) * row->rate;
	side->live += sign;
}

/* apply_event lets a row begin or end. */
static void
apply_event(NmItemWalk *walk, const NmWalkEvent *event)
{
	NmWalkRow *row = &walk->rows[event->row];
	NmItemLine *line = &walk->lines[row->line];
	NmItemSide *side = &line->after;

	if (!line->touched)
	{
		line->touched = true;
		walk->touched[walk->ntouched++] = row->line;
	}
	side_add(side, &row->r, event->begins ? 1 : -1);

	/* the rows of a line begin in their order, so this list is in order too */
	if (event->begins)
	{
		row->previous = side->latest;
		row->next = -1;
		if (side->latest >= 0)
			walk->rows[side->latest].next = event->row;
		side->latest = event->row;
		return;
	}
	if (row->next >= 0)
		walk->rows[row->next].previous = row->previous;
	else
		side->latest = row->previous;
	if (row->previous >= 0)
		walk->rows[row->previous].next = row->next;
}

/* ends_later tells whether a row ended later than another, or counts more. */
static bool
ends_later(const NmItemRow *a, const NmItemRow *b)
{
	if (a->to != b->to)
		return a->to > b->to;
	if (a->base != b->base)
		return a->base > b->base;
	return a->reason > b->reason;
}

const NmWalkRow *
nm_item_last_end(NmItemWalk *walk)
{
	if (walk->nends < 0)
	{
		walk->nends = walk->next_end = 0;
		walk->last_end = -1;
		for (int i = 0; i < walk->nrows; i++)
			if (walk->rows[i].end != NM_OPEN &&
				(walk->rows[i].r.base > 0 || walk->timeline->free_is_active))
				walk->ends[walk->nends++] =
					(NmWalkEvent){walk->rows[i].end, i, false};
		qsort(walk->ends, walk->nends, sizeof(NmWalkEvent), compare_events);
	}
	for (; walk->next_end < walk->nends &&
		   walk->ends[walk->next_end].position <= walk->last_position;
		 walk->next_end++)
	{
		int row = walk->ends[walk->next_end].row;

		if (walk->last_end < 0 ||
			ends_later(&walk->rows[row].r, &walk->rows[walk->last_end].r))
			walk->last_end = row;
	}
	return walk->last_end < 0 ? NULL : &walk->rows[walk->last_end];
}

int64
nm_item_rate(const NmItemWalk *walk, const NmItemSide *side)
{
	int128 own = nm_item_own(side);

	if (own > 0)
		return (int64) nm_divide_rounded(side->weighted, (int64) own);
	return side->latest >= 0 ? walk->rows[side->latest].r.rate : 0;
}

/* Sums of a currency at one end of a step. */
typedef struct CurrencySide
{
	int128 own;
	int128 base;
	int64 rate; /* of the lines that are paid for; or 0 */
	bool mixed; /* they do not have the same */
} CurrencySide;

static void
currency_add(const NmItemWalk *walk, const NmItemSide *side, CurrencySide *sum)
{
	int128 own = nm_item_own(side);
	int64 rate;

	/* so that own amounts times rates cannot overflow */
	if (side->gross > PG_INT64_MAX || side->quantity > PG_INT64_MAX)
		out_of_range();
	sum->own += own;
	sum->base += side->base;
	if (sum->own > PG_INT64_MAX)
		out_of_range();
	if (own <= 0)
		return;
	rate = nm_item_rate(walk, side);
	if (own * rate != side->weighted || (sum->rate != 0 && sum->rate != rate))
		sum->mixed = true;
	sum->rate = rate;
}

int128
nm_item_opening(const NmItemWalk *walk, const NmItemLine *line)
{
	int128 own = nm_item_own(&line->before);

	if (!nm_item_stays(line) || nm_item_own(&line->after) == 0)
		return line->before.base;
	if (own == nm_item_own(&line->after))
		return line->after.base;
	return nm_item_convert(own, nm_item_rate(walk, &line->after));
}

/*
 * currency_step tells the movement in a currency from the effect of its rate:
 * the opening amount is valued at the closing rate.
 */
static void
currency_step(const NmItemWalk *walk, NmItemCurrency *currency)
{
	CurrencySide before = {0};
	CurrencySide after = {0};
	int128 opening = 0; /* at closing rates */

	for (int i = currency->first_line; i < currency->end_line; i++)
	{
		currency_add(walk, &walk->lines[i].before, &before);
		currency_add(walk, &walk->lines[i].after, &after);
		opening += nm_item_opening(walk, &walk->lines[i]);
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
	}
	currency->one_rate = !before.mixed && !after.mixed;
	currency->rate = after.rate != 0 ? after.rate : before.rate;
	if (currency->one_rate)
	{
		if (before.own == after.own)
			opening = after.base;
		else if (after.rate != 0)
			opening = nm_item_convert(before.own, after.rate);
		else
			opening = before.base;
	}
	currency->movement = after.base - opening;
	currency->fx = opening - before.base;
}

/* step_kind sets the kind of a step, or returns false if there is none. */
static bool
step_kind(NmItemWalk *walk, const NmMovement *move)
{
	NmMovementKind kind = move ? move->kind : NM_MOVE_EXPANSION;
	bool ends_differ = kind == NM_MOVE_NEW || kind == NM_MOVE_REACTIVATION ||
					   kind == NM_MOVE_CHURN;

	walk->movement = 0;
	walk->fx = 0;
	if (ends_differ)
	{
		walk->kind = kind;
		walk->moved = true;
		walk->movement = (int128) move->after - move->before;
		walk->active = kind != NM_MOVE_CHURN;
		return true;
	}
	if (!walk->active)
		return false;
	for (int c = 0; c < walk->ncurrencies; c++)
	{
		currency_step(walk, &walk->currencies[c]);
		walk->movement += walk->currencies[c].movement;
		walk->fx += walk->currencies[c].fx;
	}
	walk->moved = walk->movement != 0;
	walk->kind = walk->movement < 0 ? NM_MOVE_CONTRACTION : NM_MOVE_EXPANSION;
	return walk->moved || walk->fx != 0;
}

static int64
move_position(const NmItemWalk *walk)
{
	const NmMovement *move = &walk->timeline->moves[walk->next_move];

	return walk->timeline->count_at == NM_COUNT_EVENT ? move->at : move->period;
}

/*
 * next_position finds where something happens next: mostly to a row, but a
 * customer may also begin to count by a payment between two counted times.
 */
static bool
next_position(const NmItemWalk *walk, int64 *position)
{
	bool more_events = walk->next_event < walk->nevents;

	if (walk->next_move < walk->timeline->nmoves)
	{
		*position = move_position(walk);
		if (more_events)
			*position = Min(*position, walk->events[walk->next_event].position);
		return true;
	}
	if (more_events)
		*position = walk->events[walk->next_event].position;
	return more_events;
}

bool
nm_item_walk_step(NmItemWalk *walk)
{
	const NmTimeline *tl = walk->timeline;
	int64 position;

	for (;;)
	{
		const NmMovement *move = NULL;

		for (int i = 0; i < walk->ntouched; i++)
		{
			NmItemLine *line = &walk->lines[walk->touched[i]];

			line->before = line->after;
			line->touched = false;
		}
		walk->ntouched = 0;
		if (!next_position(walk, &position))
			return false;
		walk->last_position = position + tl->event_window;
		while (walk->next_event < walk->nevents &&
			   walk->events[walk->next_event].position <= walk->last_position)
			apply_event(walk, &walk->events[walk->next_event++]);
		CHECK_FOR_INTERRUPTS();

		walk->at = position;
		walk->period = tl->count_at == NM_COUNT_EVENT
						   ? nm_calendar_index(tl->cal, position)
						   : (int) position;
		if (walk->next_move < tl->nmoves && move_position(walk) == position)
			move = &tl->moves[walk->next_move++];
		if (step_kind(walk, move))
			return true;
	}
}
