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

	uint128 rest; /* private: of count * (sum of weights) */
} NmPart;

/*
 * Divides units among the places of n parts whose weights sum to `sum`, below
 * 2^62.  Each
 * place gets its quota rounded down, and what is left goes one by one to those
 * whose remainders are largest, the earliest place first among equals.  Returns
 * the place that would have got one more: that of an amount below a unit.
 */
extern uint32 nm_apportion(NmPart *parts, int n, uint64 sum, uint64 units);

/*
 * The same for units up to 2^120 and weights of either sign, which are up to
 * 2^42 and whose sum is above 0: result[i] is what place i gets.
 */
extern void
nm_spread(const int64 *weights, int n, int128 units, int128 *result);

#endif /* NM_APPORTION_H */
