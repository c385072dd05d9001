/*
 * percentile_read.c
 *		Reading a percentile_state: percentiles, shares, summary, histogram.
 *
 * See doc/percentile.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "nm_guards.h"
#include "nm_rows.h"
#include "percentile.h"

/* up to here a double has every integer */
#define EXACT_DOUBLE (INT64CONST(1) << 53)

typedef struct PercentileReader
{
	const NmState *state;
	const NmPercentileRecord *buckets;
	uint32 n;
	int64 *upto; /* samples in each bucket and those before it */
	int64 samples;
	int64 lowest;
	int64 highest;
} PercentileReader;

static void
reader_begin(PercentileReader *reader, FunctionCallInfo fcinfo)
{
	const NmState *state = nm_percentile_arg(fcinfo, 0);

	reader->state = state;
	reader->buckets = nm_percentile_buckets(state);
	reader->n = nm_percentile_nbuckets(state);
	reader->lowest = reader->buckets[-1].count;
	reader->highest = reader->buckets[-1].rest;
	reader->upto = palloc_array(int64, reader->n);
	reader->samples = 0;
	for (uint32 i = 0; i < reader->n; i++)
	{
		if ((i & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (unlikely(reader->buckets[i].count < 1))
			nm_state_damaged("A bucket has values out of its range.");
		if (unlikely(pg_add_s64_overflow(reader->samples,
										 reader->buckets[i].count,
										 &reader->samples)))
			ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
							errmsg("number of samples is out of range"),
							errdetail("It is over 9223372036854775807."),
							errhint("Check the counts of the samples.")));
		reader->upto[i] = reader->samples;
	}
}

/* in_units returns the double next to a number of millionths. */
static inline double
in_units(int64 value)
{
	if (likely(value > -EXACT_DOUBLE && value < EXACT_DOUBLE))
		return (double) value / NM_PERCENTILE_UNIT;
	return (double) (value / NM_MONEY_UNIT) +
		   (double) (value % NM_MONEY_UNIT) / NM_PERCENTILE_UNIT;
}

/* The samples in the buckets before one. */
static inline int64
samples_before(const PercentileReader *reader, uint32 i)
{
	return i == 0 ? 0 : reader->upto[i - 1];
}

/* bucket_sum returns the exact sum of the values of a bucket. */
static int128
bucket_sum(const NmPercentileRecord *bucket)
{
	int128 sum = (int128) bucket->key * bucket->count;

	return bucket->key < 0 ? sum - bucket->rest : sum + bucket->rest;
}

/*
 * The rest of a bucket's values beyond the smallest offset they may have, kept
 * within what is possible even if the state is damaged.
 */
static int128
spare_rest(const NmPercentileRecord *bucket, const NmPercentileOffsets *offsets)
{
	int128 spare = bucket->rest - (int128) bucket->count * offsets->low;
	int128 most = (int128) bucket->count * (offsets->high - offsets->low);

	return Max(0, Min(spare, most));
}

/*
 * offset_estimate returns an offset for the k-th smallest of a bucket.  Their
 * sum bounds it: those from k on are not smaller than it, and those up to k
 * not larger.  The estimate is the mean, moved as little as it takes to be
 * within w / 2 of both bounds.
 */
static double
offset_estimate(const NmPercentileRecord *bucket,
				const NmPercentileOffsets *offsets, int64 k)
{
	int64 span = offsets->high - offsets->low;
	int64 above = bucket->count - k;
	int128 spare = spare_rest(bucket, offsets);
	int128 least = spare - (int128) above * span;
	int128 most = spare / ((int128) above + 1);
	double half = 0.5 * (double) offsets->width;
	double mean = (double) bucket->rest / (double) bucket->count;

	least = offsets->low + (least > 0 ? (least + k - 1) / k : 0);
	most = offsets->low + Min(most, span);
	return Max((double) most - half, Min((double) least + half, mean));
}

/* value_at returns an estimate of the value of a rank, in units. */
static double
value_at(const PercentileReader *reader, int64 rank)
{
	const NmPercentileRecord *bucket;
	NmPercentileOffsets offsets;
	uint32 low = 0;
	uint32 high = reader->n - 1;
	double size;
	int64 k;

	if (rank <= 1)
		return in_units(reader->lowest);
	if (rank >= reader->samples)
		return in_units(reader->highest);
	while (low < high)
	{
		uint32 middle = low + (high - low) / 2;

		if (reader->upto[middle] < rank)
			low = middle + 1;
		else
			high = middle;
	}
	bucket = &reader->buckets[low];
	offsets = nm_percentile_offsets(reader->state, low);
	k = rank - samples_before(reader, low);
	if (bucket->key < 0)
		k = bucket->count - k + 1;
	if (offsets.width == 0)
		return in_units(bucket->key);
	size = (double) nm_percentile_magnitude(bucket->key) +
		   offset_estimate(bucket, &offsets, k);
	return (bucket->key < 0 ? -size : size) / NM_PERCENTILE_UNIT;
}

typedef enum Method
{
	METHOD_DISC,
	METHOD_CONT
} Method;

static Method
method_arg(FunctionCallInfo fcinfo, int argno)
{
	static const char *const methods[] = {"disc", "cont", NULL};

	return (Method) nm_choice_arg(fcinfo, argno, "method", methods);
}

/*
 * percentile_of returns a percentile, computed as percentile_disc and
 * percentile_cont of the server do.
 */
static double
percentile_of(const PercentileReader *reader, double fraction, Method method)
{
	double n = (double) reader->samples;
	double position;
	double low;
	double high;

	if (!(fraction >= 0 && fraction <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"fraction\" of a percentile must be between 0 and 1"),
				 errdetail("It is %g.", fraction),
				 errhint("The 95th percentile is 0.95.")));
	/* as doubles: a count may round up to 2^63, which is no int64 */
	if (method == METHOD_DISC)
	{
		position = ceil(fraction * n);
		return value_at(reader,
						position >= n ? reader->samples : (int64) position);
	}
	position = fraction * (double) (reader->samples - 1);
	if (position + 1 >= n)
		return value_at(reader, reader->samples);
	low = value_at(reader, 1 + (int64) floor(position));
	high = value_at(reader, 1 + (int64) ceil(position));
	return low + (position - floor(position)) * (high - low);
}

/* percentile(state, fraction, method) */
PG_FUNCTION_INFO_V1(nm_percentile);
Datum
nm_percentile(PG_FUNCTION_ARGS)
{
	Method method = method_arg(fcinfo, 2);
	PercentileReader reader;

	reader_begin(&reader, fcinfo);
	PG_RETURN_FLOAT8(percentile_of(&reader, PG_GETARG_FLOAT8(1), method));
}

/* percentiles(state, fractions, method) */
PG_FUNCTION_INFO_V1(nm_percentiles);
Datum
nm_percentiles(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	PercentileReader reader;
	NmRowContext row;
	Datum *fractions;
	bool *nulls;
	Method method;
	int n;

	InitMaterializedSRF(fcinfo, 0);
	method = method_arg(fcinfo, 2);
	n = nm_array_elements(PG_GETARG_ARRAYTYPE_P(1), "fractions", FLOAT8OID,
						  &fractions, &nulls);
	nm_refuse_null_elements(nulls, n, "fractions");
	reader_begin(&reader, fcinfo);
	nm_row_begin(&row);
	for (int i = 0; i < n; i++)
	{
		double fraction = DatumGetFloat8(fractions[i]);
		Datum values[2];
		bool no_nulls[2] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = Float8GetDatum(fraction);
		values[1] = Float8GetDatum(percentile_of(&reader, fraction, method));
		nm_row_put(&row, rsinfo, values, no_nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* Which share of the samples lies up to a value */

/*
 * at_most bounds how many of a bucket's values have at most an offset, which is
 * counted from the smallest they may have and below the span: those above it
 * need one more each, and those up to it leave the rest to others.
 */
static void
at_most(const NmPercentileRecord *bucket, const NmPercentileOffsets *offsets,
		int64 offset, int64 *low, int64 *high)
{
	int64 span = offsets->high - offsets->low;
	int128 spare = spare_rest(bucket, offsets);
	int128 above = spare / ((int128) offset + 1);
	int128 excess = spare - (int128) bucket->count * offset;

	*low = above < bucket->count ? bucket->count - (int64) above : 0;
	*high = bucket->count;
	if (excess > 0)
		*high -= (int64) ((excess + span - offset - 1) / (span - offset));
}

/* bucket_highest returns the highest value that a bucket may have. */
static int64
bucket_highest(const PercentileReader *reader, uint32 i)
{
	NmPercentileOffsets offsets = nm_percentile_offsets(reader->state, i);
	int64 key = reader->buckets[i].key;

	return key < 0 ? key - offsets.low : key + offsets.high;
}

/* samples_within bounds the number of samples up to a value. */
static void
samples_within(const PercentileReader *reader, int64 value, int64 *low,
			   int64 *high)
{
	const NmPercentileRecord *bucket;
	NmPercentileOffsets offsets;
	int64 offset;
	uint32 i = 0;
	uint32 end = reader->n - 1;

	*low = *high = value < reader->lowest ? 0 : reader->samples;
	if (value < reader->lowest || value >= reader->highest)
		return;
	/* the first bucket that may have values above */
	while (i < end)
	{
		uint32 middle = i + (end - i) / 2;

		if (bucket_highest(reader, middle) <= value)
			i = middle + 1;
		else
			end = middle;
	}
	*low = *high = samples_before(reader, i);
	bucket = &reader->buckets[i];
	offsets = nm_percentile_offsets(reader->state, i);
	offset = (bucket->key < 0 ? bucket->key - value : value - bucket->key) -
			 offsets.low;
	if (bucket->key < 0 ? offset > offsets.high - offsets.low : offset < 0)
		return;
	if (bucket->key < 0)
	{
		int64 less;
		int64 more;

		/* those of at least the offset */
		at_most(bucket, &offsets, offset - 1, &less, &more);
		*low += bucket->count - more;
		*high += bucket->count - less;
	}
	else
	{
		int64 less;
		int64 more;

		at_most(bucket, &offsets, offset, &less, &more);
		*low += less;
		*high += more;
	}
	/* the lowest of all is within, the highest is not */
	*low = Max(*low, 1);
	*high = Min(*high, reader->samples - 1);
}

/* percentile_rank(state, value) */
PG_FUNCTION_INFO_V1(nm_percentile_rank);
Datum
nm_percentile_rank(PG_FUNCTION_ARGS)
{
	int64 value = nm_percentile_value(PG_GETARG_FLOAT8(1), "value");
	PercentileReader reader;
	int64 low;
	int64 high;

	reader_begin(&reader, fcinfo);
	samples_within(&reader, value, &low, &high);
	PG_RETURN_FLOAT8(((double) low + (double) high) / 2 /
					 (double) reader.samples);
}

/* share_within(state, threshold) */
PG_FUNCTION_INFO_V1(nm_share_within);
Datum
nm_share_within(PG_FUNCTION_ARGS)
{
	int64 threshold = nm_percentile_value(PG_GETARG_FLOAT8(1), "threshold");
	PercentileReader reader;
	Datum values[5];
	bool nulls[5] = {false};
	int64 low;
	int64 high;

	reader_begin(&reader, fcinfo);
	samples_within(&reader, threshold, &low, &high);
	values[0] = Int64GetDatum(reader.samples);
	values[1] = Int64GetDatum(low);
	values[2] = Int64GetDatum(high);
	nm_ratio_out(low, reader.samples, &values[3]);
	nm_ratio_out(high, reader.samples, &values[4]);
	return nm_one_row(fcinfo, values, nulls);
}

/* percentile_summary(state) */
PG_FUNCTION_INFO_V1(nm_percentile_summary);
Datum
nm_percentile_summary(PG_FUNCTION_ARGS)
{
	static const double fractions[] = {0.5, 0.9, 0.95, 0.99};
	PercentileReader reader;
	Datum values[10];
	bool nulls[10] = {false};
	int128 sum = 0;

	reader_begin(&reader, fcinfo);
	/* below 2^63 samples of below 2^63 millionths */
	for (uint32 i = 0; i < reader.n; i++)
		sum += bucket_sum(&reader.buckets[i]);
	values[0] = Int64GetDatum(reader.samples);
	values[1] = nm_money_out(sum);
	nm_ratio_out(sum, (int128) reader.samples * NM_MONEY_UNIT, &values[2]);
	values[3] = Float8GetDatum(in_units(reader.lowest));
	values[4] = Float8GetDatum(in_units(reader.highest));
	for (int i = 0; i < (int) lengthof(fractions); i++)
		values[5 + i] =
			Float8GetDatum(percentile_of(&reader, fractions[i], METHOD_DISC));
	values[9] = Float8GetDatum(nm_percentile_error(reader.state->param));
	return nm_one_row(fcinfo, values, nulls);
}

/* percentile_histogram(state) */
PG_FUNCTION_INFO_V1(nm_percentile_histogram);
Datum
nm_percentile_histogram(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	PercentileReader reader;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	reader_begin(&reader, fcinfo);
	nm_row_begin(&row);
	for (uint32 i = 0; i < reader.n; i++)
	{
		const NmPercentileRecord *bucket = &reader.buckets[i];
		NmPercentileOffsets offsets = nm_percentile_offsets(reader.state, i);
		int64 low = bucket->key + offsets.low;
		Datum values[6];
		bool nulls[6] = {false};

		CHECK_FOR_INTERRUPTS();
		if (bucket->key < 0)
			low = bucket->key - offsets.high;
		values[0] = Float8GetDatum(in_units(low));
		values[1] = Float8GetDatum(in_units(bucket_highest(&reader, i)));
		values[2] = Int64GetDatum(bucket->count);
		values[3] = nm_money_out(bucket_sum(bucket));
		nm_ratio_out(bucket->count, reader.samples, &values[4]);
		nm_ratio_out(reader.upto[i], reader.samples, &values[5]);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
