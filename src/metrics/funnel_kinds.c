/*
 * funnel_kinds.c
 *		Which steps a handful of rows can fill, each row one.
 *
 * Rows that meet the same steps are of one kind.  A step that finds no free row
 * may take that of another step which has a second choice (augmenting paths).
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "miscadmin.h"

#include "funnel.h"

static int
compare_steps(const void *a, const void *b)
{
	uint64 x = *(const uint64 *) a;
	uint64 y = *(const uint64 *) b;

	CHECK_FOR_INTERRUPTS();
	return x < y ? -1 : (x > y ? 1 : 0);
}

void
nm_funnel_kinds_make(NmFunnelKinds *kinds, const NmFunnelEvent *events,
					 uint32 n, int nsteps)
{
	Size places = mul_size(n, sizeof(uint32));

	kinds->nsteps = nsteps;
	kinds->n = 0;
	kinds->steps =
		palloc_extended(mul_size(n, sizeof(uint64)), MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < n; i++)
		kinds->steps[i] = events[i].steps;
	qsort(kinds->steps, n, sizeof(uint64), compare_steps);
	kinds->count = palloc_extended(places, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 i = 0; i < n; i++)
	{
		if (kinds->n == 0 || kinds->steps[kinds->n - 1] != kinds->steps[i])
			kinds->steps[kinds->n++] = kinds->steps[i];
		kinds->count[kinds->n - 1]++;
	}
	kinds->used = palloc_extended(places, MCXT_ALLOC_HUGE);
	kinds->seen = palloc_extended(n, MCXT_ALLOC_HUGE);
}

void
nm_funnel_kinds_free(NmFunnelKinds *kinds)
{
	pfree(kinds->steps);
	pfree(kinds->count);
	pfree(kinds->used);
	pfree(kinds->seen);
}

void
nm_funnel_kinds_clear(NmFunnelKinds *kinds)
{
	for (int step = 0; step < kinds->nsteps; step++)
		kinds->chosen[step] = -1;
	memset(kinds->used, 0, kinds->n * sizeof(uint32));
}

/* find_kind finds a row for a step, moving other steps to other rows. */
static bool
find_kind(NmFunnelKinds *kinds, int step)
{
	for (int k = 0; k < kinds->n; k++)
	{
		if (kinds->seen[k] || !(kinds->steps[k] >> step & 1))
			continue;
		kinds->seen[k] = true;
		if (kinds->used[k] < kinds->count[k])
		{
			kinds->used[k]++;
			kinds->chosen[step] = k;
			return true;
		}
		for (int other = 0; other < kinds->nsteps; other++)
		{
			if (kinds->chosen[other] == k && find_kind(kinds, other))
			{
				kinds->chosen[step] = k;
				return true;
			}
		}
	}
	return false;
}

bool
nm_funnel_kinds_fill(NmFunnelKinds *kinds, int step)
{
	CHECK_FOR_INTERRUPTS();
	memset(kinds->seen, 0, kinds->n);
	return find_kind(kinds, step);
}
