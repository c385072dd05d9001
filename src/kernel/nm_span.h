/*
 * nm_span.h
 *		Lengths of time in microseconds, and the median of many.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_SPAN_H
#define NM_SPAN_H

#include "postgres.h"
#include "common/int.h"
#include "datatype/timestamp.h"
#include "fmgr.h"

/* No span is longer: ten thousand years. */
#define NM_SPAN_MAX (INT64CONST(3660000) * USECS_PER_DAY)

/*
 * An interval as microseconds, a day as 24 hours.  Months have no length, and
 * a span is not negative: errors that name the argument.
 */
extern int64 nm_span(const Interval *interval, const char *name);

/* The same for an argument, or the given value where it is NULL. */
extern int64 nm_span_arg(FunctionCallInfo fcinfo, int argno, const char *name,
						 int64 if_null);

/* Time from one instant to another; their range is wider than that of spans. */
static inline int64
nm_elapsed(int64 from, int64 to)
{
	int64 span;

	if (pg_sub_s64_overflow(to, from, &span))
		return to > from ? PG_INT64_MAX : PG_INT64_MIN;
	return span;
}

/* NmSamples: a list of values that grows, in the context of the first. */
typedef struct NmSamples
{
	int64 *values;
	Size n;
	Size capacity;
} NmSamples;

extern void nm_samples_grow(NmSamples *samples);

static inline void
nm_samples_add(NmSamples *samples, int64 value)
{
	if (unlikely(samples->n == samples->capacity))
		nm_samples_grow(samples);
	samples->values[samples->n++] = value;
}

/* Sorts values in ascending order. */
extern void nm_sort_values(int64 *values, Size n);

/*
 * The median of n > 0 values, the mean of the two in the middle if n is even;
 * the values change places.
 */
extern double nm_median(int64 *values, Size n);

#endif /* NM_SPAN_H */
