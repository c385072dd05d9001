/*
 * nm_span.c
 *		Lengths of time in microseconds, and the median of many.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "storage/shmem.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "nm_compat.h"
#include "nm_span.h"

int64
nm_span(const Interval *interval, const char *name)
{
	int64 span;

	if (interval->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" must not have months or years", name),
				 errdetail("Months differ in length."),
				 errhint("Use days, such as interval '30 days'; a day is 24 hours.")));
	if (pg_mul_s64_overflow(interval->day, USECS_PER_DAY, &span) ||
		pg_add_s64_overflow(span, interval->time, &span) || span < 0 ||
		span > NM_SPAN_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("\"%s\" is out of range", name),
						errdetail("It must be from 0 to 3660000 days."),
						errhint("Pass null where no bound is meant.")));
	return span;
}

int64
nm_span_arg(FunctionCallInfo fcinfo, int argno, const char *name, int64 if_null)
{
	if (PG_ARGISNULL(argno))
		return if_null;
	return nm_span(PG_GETARG_INTERVAL_P(argno), name);
}

void
nm_samples_grow(NmSamples *samples)
{
	Size capacity = Max(16, samples->capacity * 2);
	Size size = mul_size(capacity, sizeof(int64));

	if (samples->values == NULL)
		samples->values = palloc(size);
	else
		samples->values = repalloc_huge(samples->values, size);
	samples->capacity = capacity;
}

#define ST_SORT nm_sort_values
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE
#define ST_DEFINE
#include "lib/sort_template.h"

static inline void
swap(int64 *a, int64 *b)
{
	int64 c = *a;

	*a = *b;
	*b = c;
}

/*
 * put_in_place moves value k of the order to place k, smaller ones before it
 * and larger ones behind.  A bad choice of pivots ends in a sort.
 */
static void
put_in_place(int64 *values, Size n, Size k)
{
	Size low = 0;
	Size high = n - 1;
	int tries = 4 * (pg_leftmost_one_pos64((uint64) n) + 1);

	while (high - low > 16 && tries-- > 0)
	{
		Size i = low;
		Size j = high;
		int64 *middle = &values[low + (high - low) / 2];
		int64 pivot;

		CHECK_FOR_INTERRUPTS();
		if (*middle < values[low])
			swap(middle, &values[low]);
		if (values[high] < values[low])
			swap(&values[high], &values[low]);
		if (values[high] < *middle)
			swap(&values[high], middle);
		pivot = *middle;
		while (i <= j)
		{
			while (values[i] < pivot)
				i++;
			while (values[j] > pivot)
				j--;
			if (i > j)
				break;
			swap(&values[i++], &values[j]);
			if (j == 0)
				break;
			j--;
		}
		if (k <= j)
			high = j;
		else if (k >= i)
			low = i;
		else
			return;
	}
	nm_sort_values(values + low, high - low + 1);
}

double
nm_median(int64 *values, Size n)
{
	Size half = n / 2;
	int64 below;

	put_in_place(values, n, half);
	if (n % 2 == 1)
		return (double) values[half];
	below = values[0];
	for (Size i = 1; i < half; i++)
		below = Max(below, values[i]);
	return ((double) below + (double) values[half]) / 2;
}
