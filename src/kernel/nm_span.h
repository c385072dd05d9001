/*
 * nm_span.h
 *		Lengths of time in microseconds, and the median of many.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_SPAN_H
#define NM_SPAN_H

#include "postgres.h"
#include "fmgr.h"
#include "datatype/timestamp.h"

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

/*
 * The median of n > 0 values, the mean of the two in the middle if n is even;
 * the values change places.
 */
extern double nm_median(int64 *values, Size n);

#endif /* NM_SPAN_H */
