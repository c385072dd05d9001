/*
 * funnel_modes.c
 *		Funnels by other rules: steps without anything between, steps in any
 *		order, and those of ClickHouse's windowFunnel.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "funnel.h"

/* Strict order: each step is the next row after the one before */

/* StrictChains: the chain of each level whose last row is the previous row. */
typedef struct StrictChains
{
	bool has[NM_FUNNEL_STEPS + 1];
	int64 times[NM_FUNNEL_STEPS + 1][NM_FUNNEL_STEPS];
} StrictChains;

static inline bool
strict_fits(const NmFunnelRules *rules, const int64 *times, int level, int64 t)
{
	int64 last = times[level - 1];

	return t <= nm_funnel_add(times[0], rules->within) &&
		   t <= nm_funnel_add(last, rules->max_gap[level]) &&
		   t >= nm_funnel_add(last, rules->min_gap[level]);
}

/*
 * strict_extend extends a chain of a level (none at level 0) by as many steps
 * as the rows of an instant fill, and returns the level that it reaches.
 */
static int
strict_extend(const NmFunnelRules *rules, NmFunnelKinds *kinds, int64 *times,
			  int level, int64 t)
{
	if (level > 0 && !strict_fits(rules, times, level, t))
		return level;
	nm_funnel_kinds_clear(kinds);
	for (int step = level; step < rules->nsteps; step++)
	{
		if ((step > level && rules->min_gap[step] > 0) ||
			!nm_funnel_kinds_fill(kinds, step))
			return step;
		times[step] = t;
	}
	return rules->nsteps;
}

/* strict_alive tells whether a chain can go on at t or later. */
static bool
strict_alive(const NmFunnelRules *rules, const StrictChains *chains, int64 t)
{
	for (int level = 1; level < rules->nsteps; level++)
	{
		const int64 *times = chains->times[level];

		if (chains->has[level] &&
			strict_fits(rules, times, level,
						Max(t, nm_funnel_add(times[level - 1],
											 rules->min_gap[level]))))
			return true;
	}
	return false;
}

/*
 * strict_instant moves the chains on by the n rows of an instant, which may be
 * read in any order.  A chain goes on behind them only if it uses them all; one
 * that begins there can leave the others behind.  Of two that come as far, the
 * one from the lower level has the later times.
 */
static void
strict_instant(NmFunnelOpen *open, const NmFunnelEvent *events, uint32 n,
			   StrictChains *chains, StrictChains *next)
{
	const NmFunnelRules *rules = open->rules;
	int64 t = events[0].at;
	NmFunnelKinds kinds;

	nm_funnel_kinds_make(&kinds, events, n, rules->nsteps);
	memset(next->has, 0, sizeof(next->has));
	for (int level = 0; level < rules->nsteps; level++)
	{
		int64 *times = chains->times[level];
		int reached;

		if (level > 0 ? !chains->has[level]
					  : rules->first_entry && open->best.level > 0)
			continue;
		reached = strict_extend(rules, &kinds, times, level, t);
		nm_funnel_reached(open, reached, times);
		for (int l = level + 1; l <= reached; l++)
		{
			if (next->has[l] || (level > 0 && (uint32) (l - level) != n))
				continue;
			next->has[l] = true;
			memcpy(next->times[l], times, sizeof(int64) * l);
		}
	}
	nm_funnel_kinds_free(&kinds);
}

void
nm_funnel_scan_strict(NmFunnelOpen *open, const NmFunnelEvent *events, uint32 n)
{
	const NmFunnelRules *rules = open->rules;
	StrictChains *chains;
	StrictChains *next;
	uint32 end;

	if (open->memory == NULL)
		open->memory = palloc(sizeof(StrictChains) * 2);
	chains = open->memory;
	next = chains + 1;
	memset(chains->has, 0, sizeof(chains->has));

	for (uint32 start = 0; start < n; start = end)
	{
		StrictChains *swap = chains;
		int64 t = events[start].at;
		bool alive = strict_alive(rules, chains, t);
		bool goes_on;
		bool excluded = false;
		bool completed;

		if (!alive)
		{
			nm_funnel_close(open, false, false, t - 1);
			memset(chains->has, 0, sizeof(chains->has));
		}
		for (end = start; end < n && events[end].at == t; end++)
			excluded |= events[end].exclusion;
		strict_instant(open, &events[start], end - start, chains, next);
		completed = open->best.level == rules->nsteps;
		goes_on = strict_alive(rules, next, t);

		/* exclusions come after all steps of their instant */
		if (completed || excluded || !goes_on)
		{
			nm_funnel_close(open, excluded && (alive || goes_on), false, t);
			memset(next->has, 0, sizeof(next->has));
		}
		if (completed && !rules->attempts)
			break;
		chains = next;
		next = swap;
	}
	nm_funnel_close(open, false,
					rules->as_of != PG_INT64_MAX &&
						strict_alive(rules, chains, rules->as_of),
					PG_INT64_MAX);
}

/* Any order: as many different steps as possible within the window */

/* Filled: which rows fill which steps, each row one. */
typedef struct Filled
{
	uint64 steps; /* that are filled */
	uint32 row[NM_FUNNEL_STEPS];
} Filled;

/*
 * fill lets a row fill a step, for which others may move to other steps, and
 * tells whether that is one step more.  If it is not, the row takes the place
 * of the oldest one that it can replace: then the rows that fill steps are
 * always the newest that do, and as rows leave a window in the order in which
 * they came, none is ever needed in the place of one that leaves.
 */
static bool
fill(Filled *filled, const NmFunnelEvent *events, uint32 row)
{
	int from[NM_FUNNEL_STEPS]; /* the step whose row can move here, or -1 */
	uint64 seen = events[row].steps;
	uint64 waiting = seen;
	int last = pg_rightmost_one_pos64(seen);
	bool more = false;

	memset(from, -1, sizeof(from));
	while (waiting != 0)
	{
		int step = pg_rightmost_one_pos64(waiting);
		uint64 next;

		waiting &= waiting - 1;
		more = (filled->steps >> step & 1) == 0;
		if (more || filled->row[step] < filled->row[last])
			last = step;
		if (more)
			break;
		next = events[filled->row[step]].steps & ~seen;
		seen |= next;
		waiting |= next;
		for (; next != 0; next &= next - 1)
			from[pg_rightmost_one_pos64(next)] = step;
	}
	filled->steps |= UINT64CONST(1) << last;
	for (; from[last] >= 0; last = from[last])
		filled->row[last] = filled->row[from[last]];
	filled->row[last] = row;
	return more;
}

/* AnyOrder: the rows [first, next) of the window. */
typedef struct AnyOrder
{
	NmFunnelOpen *open;
	const NmFunnelEvent *events;
	Filled filled;
	uint32 first;
	uint32 next;
	uint32 rows; /* that meet a step, in the window */
} AnyOrder;

/* note_window keeps the times at which the rows of the window fill steps. */
static void
note_window(AnyOrder *any, int level)
{
	Filled filled = {0};
	int64 times[NM_FUNNEL_STEPS];
	int done = 0;

	for (uint32 i = any->first; i < any->next && done < level; i++)
		if (any->events[i].steps != 0 && fill(&filled, any->events, i))
			times[done++] = any->events[i].at;
	nm_funnel_reached(any->open, level, times);
}

/* shrink lets the window begin at a time. */
static void
shrink(AnyOrder *any, int64 from)
{
	for (; any->first < any->next && any->events[any->first].at < from;
		 any->first++)
	{
		uint64 steps = any->events[any->first].steps;

		any->rows -= steps != 0;
		for (steps &= any->filled.steps; steps != 0; steps &= steps - 1)
			if (any->filled.row[pg_rightmost_one_pos64(steps)] == any->first)
				any->filled.steps &= ~(steps & -steps);
	}
}

/* begin_again empties the window and closes the attempt. */
static void
begin_again(AnyOrder *any, bool excluded, int64 closed)
{
	nm_funnel_close(any->open, excluded, false, closed);
	shrink(any, PG_INT64_MAX);
}

/* window_from returns where a window begins that reaches to t. */
static int64
window_from(const NmFunnelRules *rules, int64 t)
{
	int64 from;

	if (rules->within == PG_INT64_MAX ||
		pg_sub_s64_overflow(t, rules->within, &from))
		return PG_INT64_MIN;
	return from;
}

/* make_room ends what is over when a row of time t comes. */
static void
make_room(AnyOrder *any, bool attempts, int64 t)
{
	int64 from = window_from(any->open->rules, t);

	if (!attempts)
		shrink(any, from);
	else if (any->open->best.level > 0 && any->open->best.times[0] < from)
		begin_again(any, false, t - 1);
}

void
nm_funnel_scan_any_order(NmFunnelOpen *open, const NmFunnelEvent *events,
						 uint32 n)
{
	const NmFunnelRules *rules = open->rules;
	bool attempts = rules->attempts || rules->first_entry;
	AnyOrder any = {.open = open, .events = events};
	bool done = false;

	for (uint32 i = 0; i < n && !done; i++)
	{
		bool exclusion = events[i].exclusion;

		if ((i & 0xFFF) == 0xFFF)
			CHECK_FOR_INTERRUPTS();
		make_room(&any, attempts, events[i].at);
		any.next = i + 1;
		if (events[i].steps != 0)
		{
			int level;

			any.rows++;
			fill(&any.filled, events, i);
			level = pg_popcount64(any.filled.steps);
			if (level > open->best.level)
				note_window(&any, level);
		}

		/* exclusions come after all steps of their instant */
		if (i + 1 < n && events[i + 1].at == events[i].at)
			continue;
		for (uint32 j = i;
			 j > 0 && !exclusion && events[j - 1].at == events[i].at; j--)
			exclusion = events[j - 1].exclusion;
		if (open->best.level == rules->nsteps)
		{
			begin_again(&any, false, events[i].at);
			done = !rules->attempts;
		}
		else if (exclusion)
			begin_again(&any, any.rows > 0, events[i].at);
	}
	if (!done && rules->as_of != PG_INT64_MAX)
		make_room(&any, attempts, rules->as_of);
	nm_funnel_close(open, false, rules->as_of != PG_INT64_MAX && any.rows > 0,
					PG_INT64_MAX);
}

/* ClickHouse's windowFunnel */

/* Reached: a way to a level. */
typedef struct Reached
{
	int64 times[NM_FUNNEL_STEPS];
	uint32 rows[NM_FUNNEL_STEPS];
} Reached;

/*
 * Ways: the ways to a level.  Only the one with the latest entry is worth
 * keeping, but as long as an instant lasts, others that came to be in it may
 * be of use to rows that a way has used already.
 */
#define MOST_WAYS (NM_FUNNEL_STEPS + 2)

typedef struct Ways
{
	int n;
	int old; /* so many are from before this instant: 0 or 1 */
	Reached *way;
} Ways;

typedef struct ClickHouse
{
	NmFunnelOpen *open;
	Ways *ways; /* by level less one */
	bool entered;
	bool over;
} ClickHouse;

static bool
uses_row(const Reached *reached, int level, uint32 row)
{
	for (int i = 0; i < level; i++)
		if (reached->rows[i] == row)
			return true;
	return false;
}

/* can_go_on tells whether a row goes on with a way to a step. */
static bool
can_go_on(const NmFunnelRules *rules, const Reached *way, int step, int64 t,
		  uint32 row)
{
	return t <= nm_funnel_add(way->times[0], rules->within) &&
		   !((rules->clickhouse & NM_STRICT_ONCE) && uses_row(way, step, row));
}

/* add_way keeps a way to a step, which goes on from another. */
static void
add_way(ClickHouse *ch, const Reached *from, int step, int64 t, uint32 row)
{
	Ways *to = &ch->ways[step];
	Reached *way;

	if (to->n == MOST_WAYS)
		return;
	way = &to->way[to->n++];
	if (from != NULL)
		*way = *from;
	way->times[step] = t;
	way->rows[step] = row;
	ch->entered = true;
	nm_funnel_reached(ch->open, step + 1, way->times);
	ch->over |= step + 1 == ch->open->rules->nsteps;
}

/* go_on goes on to a step with the way of the latest entry, or with all. */
static void
go_on(ClickHouse *ch, int step, int64 t, uint32 row)
{
	const NmFunnelRules *rules = ch->open->rules;
	const Ways *ways = &ch->ways[step - 1];
	const Reached *best = NULL;

	/* equal times do not increase, so a way must stem from before them */
	int n = rules->clickhouse & NM_STRICT_INCREASE ? ways->old : ways->n;

	for (int i = 0; i < n && ch->ways[step].n < MOST_WAYS; i++)
	{
		const Reached *way = &ways->way[i];

		if (!can_go_on(rules, way, step, t, row))
			continue;
		if (rules->clickhouse & NM_STRICT_ONCE)
			add_way(ch, way, step, t, row);
		else if (best == NULL || way->times[0] > best->times[0])
			best = way;
	}
	if (best != NULL)
		add_way(ch, best, step, t, row);
}

/* take_pair lets a row meet a step, by the rules of the modes. */
static void
take_pair(ClickHouse *ch, int step, int64 t, uint32 row)
{
	int modes = ch->open->rules->clickhouse;

	if (step == 0)
		add_way(ch, NULL, 0, t, row);
	else if ((modes & NM_STRICT_DEDUPLICATION) && ch->ways[step].n > 0)
		ch->over = true;
	else if (ch->ways[step - 1].n > 0)
		go_on(ch, step, t, row);
	else if ((modes & NM_STRICT_ORDER) && ch->entered)
		ch->over = true;
}

/* keep_best_ways begins a new instant. */
static void
keep_best_ways(ClickHouse *ch)
{
	for (int level = 0; level < ch->open->rules->nsteps; level++)
	{
		Ways *ways = &ch->ways[level];

		for (int i = 1; i < ways->n; i++)
			if (ways->way[i].times[0] >= ways->way[0].times[0])
				ways->way[0] = ways->way[i];
		ways->n = ways->old = Min(ways->n, 1);
	}
}

/* take_instant takes the rows of one time, those without a step first. */
static void
take_instant(ClickHouse *ch, const NmFunnelEvent *events, uint32 start,
			 uint32 end)
{
	const NmFunnelRules *rules = ch->open->rules;

	keep_best_ways(ch);
	if ((rules->clickhouse & NM_STRICT_ORDER) && ch->entered)
		for (uint32 i = start; i < end; i++)
			ch->over |= events[i].steps == 0;
	for (int step = 0; step < rules->nsteps; step++)
	{
		CHECK_FOR_INTERRUPTS();
		for (uint32 i = start; i < end && !ch->over; i++)
			if (events[i].steps >> step & 1)
				take_pair(ch, step, events[i].at, i);
	}
}

/* clickhouse_open tells whether a way can still go on at as_of. */
static bool
clickhouse_open(const ClickHouse *ch)
{
	const NmFunnelRules *rules = ch->open->rules;

	if (ch->over || rules->as_of == PG_INT64_MAX)
		return false;
	for (int level = 0; level < rules->nsteps - 1; level++)
	{
		const Ways *ways = &ch->ways[level];

		for (int i = 0; i < ways->n; i++)
			if (rules->as_of <=
				nm_funnel_add(ways->way[i].times[0], rules->within))
				return true;
	}
	return false;
}

static Ways *
make_ways(int nsteps)
{
	Ways *ways = palloc0(sizeof(Ways) * nsteps);

	for (int level = 0; level < nsteps; level++)
		ways[level].way = palloc(sizeof(Reached) * MOST_WAYS);
	return ways;
}

void
nm_funnel_scan_clickhouse(NmFunnelOpen *open, const NmFunnelEvent *events,
						  uint32 n)
{
	ClickHouse ch = {.open = open, .ways = open->memory};
	uint32 end;

	if (ch.ways == NULL)
		ch.ways = open->memory = make_ways(open->rules->nsteps);
	for (int level = 0; level < open->rules->nsteps; level++)
		ch.ways[level].n = 0;
	for (uint32 start = 0; start < n && !ch.over; start = end)
	{
		CHECK_FOR_INTERRUPTS();
		for (end = start + 1; end < n && events[end].at == events[start].at;
			 end++)
			;
		take_instant(&ch, events, start, end);
	}
	nm_funnel_close(open, false, clickhouse_open(&ch), PG_INT64_MAX);
}
