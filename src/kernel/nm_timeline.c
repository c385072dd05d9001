/*
 * nm_timeline.c
 *		An entity's periods read as a step function, and its movements.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "miscadmin.h"

#include "nm_guards.h"
#include "nm_money.h"
#include "nm_timeline.h"

/*
 * NmChange: at a position the amount changes by delta, and live by what keeps a
 * customer who does not pay.  A position is an instant (NM_COUNT_EVENT) or a period.
 */
typedef struct NmChange
{
	int64 position;
	int64 delta;
	int live;
} NmChange;

#define INSERTION_LIMIT 32

/* 10,000 years after a day before this one there are still instants */
#define LAST_COUNTED_DAY (INT64CONST(280000) * 365)

const char *const nm_movement_names[NM_MOVE_KINDS] = {"new", "reactivation",
													  "expansion",
													  "contraction", "churn"};

const NmMode nm_modes[] = {
	{"snapshot", NM_COUNT_CLOSING, false, 0,
	 "amounts at the instant at which each period closes"},
	{"event", NM_COUNT_EVENT, false, 0,
	 "every change of a customer's total, at its own instant"},
	{"period_start", NM_COUNT_OPENING, false, 0,
	 "amounts at the instant at which each period opens"},
	{"chartmogul", NM_COUNT_EVENT, true, 60 * USECS_PER_MINUTE,
	 "as ChartMogul counts: events within 60 minutes are one, a customer who moves to a free plan has contracted"},
	{"stripe", NM_COUNT_EVENT, false, 0,
	 "as Stripe counts: every event, free subscribers are not customers"},
	{"profitwell", NM_COUNT_CLOSING, false, 0,
	 "as ProfitWell counts: who joins and leaves within a period is not seen"},
	{"mrr_playbook", NM_COUNT_OPENING, false, 0,
	 "as the dbt MRR playbook counts: amounts on the first day of each period"},
};

const int nm_nmodes = lengthof(nm_modes);

const NmMode *
nm_mode_parse(const char *name)
{
	for (int i = 0; i < nm_nmodes; i++)
		if (pg_strcasecmp(name, nm_modes[i].name) == 0)
			return &nm_modes[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown mode \"%s\"", nm_clip(name)),
			 errdetail("A mode says at which instants amounts are compared."),
			 errhint("See nudge.mrr_modes() for the modes there are.")));
}

NmSpan *
nm_timeline_spans(NmTimeline *tl, int n)
{
	if (n > tl->capacity)
	{
		/* room to spare, but a huge customer gets no more than it needs */
		Size capacity = Max((Size) n, Min(Max(16, (Size) n * 2), 65536));
		Size nspans = tl->tolerance ? 2 * capacity : capacity;
		Size nchanges = tl->free_is_active ? 4 * nspans : 2 * nspans;
		MemoryContext old = MemoryContextSwitchTo(tl->context);

		if (tl->spans)
		{
			pfree(tl->spans);
			pfree(tl->changes);
			pfree(tl->moves);
		}
		/* a gap between two spans may become one more */
		tl->spans =
			palloc_extended(mul_size(nspans, sizeof(NmSpan)), MCXT_ALLOC_HUGE);
		tl->changes = palloc_extended(mul_size(nchanges, sizeof(NmChange)),
									  MCXT_ALLOC_HUGE);
		tl->moves = palloc_extended(mul_size(nchanges, sizeof(NmMovement)),
									MCXT_ALLOC_HUGE);
		tl->capacity = (int) Min(capacity, PG_INT32_MAX);
		MemoryContextSwitchTo(old);
	}
	return tl->spans;
}

static int
compare_spans(const void *a, const void *b)
{
	const NmSpan *x = a;
	const NmSpan *y = b;

	CHECK_FOR_INTERRUPTS();
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : (x->to > y->to ? 1 : 0);
}

static int
compare_changes(const void *a, const void *b)
{
	const NmChange *x = a;
	const NmChange *y = b;

	CHECK_FOR_INTERRUPTS();
	return x->position < y->position ? -1 : (x->position > y->position ? 1 : 0);
}

/* cut_spans forgets what is not known before the limit. */
static int
cut_spans(NmTimeline *tl, int n)
{
	int kept = 0;

	for (int i = 0; i < n; i++)
	{
		NmSpan span = tl->spans[i];

		if (span.from >= tl->limit)
			continue;
		if (span.to >= tl->limit)
			span.to = NM_OPEN;
		tl->spans[kept++] = span;
	}
	return kept;
}

bool
nm_timeline_gap_exceeds(const NmTimeline *tl, int64 start, int64 end,
						const Interval *allowed)
{
	Timestamp unit = tl->cal->instants ? 1 : USECS_PER_DAY;
	Datum last;

	/* in so far a future a gap has no end that could be computed */
	if (end >= LAST_COUNTED_DAY * (USECS_PER_DAY / unit))
		return false;
	last = DirectFunctionCall2(timestamp_pl_interval,
							   TimestampGetDatum(start * unit),
							   IntervalPGetDatum(allowed));
	return end * unit > DatumGetTimestamp(last);
}

/*
 * bridge_gaps adds a span at the last amount to each gap that is tolerated.
 * A gap is a time without a positive amount between two times with one.
 */
static int
bridge_gaps(NmTimeline *tl, int n)
{
	int total = n;
	int64 paid_until = PG_INT64_MIN;
	int64 last_amount = 0; /* of the spans that end at paid_until */

	for (int i = 0; i < n; i++)
	{
		NmSpan span = tl->spans[i];

		if (span.amount <= 0)
			continue;
		if (paid_until != PG_INT64_MIN && span.from > paid_until &&
			!nm_timeline_gap_exceeds(tl, paid_until, span.from, tl->tolerance))
			tl->spans[total++] = (NmSpan){paid_until, span.from, last_amount};
		if (span.to > paid_until)
			last_amount = span.amount;
		else if (span.to == paid_until)
			last_amount = nm_money_add(last_amount, span.amount);
		paid_until = Max(paid_until, span.to);
	}
	if (total > n)
		qsort(tl->spans, total, sizeof(NmSpan), compare_spans);
	return total;
}

/* GapSearch: how far returned_late has read an entity's spans. */
typedef struct GapSearch
{
	int next;
	int64 paid_until;
} GapSearch;

/*
 * returned_late tells whether a customer who comes back at a position had been
 * away for longer than max_gap: measured from the last paid instant to the
 * first one that belongs to the position.  Positions are asked in order.
 */
static bool
returned_late(const NmTimeline *tl, int n, int64 position, GapSearch *search)
{
	for (; search->next < n; search->next++)
	{
		const NmSpan *span = &tl->spans[search->next];

		if (span->amount <= 0)
			continue;
		if (search->paid_until != PG_INT64_MIN &&
			span->from > search->paid_until &&
			nm_timeline_position(tl, span->from) >= position)
			return nm_timeline_gap_exceeds(tl, search->paid_until, span->from,
										   tl->max_gap);
		search->paid_until = Max(search->paid_until, span->to);
	}
	return false;
}

/* add_changes notes what one time does at its position. */
static inline int
add_changes(NmTimeline *tl, int count, int64 from, int64 to, int64 delta,
			int live)
{
	int64 start = nm_timeline_position(tl, from);
	int64 end = nm_timeline_position(tl, to);

	if (start >= end)
		return count;
	tl->changes[count++] = (NmChange){start, delta, live};
	if (end != NM_OPEN)
		tl->changes[count++] = (NmChange){end, -delta, -live};
	return count;
}

/*
 * stay_active adds the times at which a customer stays one without paying: from
 * the first paid instant to the end of each run of spans that touch.
 */
static int
stay_active(NmTimeline *tl, int n, int count)
{
	int64 paid_from = NM_OPEN;
	int64 run_end = PG_INT64_MIN;

	for (int i = 0; i < n; i++)
	{
		const NmSpan *span = &tl->spans[i];

		if (span->from > run_end)
		{
			if (paid_from != NM_OPEN)
				count = add_changes(tl, count, paid_from, run_end, 0, 1);
			paid_from = NM_OPEN;
		}
		if (span->amount > 0)
			paid_from = Min(paid_from, span->from);
		run_end = Max(run_end, span->to);
	}
	if (paid_from != NM_OPEN)
		count = add_changes(tl, count, paid_from, run_end, 0, 1);
	return count;
}

/* collect_changes fills tl->changes in order; *first_paid gets a position. */
static int
collect_changes(NmTimeline *tl, int n, int64 *first_paid)
{
	int count = 0;

	*first_paid = PG_INT64_MAX;
	for (int i = 0; i < n; i++)
	{
		const NmSpan *span = &tl->spans[i];

		count = add_changes(tl, count, span->from, span->to, span->amount, 0);
		if (span->amount > 0)
			*first_paid =
				Min(*first_paid, nm_timeline_position(tl, span->from));
	}
	if (tl->free_is_active)
		count = stay_active(tl, n, count);
	if (count > INSERTION_LIMIT)
		qsort(tl->changes, count, sizeof(NmChange), compare_changes);
	else
		for (int i = 1; i < count; i++)
		{
			NmChange change = tl->changes[i];
			int j = i;

			for (; j > 0 && tl->changes[j - 1].position > change.position; j--)
				tl->changes[j] = tl->changes[j - 1];
			tl->changes[j] = change;
		}
	return count;
}

/* classify names the movement from one amount to another, if there is one. */
static bool
classify(int64 before, bool was_active, int64 after, bool is_active,
		 NmMovementKind *kind)
{
	if (is_active && !was_active)
		*kind = NM_MOVE_NEW;
	else if (was_active && !is_active)
		*kind = NM_MOVE_CHURN;
	else if (after > before)
		*kind = NM_MOVE_EXPANSION;
	else if (after < before)
		*kind = NM_MOVE_CONTRACTION;
	else
		return false;
	return is_active || was_active;
}

void
nm_timeline_walk(NmTimeline *tl, int n)
{
	int64 first_paid;
	int count;
	int i = 0;
	int128 amount = 0;
	int64 before = 0;
	bool active = false;
	int live = 0;
	GapSearch search = {0, PG_INT64_MIN};

	tl->nmoves = 0;
	if (tl->limit != NM_OPEN)
		n = cut_spans(tl, n);
	if (tl->tolerance)
		n = bridge_gaps(tl, n);
	count = collect_changes(tl, n, &first_paid);
	while (i < count)
	{
		int64 position = tl->changes[i].position;
		int64 last = position + tl->event_window;
		bool is_active;
		NmMovementKind kind;

		for (; i < count && tl->changes[i].position <= last; i++)
		{
			amount += tl->changes[i].delta;
			live += tl->changes[i].live;
		}
		if (unlikely(amount > PG_INT64_MAX))
			nm_money_add(PG_INT64_MAX, 1);
		is_active = amount > 0 || live > 0;
		if (classify(before, active, (int64) amount, is_active, &kind))
		{
			NmMovement *move = &tl->moves[tl->nmoves++];

			if (kind == NM_MOVE_NEW && first_paid < position &&
				!(tl->max_gap && returned_late(tl, n, position, &search)))
				kind = NM_MOVE_REACTIVATION;
			move->kind = kind;
			move->before = before;
			move->after = (int64) amount;
			move->at = position;
			move->period = tl->count_at == NM_COUNT_EVENT
							   ? nm_calendar_index(tl->cal, position)
							   : (int) position;
		}
		before = (int64) amount;
		active = is_active;
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
	}
}
