/*
 * nm_apportion.h
 *		Divides a whole number of units by weights, exactly: largest remainder.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_APPORTION_H
#define NM_APPORTION_H

#include "postgres.h"
#include "nm_compat.h"

/*
 * NmPart: `count` neighbours from place `start` on, who share a weight equally.
 * Parts are in the order of their places and have neither weight 0 nor count 0.
 */
typedef struct NmPart
{
	uint64 weight; /* of all of them together */
	uint32 start;
	uint32 count;

	/* the result: each gets so many units, the first `extra` one more */
	uint32 extra;
	uint64 each;

	uint128 rest; /* private: of count * unit * (sum of weights) */
} NmPart;

/*
 * Divides an amount among the places of n parts whose weights sum to `sum`,
 * below 2^62, in whole units of so much.  Each place gets its exact share rounded
 * down to units, and the units that are left go one by one to those whose
 * remainders are largest, the earliest place first among equals.  Returns the
 * place that comes next: that of what the amount has below a unit.
 */
extern uint32
nm_apportion(NmPart *parts, int n, uint64 sum, uint64 amount, uint64 unit);

/*
 * The same for an amount up to 2^90 and weights of either sign, which are up to
 * 2^53 and whose sum is above 2^30: result[i] is what place i gets of it.
 */
extern void nm_spread(const int64 *weights, int n, int128 amount, int128 unit,
					  int128 *result);

#endif /* NM_APPORTION_H */
