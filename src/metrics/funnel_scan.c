/*
 * funnel_scan.c
 *		Finds the furthest way of a user through the steps of a funnel.
 *
 * A chain is a choice of rows, one for each of the first steps.  A later row
 * can extend it by the next step if the window and the gaps allow, which hangs
 * on two of its times only: its entry (the later, the longer the window lasts)
 * and its last step (the later, the longer the gap may last).  So for each
 * level those chains are kept that no other chain of the level beats in both:
 * a queue in which last steps rise and entries fall.  The head is what a row
 * extends.  Every chain enters and leaves each queue once, so the time is
 * linear in the rows.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "funnel.h"

/* Front: chains of one level, as a ring of their times. */
typedef struct Front
{
	int level;
	uint32 head;
	uint32 n;
	uint32 capacity; /* a power of 2 */
	int64 *times;    /* capacity x level */
} Front;

/* Level: chains that have reached a level and wait for step `level`. */
typedef struct Level
{
	Front ready;
	Front young; /* still closer to the next step than its gap or count allow */
	int64 *occurrences; /* the last min_count times of the next step */
	uint64 noccurrences;
} Level;

/*
 * Move: a row that meets a step, or the end of chains by an exclusion, in the
 * order in which they take effect.
 */
typedef struct Move
{
	int64 order;
	int64 at;
	int32 what; /* step, KILL + level, or KILL_ALL */
} Move;

#define KILL 64
#define KILL_ALL 128

struct NmFunnelScan
{
	NmFunnelRules rules;
	NmFunnelOpen open;
	bool done;      /* nothing can be added any more */
	bool converted; /* the row at hand has completed an attempt */
	bool watch;     /* attempts end, so their end must be seen */
	Level level[NM_FUNNEL_STEPS];
	Move *moves;
	uint32 moves_capacity;
	int64 tied[NM_FUNNEL_STEPS + 1][NM_FUNNEL_STEPS]; /* chains of a tie */
	bool has_tied[NM_FUNNEL_STEPS + 1];
};

/* Queues */

static inline int64 *
front_at(const Front *front, uint32 i)
{
	return front->times +
		   (Size) ((front->head + i) & (front->capacity - 1)) * front->level;
}

static inline void
front_drop_first(Front *front)
{
	front->head = (front->head + 1) & (front->capacity - 1);
	front->n--;
}

static void
front_grow(Front *front)
{
	uint32 capacity = Max(4, front->capacity * 2);
	int64 *times = palloc_extended(mul_size(mul_size(capacity, front->level),
											sizeof(int64)),
								   MCXT_ALLOC_HUGE);

	for (uint32 i = 0; i < front->n; i++)
		memcpy(times + (Size) i * front->level, front_at(front, i),
			   sizeof(int64) * front->level);
	if (front->times)
		pfree(front->times);
	front->times = times;
	front->capacity = capacity;
	front->head = 0;
}

static inline void
front_push(Front *front, const int64 *times)
{
	if (unlikely(front->n == front->capacity))
		front_grow(front);
	front->n++;
	memcpy(front_at(front, front->n - 1), times, sizeof(int64) * front->level);
}

static inline int64
last_step(const Front *front, const int64 *times)
{
	return times[front->level - 1];
}

/* push_ready adds a chain and drops those that it beats. */
static inline void
push_ready(Front *ready, const int64 *times)
{
	while (ready->n > 0 && front_at(ready, ready->n - 1)[0] <= times[0])
		ready->n--;
	front_push(ready, times);
}

/* is_alive tells whether a chain of a level can be extended at t or later. */
static inline bool
is_alive(const NmFunnelScan *scan, int level, const int64 *times, int64 t)
{
	return nm_funnel_add(times[0], scan->rules.within) >= t &&
		   nm_funnel_add(times[level - 1], scan->rules.max_gap[level]) >= t;
}

/*
 * push_chain adds a chain that has reached a level below the last.  Those whose
 * time is over before the next step may come are left out, so that of the young
 * ones the newest lives longest.
 */
static inline void
push_chain(NmFunnelScan *scan, int level, const int64 *times)
{
	Level *l = &scan->level[level];
	int64 min_gap = scan->rules.min_gap[level];

	if (min_gap == 0 && scan->rules.min_count[level] <= 1)
		push_ready(&l->ready, times);
	else if (is_alive(scan, level, times,
					  nm_funnel_add(times[level - 1], min_gap)))
		front_push(&l->young, times);
}

/* ripe_until returns the last step up to which chains may go on at t. */
static int64
ripe_until(const NmFunnelScan *scan, int level, int64 t)
{
	const Level *l = &scan->level[level];
	int32 count = scan->rules.min_count[level];
	int64 until = t - scan->rules.min_gap[level];

	if (count <= 1)
		return until;
	if (l->noccurrences < (uint64) count)
		return PG_INT64_MIN;
	return Min(until, l->occurrences[l->noccurrences % count]);
}

/* best_chain returns the chain that step `level` at t extends, or NULL. */
static const int64 *
best_chain(NmFunnelScan *scan, int level, int64 t)
{
	Level *l = &scan->level[level];

	if (l->young.n > 0)
	{
		int64 until = ripe_until(scan, level, t);

		while (l->young.n > 0 &&
			   last_step(&l->young, front_at(&l->young, 0)) <= until)
		{
			push_ready(&l->ready, front_at(&l->young, 0));
			front_drop_first(&l->young);
		}
	}
	while (l->ready.n > 0)
	{
		const int64 *times = front_at(&l->ready, 0);

		if (is_alive(scan, level, times, t))
			return times;
		front_drop_first(&l->ready);
	}
	return NULL;
}

/* level_alive tells whether any chain of a level can still be extended. */
static bool
level_alive(NmFunnelScan *scan, int level, int64 t)
{
	Level *l = &scan->level[level];

	while (l->ready.n > 0)
	{
		if (is_alive(scan, level, front_at(&l->ready, 0), t))
			return true;
		front_drop_first(&l->ready);
	}
	return l->young.n > 0 &&
		   is_alive(scan, level, front_at(&l->young, l->young.n - 1), t);
}

/*
 * any_alive tells whether any chain can still be extended by a row of time t
 * or, where rows count as `slack` later for each step, by one that counts as t.
 */
static bool
any_alive(NmFunnelScan *scan, int64 t, int64 slack)
{
	for (int level = scan->rules.nsteps - 1; level > 0; level--)
		if (level_alive(scan, level, t - level * slack))
			return true;
	return false;
}

static void
drop_chains(NmFunnelScan *scan)
{
	for (int level = 1; level < scan->rules.nsteps; level++)
	{
		scan->level[level].ready.n = 0;
		scan->level[level].young.n = 0;
	}
}

/* Steps */

/* reached notes a chain of a new level; after the last step all is over. */
static inline void
reached(NmFunnelScan *scan, int level, const int64 *times)
{
	nm_funnel_reached(&scan->open, level, times);
	if (level < scan->rules.nsteps)
	{
		push_chain(scan, level, times);
		return;
	}
	if (scan->rules.attempts)
	{
		nm_funnel_close(&scan->open, false, false, times[level - 1]);
		drop_chains(scan);
		scan->converted = true;
	}
	else
		scan->done = true;
}

/* note_occurrence counts a row of a step that must occur several times. */
static inline void
note_occurrence(NmFunnelScan *scan, int step, int64 t)
{
	Level *l = &scan->level[step];
	int32 count = scan->rules.min_count[step];

	if (count > 1)
		l->occurrences[l->noccurrences++ % count] = t;
}

/* may_enter tells whether a row of the first step begins a chain. */
static inline bool
may_enter(const NmFunnelScan *scan)
{
	return !scan->rules.first_entry || scan->open.best.level == 0;
}

/* take_step extends the best chain by a row that meets a step. */
static inline void
take_step(NmFunnelScan *scan, int step, int64 t)
{
	int64 times[NM_FUNNEL_STEPS];

	if (step == 0)
	{
		if (!may_enter(scan))
			return;
		reached(scan, 1, &t);
	}
	else
	{
		const int64 *chain = best_chain(scan, step, t);

		if (chain == NULL)
			return;
		memcpy(times, chain, sizeof(int64) * step);
		times[step] = t;
		reached(scan, step + 1, times);
	}
}

/* end_timed_out ends an attempt whose time is over at a row of time t. */
static inline void
end_timed_out(NmFunnelScan *scan, int64 order, int64 t)
{
	if (scan->open.best.level > 0 && !any_alive(scan, order, scan->rules.grace))
	{
		nm_funnel_close(&scan->open, scan->open.best.excluded, false, t - 1);
		drop_chains(scan);
	}
}

/* exclude ends the chains of a level, or of all. */
static void
exclude(NmFunnelScan *scan, int what, int64 t)
{
	if (what != KILL_ALL)
	{
		scan->open.best.excluded |= level_alive(scan, what - KILL, t);
		scan->level[what - KILL].ready.n = 0;
		scan->level[what - KILL].young.n = 0;
		return;
	}
	nm_funnel_close(&scan->open, any_alive(scan, t, 0), false, t);
	drop_chains(scan);
}

/* Rows that meet one step each */

static int
compare_moves(const void *a, const void *b)
{
	const Move *x = a;
	const Move *y = b;

	CHECK_FOR_INTERRUPTS();
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->what < y->what ? -1 : (x->what > y->what ? 1 : 0);
}

static inline void
add_move(NmFunnelScan *scan, uint32 *n, int64 order, int64 at, int32 what)
{
	if (unlikely(*n == scan->moves_capacity))
	{
		Size capacity = Max(64, (Size) scan->moves_capacity * 2);
		Move *moves =
			palloc_extended(mul_size(capacity, sizeof(Move)), MCXT_ALLOC_HUGE);

		if (*n > 0)
			memcpy(moves, scan->moves, *n * sizeof(Move));
		if (scan->moves)
			pfree(scan->moves);
		scan->moves = moves;
		scan->moves_capacity = (uint32) Min(capacity, PG_UINT32_MAX);
	}
	scan->moves[*n].order = order;
	scan->moves[*n].at = at;
	scan->moves[(*n)++].what = what;
}

/*
 * make_moves puts the rows of a user in the order in which they take effect.
 * With a grace, step i counts as i x grace later than it was, so that a step
 * may come up to grace before the one that it follows.
 */
static uint32
make_moves(NmFunnelScan *scan, const NmFunnelEvent *events, uint32 count)
{
	int64 grace = scan->rules.grace;
	bool sorted = true;
	uint32 n = 0;

	for (uint32 i = 0; i < count; i++)
	{
		const NmFunnelEvent *e = &events[i];
		int64 at = e->at;

		if (e->steps != 0)
		{
			int step = pg_rightmost_one_pos64(e->steps);

			add_move(scan, &n, nm_funnel_add(at, step * grace), at, step);
		}
		if (e->exclusion && grace == 0)
			add_move(scan, &n, at, at, KILL_ALL);
		else if (e->exclusion)
		{
			for (int level = 1; level < scan->rules.nsteps; level++)
				add_move(scan, &n, nm_funnel_add(at, level * grace), at,
						 KILL + level);
		}
	}
	for (uint32 i = 1; i < n && sorted; i++)
		sorted = compare_moves(&scan->moves[i - 1], &scan->moves[i]) <= 0;
	if (!sorted)
		qsort(scan->moves, n, sizeof(Move), compare_moves);
	return n;
}

static void
scan_single_steps(NmFunnelScan *scan, const NmFunnelEvent *events, uint32 count)
{
	uint32 n = make_moves(scan, events, count);

	for (uint32 i = 0; i < n && !scan->done; i++)
	{
		const Move *move = &scan->moves[i];

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (scan->watch)
			end_timed_out(scan, move->order, move->at);
		if (move->what >= KILL)
		{
			exclude(scan, move->what, move->at);
			continue;
		}
		note_occurrence(scan, move->what, move->at);
		take_step(scan, move->what, move->at);
	}
}

/* Rows that may meet several steps, of which a chain uses one */

/*
 * extend_in_tie extends the best chain of a level by as many steps as rows of a
 * tie allow, each row for one step, and keeps what it meets on its way.
 */
static void
extend_in_tie(NmFunnelScan *scan, NmFunnelKinds *kinds, int level, int64 t)
{
	int64 times[NM_FUNNEL_STEPS];

	if (level == 0)
	{
		if (!may_enter(scan))
			return;
	}
	else
	{
		const int64 *chain = best_chain(scan, level, t);

		if (chain == NULL)
			return;
		memcpy(times, chain, sizeof(int64) * level);
	}
	nm_funnel_kinds_clear(kinds);
	for (int step = level; step < scan->rules.nsteps; step++)
	{
		if (step > level && ripe_until(scan, step, t) < t)
			return;
		if (!nm_funnel_kinds_fill(kinds, step))
			return;
		times[step] = t;
		if (scan->has_tied[step + 1] && scan->tied[step + 1][0] > times[0])
			continue;
		scan->has_tied[step + 1] = true;
		memcpy(scan->tied[step + 1], times, sizeof(int64) * (step + 1));
	}
}

/* scan_tie takes the rows of one instant; they may be used in any order. */
static void
scan_tie(NmFunnelScan *scan, const NmFunnelEvent *events, uint32 n)
{
	int64 t = events[0].at;
	int nsteps = scan->rules.nsteps;
	NmFunnelKinds kinds;

	nm_funnel_kinds_make(&kinds, events, n, nsteps);
	memset(scan->has_tied, 0, sizeof(scan->has_tied));
	for (int level = nsteps - 1; level >= 0; level--)
		extend_in_tie(scan, &kinds, level, t);

	/* if the funnel ends here, what else begins here is part of it */
	if (scan->has_tied[nsteps])
		reached(scan, nsteps, scan->tied[nsteps]);
	else
	{
		for (int level = 1; level < nsteps; level++)
			if (scan->has_tied[level])
				reached(scan, level, scan->tied[level]);
	}
	nm_funnel_kinds_free(&kinds);
}

/* scan_row takes a row that is alone in its instant, its last step first. */
static void
scan_row(NmFunnelScan *scan, uint64 steps, int64 t)
{
	scan->converted = false;
	while (steps != 0 && !scan->done && !scan->converted)
	{
		int step = pg_leftmost_one_pos64(steps);

		take_step(scan, step, t);
		steps &= ~(UINT64CONST(1) << step);
	}
}

static void
scan_many_steps(NmFunnelScan *scan, const NmFunnelEvent *events, uint32 n)
{
	uint32 end;

	for (uint32 start = 0; start < n && !scan->done; start = end)
	{
		int64 t = events[start].at;
		bool excluded = false;

		CHECK_FOR_INTERRUPTS();
		if (scan->watch)
			end_timed_out(scan, t, t);
		for (end = start; end < n && events[end].at == t; end++)
			excluded |= events[end].exclusion;
		if (end - start == 1)
			scan_row(scan, events[start].steps, t);
		else
			scan_tie(scan, &events[start], end - start);
		if (excluded && !scan->done)
			exclude(scan, KILL_ALL, t);
	}
}

/*
 * The plain case: of the chains of a level the newest has the latest entry, so
 * that it is the only one worth keeping.
 */

static inline void
plain_step(NmFunnelScan *scan, int step, int64 t)
{
	int64 *to = scan->tied[step + 1];
	const int64 *from = scan->tied[step];

	if (step > 0)
	{
		if (!scan->has_tied[step] ||
			nm_funnel_add(from[0], scan->rules.within) < t)
			return;
		nm_funnel_copy_times(to, from, step);
	}
	to[step] = t;
	scan->has_tied[step + 1] = true;
	nm_funnel_reached(&scan->open, step + 1, to);
	scan->done |= step + 1 == scan->rules.nsteps;
}

static void
scan_plain(NmFunnelScan *scan, const NmFunnelEvent *events, uint32 n)
{
	uint32 end;

	memset(scan->has_tied, 0, scan->rules.nsteps + 1);
	for (uint32 start = 0; start < n && !scan->done; start = end)
	{
		int64 t = events[start].at;
		uint64 steps = events[start].steps;

		if ((start & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		for (end = start + 1; end < n && events[end].at == t; end++)
			steps |= events[end].steps;
		for (; steps != 0; steps &= steps - 1)
			plain_step(scan, pg_rightmost_one_pos64(steps), t);
	}
}

static bool
plain_alive(const NmFunnelScan *scan, int64 t)
{
	for (int level = 1; level < scan->rules.nsteps; level++)
		if (scan->has_tied[level] &&
			nm_funnel_add(scan->tied[level][0], scan->rules.within) >= t)
			return true;
	return false;
}

NmFunnelScan *
nm_funnel_scan_make(const NmFunnelRules *rules, NmFunnelEmit emit, void *arg)
{
	NmFunnelScan *scan = palloc0(sizeof(NmFunnelScan));

	scan->rules = *rules;
	scan->open.rules = &scan->rules;
	scan->open.emit = emit;
	scan->open.arg = arg;
	scan->watch = rules->first_entry || rules->attempts;
	for (int level = 1; level < rules->nsteps; level++)
	{
		Level *l = &scan->level[level];

		l->ready.level = l->young.level = level;
		if (rules->min_count[level] > 1)
			l->occurrences =
				palloc(mul_size(rules->min_count[level], sizeof(int64)));
	}
	return scan;
}

void
nm_funnel_scan(NmFunnelScan *scan, const NmFunnelEvent *events, uint32 n)
{
	const NmFunnelRules *rules = &scan->rules;
	NmFunnelOpen *open = &scan->open;

	open->best.level = 0;
	open->best.excluded = false;
	if (n > 0)
		open->best.property = events[0].property;
	if (rules->clickhouse)
		nm_funnel_scan_clickhouse(open, events, n);
	else if (rules->order == NM_FUNNEL_STRICT)
		nm_funnel_scan_strict(open, events, n);
	else if (rules->order == NM_FUNNEL_ANY_ORDER)
		nm_funnel_scan_any_order(open, events, n);
	else if (rules->plain)
	{
		scan->done = false;
		scan_plain(scan, events, n);
		nm_funnel_close(open, false,
						rules->as_of != PG_INT64_MAX && !scan->done &&
							plain_alive(scan, rules->as_of),
						PG_INT64_MAX);
	}
	else
	{
		scan->done = false;
		drop_chains(scan);
		for (int level = 1; level < rules->nsteps; level++)
			scan->level[level].noccurrences = 0;
		if (rules->single_steps)
			scan_single_steps(scan, events, n);
		else
			scan_many_steps(scan, events, n);
		nm_funnel_close(open, open->best.excluded,
						rules->as_of != PG_INT64_MAX && !scan->done &&
							any_alive(scan, rules->as_of, 0),
						PG_INT64_MAX);
	}
}
