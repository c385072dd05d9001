/*
 * percentile.h
 *		The buckets of percentile_state, for the files that read them.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef PERCENTILE_H
#define PERCENTILE_H

#include "postgres.h"
#include "port/pg_bitutils.h"
#include "nm_keyed.h"
#include "nm_money.h"

/*----------
 * A value is fixed point, an integer number of millionths.  Its bucket is found
 * by its magnitude: of that the b most significant bits are kept, and the d
 * bits below them are masked off, where b is the param of the state.
 *
 * The error.  A bucket that begins at the magnitude low, 2^e <= low < 2^(e+1),
 * has d = e + 1 - b bits masked off, and holds low .. low + w with
 * w = 2^d - 1.  An estimate that is at most w / 2 away from every value x that
 * the sample may have is wrong by a share of at most
 *
 *		(w / 2) / x < 2^(d - 1) / 2^e = 2^-b
 *
 * since x >= low >= 2^e.  So b is the smallest number with 2^-b <=
 * relative_error.  Magnitudes below 2^b have d <= 0: they are exact.
 *
 * b = 0 stands for all bits: each value has a bucket of its own.
 *----------
 */
#define NM_PERCENTILE_EXACT 0
#define NM_PERCENTILE_MIN_BITS 4
#define NM_PERCENTILE_MAX_BITS 20
#define NM_PERCENTILE_UNIT 1e6

/*
 * One record of a state, the first, has the key NM_PERCENTILE_BOUNDS: its
 * count is the lowest of all values and its rest the highest.  All others are
 * buckets.
 */
typedef struct NmPercentileRecord
{
	int64 key;   /* what the values of the bucket have in common */
	int64 count; /* how many there are */
	int64 rest;  /* sum of what was masked off their magnitudes */
} NmPercentileRecord;

#define NM_PERCENTILE_BOUNDS PG_INT64_MIN

StaticAssertDecl(sizeof(NmPercentileRecord) == 24, "layout of a bucket");

/* the value without its sign; that of the lowest int64 is no int64 */
static inline uint64
nm_percentile_magnitude(int64 value)
{
	return value < 0 ? -(uint64) value : (uint64) value;
}

/* w of the bucket that a magnitude is in */
static inline int64
nm_percentile_width(uint64 size, uint32 bits)
{
	int masked;

	if (bits == NM_PERCENTILE_EXACT || size == 0)
		return 0;
	masked = pg_leftmost_one_pos64(size) + 1 - (int) bits;
	return masked > 0 ? (INT64CONST(1) << masked) - 1 : 0;
}

/* The buckets of a state, without the record of the bounds. */
static inline const NmPercentileRecord *
nm_percentile_buckets(const NmState *state)
{
	return (const NmPercentileRecord *) nm_state_records(state) + 1;
}

static inline uint32
nm_percentile_nbuckets(const NmState *state)
{
	return state->nrecords - 1;
}

/*
 * NmPercentileOffsets: what the magnitudes of a bucket's values have beyond
 * that of its key, between low and high.  The lowest value of all is known to
 * be in the first bucket, the highest in the last.
 */
typedef struct NmPercentileOffsets
{
	int64 width; /* w */
	int64 low;
	int64 high;
} NmPercentileOffsets;

extern NmPercentileOffsets
nm_percentile_offsets(const NmState *state, uint32 i);

extern const NmKeyedOps nm_percentile_ops;

/* The state of an argument, checked as far as a reader needs it. */
extern const NmState *nm_percentile_arg(FunctionCallInfo fcinfo, int argno);

/* The error that percentiles of a state may have, as a share of them. */
extern double nm_percentile_error(uint32 bits);

/* A double as a number of millionths, ties to even. */
extern int64 nm_percentile_value(double value, const char *name);

#endif /* PERCENTILE_H */
