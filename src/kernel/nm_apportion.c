/*
 * nm_apportion.c
 *		Divides a whole number of units by weights, exactly: largest remainder.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "miscadmin.h"

#include "nm_apportion.h"

#define FEW_PARTS 12
#define AMOUNT_BITS 72

/*
 * compare_parts puts the larger remainder first, earlier places first among
 * equals.  The remainder of a place is rest / (count * sum * unit) units.
 */
static inline int
compare_parts(const NmPart *a, const NmPart *b)
{
	uint128 x = a->rest * b->count;
	uint128 y = b->rest * a->count;

	if (x != y)
		return x > y ? -1 : 1;
	return a->start < b->start ? -1 : 1;
}

static int
compare_by_pointer(const void *a, const void *b)
{
	CHECK_FOR_INTERRUPTS();
	return compare_parts(*(NmPart *const *) a, *(NmPart *const *) b);
}

/* place_order lists the parts in the order in which they get what is left. */
static NmPart **
place_order(NmPart *parts, int n, NmPart **few)
{
	NmPart **order = few;

	if (n > FEW_PARTS)
		order = palloc_array(NmPart *, n);
	for (int i = 0; i < n; i++)
	{
		int j = i;

		if (n > FEW_PARTS)
		{
			order[i] = &parts[i];
			continue;
		}
		for (; j > 0 && compare_parts(&parts[i], order[j - 1]) < 0; j--)
			order[j] = order[j - 1];
		order[j] = &parts[i];
	}
	if (n > FEW_PARTS)
		qsort(order, n, sizeof(NmPart *), compare_by_pointer);
	return order;
}

/* quotas rounds down, and returns how many units that leaves. */
static uint64
quotas(NmPart *parts, int n, uint64 sum, uint64 amount, uint64 unit)
{
	uint64 left = amount / unit;

	/* mostly an amount is whole, and smaller numbers do */
	if (amount % unit == 0)
	{
		amount /= unit;
		unit = 1;
	}

	for (int i = 0; i < n; i++)
	{
		NmPart *part = &parts[i];
		uint128 share = (uint128) amount * part->weight;
		uint128 divisor = (uint128) sum * part->count * unit;

		part->extra = 0;

		/* a division of 128 bits takes several times as long */
		if (likely((share >> 64) == 0 && (divisor >> 64) == 0))
		{
			part->each = (uint64) share / (uint64) divisor;
			part->rest = (uint64) share % (uint64) divisor;
		}
		else
		{
			part->each = (uint64) (share / divisor);
			part->rest = share - part->each * divisor;
		}
		left -= part->each * part->count;
	}
	return left;
}

uint32
nm_apportion(NmPart *parts, int n, uint64 sum, uint64 amount, uint64 unit)
{
	NmPart *few[FEW_PARTS] = {parts};
	NmPart **order;
	uint64 left;
	uint32 next;

	Assert(n > 0 && sum > 0);
	if (n == 1)
	{
		parts[0].each = amount / unit / parts[0].count;
		parts[0].extra = (uint32) (amount / unit % parts[0].count);
		return parts[0].start + parts[0].extra;
	}
	left = quotas(parts, n, sum, amount, unit);
	order = place_order(parts, n, few);
	next = order[0]->start;
	for (int i = 0; i < n; i++)
	{
		NmPart *part = order[i];

		part->extra = (uint32) Min(left, part->count);
		left -= part->extra;
		next = part->start + part->extra;
		if (part->extra < part->count)
			break;
	}
	if (order != few)
		pfree(order);
	return next;
}

/* Spread: the remainder of one place, for nm_spread. */
typedef struct Spread
{
	int128 rest;
	int place;
} Spread;

static int
compare_spreads(const void *a, const void *b)
{
	const Spread *x = a;
	const Spread *y = b;

	if (x->rest != y->rest)
		return x->rest > y->rest ? -1 : 1;
	return x->place < y->place ? -1 : 1;
}

void
nm_spread(const int64 *weights, int n, int128 amount, int128 unit,
		  int128 *result)
{
	Spread *spreads = palloc_array(Spread, n + 1);
	int128 sum = 0;
	int128 left = amount / unit;
	int64 coarser = 1;

	/* so that no product is beyond 2^126 */
	while (amount / coarser >> AMOUNT_BITS != 0)
		coarser *= 2;
	for (int i = 0; i < n; i++)
		sum += weights[i] / coarser;
	Assert(sum > 0 && amount >= 0);
	for (int i = 0; i < n; i++)
	{
		int128 share = amount * (weights[i] / coarser);
		int128 units = share / (sum * unit);

		/* round down, also below zero */
		if (share % (sum * unit) < 0)
			units--;
		result[i] = units * unit;
		spreads[i].rest = share - units * (sum * unit);
		spreads[i].place = i;
		left -= units;
	}
	qsort(spreads, n, sizeof(Spread), compare_spreads);
	for (int i = 0; i < left; i++)
		result[spreads[i].place] += unit;
	result[spreads[(int) left].place] += amount % unit;
	pfree(spreads);
}
