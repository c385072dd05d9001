/*
 * percentile.c
 *		Percentiles: percentile_state, its aggregates and its accessors.
 *
 * A state counts samples in buckets whose width grows with the values, so that
 * the error of a percentile is a share of it that is fixed beforehand.  Merging
 * adds counters, so that neither order nor grouping can be seen in the result.
 * See doc/percentile.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "nm_guards.h"
#include "nm_keyed.h"
#include "nm_money.h"
#include "nm_rows.h"

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
#define EXACT_BITS 0
#define MIN_BITS 4
#define MAX_BITS 20
#define MIN_ERROR 1e-6
#define MAX_ERROR 0.1
#define VALUE_UNIT 1e6
#define VALUE_LIMIT 9223372036854.0
/* up to here a double has every integer */
#define EXACT_DOUBLE (INT64CONST(1) << 53)

/*
 * One record of a state, the first, has the key BOUNDS_KEY: its count is the
 * lowest of all values and its rest the highest.  All others are buckets.
 */
typedef struct PercentileRecord
{
	int64 key;   /* what the values of the bucket have in common */
	int64 count; /* how many there are */
	int64 rest;  /* sum of what was masked off their magnitudes */
} PercentileRecord;

#define BOUNDS_KEY PG_INT64_MIN

StaticAssertDecl(sizeof(PercentileRecord) == 24, "layout of a bucket");

static inline uint64
magnitude(int64 value)
{
	return value < 0 ? -(uint64) value : (uint64) value;
}

/* largest_rest returns w of the bucket that a magnitude is in. */
static inline int64
largest_rest(uint64 size, uint32 bits)
{
	int masked;

	if (bits == EXACT_BITS || size == 0)
		return 0;
	masked = pg_leftmost_one_pos64(size) + 1 - (int) bits;
	return masked > 0 ? (INT64CONST(1) << masked) - 1 : 0;
}

/* bucket_key masks a value. */
static inline int64
bucket_key(int64 value, uint32 bits)
{
	uint64 size = magnitude(value);
	int64 kept = (int64) (size & ~(uint64) largest_rest(size, bits));

	return value < 0 ? -kept : kept;
}

/* The buckets of a state, without the record of the bounds. */
static inline const PercentileRecord *
state_buckets(const NmState *state)
{
	return (const PercentileRecord *) nm_state_records(state) + 1;
}

static inline uint32
state_nbuckets(const NmState *state)
{
	return state->nrecords - 1;
}

/*
 * Offsets: what a bucket's values have beyond its key, between low and high.
 * The lowest value of all is known to be in the first bucket, the highest in
 * the last.
 */
typedef struct Offsets
{
	int64 width; /* w */
	int64 low;
	int64 high;
} Offsets;

static inline int64
bound_offset(int64 bound, int64 key, int64 width)
{
	uint64 offset = magnitude(bound) - magnitude(key);

	return offset > (uint64) width ? width : (int64) offset;
}

static Offsets
bucket_offsets(const NmState *state, uint32 i)
{
	const PercentileRecord *bounds = state_buckets(state) - 1;
	int64 key = state_buckets(state)[i].key;
	Offsets offsets;
	int64 first;
	int64 last;

	offsets.width = largest_rest(magnitude(key), state->param);
	offsets.low = 0;
	offsets.high = offsets.width;
	first = bound_offset(bounds->count, key, offsets.width);
	last = bound_offset(bounds->rest, key, offsets.width);
	if (i == 0 && key < 0)
		offsets.high = first;
	else if (i == 0)
		offsets.low = first;
	if (i == state_nbuckets(state) - 1 && key < 0)
		offsets.low = last;
	else if (i == state_nbuckets(state) - 1)
		offsets.high = last;
	return offsets;
}

/* What a state must be */

/* bounds_problem checks the first record against the first and last bucket. */
static const char *
bounds_problem(const NmState *state)
{
	const PercentileRecord *bounds = state_buckets(state) - 1;
	const PercentileRecord *buckets = state_buckets(state);

	if (state->nrecords < 2 || bounds->key != BOUNDS_KEY)
		return "The lowest and highest value are missing.";
	if (bounds->count == PG_INT64_MIN || bounds->count > bounds->rest ||
		bucket_key(bounds->count, state->param) != buckets[0].key ||
		bucket_key(bounds->rest, state->param) !=
			buckets[state_nbuckets(state) - 1].key)
		return "The lowest and highest value are not those of the buckets.";
	return NULL;
}

/*
 * rest_is_possible says whether some values within the bounds sum to the rest
 * of a bucket, the lowest and the highest of all among them.
 */
static bool
rest_is_possible(const NmState *state, uint32 i)
{
	const PercentileRecord *bounds = state_buckets(state) - 1;
	const PercentileRecord *bucket = &state_buckets(state)[i];
	Offsets offsets = bucket_offsets(state, i);
	int64 others = bucket->count;
	int128 rest = bucket->rest;

	if (i == 0)
	{
		others--;
		rest -= bound_offset(bounds->count, bucket->key, offsets.width);
	}
	/* they are two samples unless they are equal */
	if (i == state_nbuckets(state) - 1 &&
		(i > 0 || bounds->count != bounds->rest))
	{
		others--;
		rest -= bound_offset(bounds->rest, bucket->key, offsets.width);
	}
	return others >= 0 && rest >= (int128) others * offsets.low &&
		   rest <= (int128) others * offsets.high;
}

static const char *
percentile_check_record(const NmState *state, const void *record)
{
	const PercentileRecord *rec = record;
	const PercentileRecord *bounds = state_buckets(state) - 1;

	if (rec == bounds)
		return bounds_problem(state);
	if (rec->key == BOUNDS_KEY ||
		bucket_key(rec->key, state->param) != rec->key)
		return "A bucket is none that values fall into.";
	if (rec->count < 1 || rec->rest < 0 ||
		!rest_is_possible(state, (uint32) (rec - bounds - 1)))
		return "A bucket has values out of its range.";
	return NULL;
}

static const char *
percentile_check_param(const NmState *state)
{
	if (nm_state_key_type(state) != NM_KEY_BIGINT)
		return "The keys of the state are no values.";
	if (state->param != EXACT_BITS &&
		(state->param < MIN_BITS || state->param > MAX_BITS))
		return "The relative error of the state is out of range.";
	return NULL;
}

static double
error_of(uint32 bits)
{
	return bits == EXACT_BITS ? 0 : ldexp(1, -(int) bits);
}

static void
mixed_errors(uint32 a, uint32 b)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot combine percentiles of different relative_error"),
			 errdetail("One part has the error %g and another %g.", error_of(a),
					   error_of(b)),
			 errhint("Build all states with the same relative_error.")));
}

static void
percentile_combine_param(NmState *dst, const NmState *src)
{
	mixed_errors(dst->param, src->param);
}

static inline void
percentile_merge(void *entity, const void *row)
{
	PercentileRecord *into = entity;
	const PercentileRecord *from = row;

	if (unlikely(into->key == BOUNDS_KEY))
	{
		into->count = Min(into->count, from->count);
		into->rest = Max(into->rest, from->rest);
	}
	else if (unlikely(pg_add_s64_overflow(into->count, from->count,
										  &into->count) ||
					  pg_add_s64_overflow(into->rest, from->rest, &into->rest)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many samples of about the same value"),
				 errdetail("Their number, or what their sum has beyond that of equal values, is over 9223372036854775807 or 9223372036854.775807."),
				 errhint("Measure in a larger unit, such as gigabytes and not bytes.")));
}

static const NmFamily percentile_family = {
	.type_name = "percentile_state",
	.kind = NM_KIND_PERCENTILE,
	.version = 1,
	.layout = "kqq",
	.check_record = percentile_check_record,
	.check_param = percentile_check_param,
	.combine_param = percentile_combine_param,
	.times = NM_TIMES_DAYS,
};

static const NmKeyedOps percentile_ops = {
	.family = &percentile_family,
	.recsize = sizeof(PercentileRecord),
	.idsize = sizeof(int64),
	.merge = percentile_merge,
};

NM_KEYED_FUNCTIONS(percentile, &percentile_ops);

/* Transition functions */

/*
 * error_bits returns b of a relative error: the exponent of 1 / error, rounded
 * up, which the bits of the double tell.
 */
static inline uint32
error_bits(FunctionCallInfo fcinfo, int argno)
{
	double share;
	uint64 word;

	if (unlikely(PG_ARGISNULL(argno)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("\"relative_error\" of a percentile must not be null"),
				 errdetail("It says how wide the buckets of samples are."),
				 errhint("Pass 0.01, or 0 to keep every value.")));
	share = PG_GETARG_FLOAT8(argno);
	if (share == 0)
		return EXACT_BITS;
	if (unlikely(!(share >= MIN_ERROR && share <= MAX_ERROR)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"relative_error\" of a percentile must be 0 or between %g and %g",
						MIN_ERROR, MAX_ERROR),
				 errdetail("It is %g.", share),
				 errhint("Pass 0.01 for one percent, or 0 to keep every value.")));
	memcpy(&word, &share, sizeof(word));
	return 1023 - (uint32) (word >> 52);
}

/*
 * fixed_point returns an argument in millionths, ties to even.  The whole part
 * apart: with it as one product a large value would lose its last digits.
 */
static inline int64
fixed_point(double value, const char *name)
{
	int64 whole;

	if (unlikely(!(fabs(value) < VALUE_LIMIT)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"%s\" of a percentile is out of range", name),
				 errdetail("It is %g. Values are finite, and below 9.2e12 on either side of 0.",
						   value),
				 errhint("Leave out what is no number, and measure in a larger unit.")));
	whole = (int64) value;
	return whole * NM_MONEY_UNIT +
		   (int64) rint((value - (double) whole) * VALUE_UNIT);
}

/* in_units returns the double next to a number of millionths. */
static inline double
in_units(int64 value)
{
	if (likely(value > -EXACT_DOUBLE && value < EXACT_DOUBLE))
		return (double) value / VALUE_UNIT;
	return (double) (value / NM_MONEY_UNIT) +
		   (double) (value % NM_MONEY_UNIT) / VALUE_UNIT;
}

/* count_arg returns how many samples a row stands for. */
static int64
count_arg(FunctionCallInfo fcinfo, int argno)
{
	int64 count = -1;

	if (!PG_ARGISNULL(argno))
		count = PG_GETARG_INT64(argno);
	if (unlikely(count < 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"count\" of a percentile must be a number from 0"),
				 errdetail("It says how many samples the row stands for."),
				 errhint("Pass coalesce(count, 1) where NULL is one sample.")));
	return count;
}

/* put_bounds notes a value among the lowest and highest. */
static inline void
put_bounds(NmState **state, int64 value)
{
	PercentileRecord row = {.key = BOUNDS_KEY, .count = value, .rest = value};

	/* it is there since the first row, and need not wait in the ring */
	if (nm_keyed_is_table(*state))
	{
		NmKeyedTable *table = nm_keyed_table(*state);
		bool found;
		char *slot = nm_keyed_find(table, &percentile_ops, (const char *) &row,
								   nm_keyed_hash(table, (const char *) &row,
												 percentile_ops.idsize),
								   &found);

		if (likely(found))
		{
			percentile_merge(slot, &row);
			return;
		}
	}
	nm_keyed_update(state, &percentile_ops, &row);
}

/* percentile_trans adds a row to the state; is_counted is a constant. */
static pg_attribute_always_inline Datum
percentile_trans(FunctionCallInfo fcinfo, bool is_counted)
{
	NmState *state =
		nm_keyed_transition_state(fcinfo, &percentile_ops, NM_KEY_BIGINT);
	uint32 bits = error_bits(fcinfo, is_counted ? 3 : 2);
	int64 count = 1;
	PercentileRecord row;
	int64 value;

	if (unlikely(state != NULL && state->param != bits))
		mixed_errors(state->param, bits);
	if (is_counted && !PG_ARGISNULL(1))
		count = count_arg(fcinfo, 2);
	if (unlikely(PG_ARGISNULL(1) || count == 0))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	value = fixed_point(PG_GETARG_FLOAT8(1), "value");
	row.key = bucket_key(value, bits);
	row.count = count;
	row.rest = (int64) (magnitude(value) - magnitude(row.key));
	if (is_counted && unlikely(pg_mul_s64_overflow(row.rest, count, &row.rest)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"count\" of a percentile is out of range"),
				 errdetail("So many samples of this value cannot be summed."),
				 errhint("Measure in a larger unit, such as gigabytes and not bytes.")));

	if (state == NULL)
		state = nm_keyed_begin(&percentile_ops, NM_KEY_BIGINT, bits);
	put_bounds(&state, value);
	nm_keyed_update(&state, &percentile_ops, &row);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(nm_percentile_trans);
Datum
nm_percentile_trans(PG_FUNCTION_ARGS)
{
	return percentile_trans(fcinfo, false);
}

PG_FUNCTION_INFO_V1(nm_percentile_count_trans);
Datum
nm_percentile_count_trans(PG_FUNCTION_ARGS)
{
	return percentile_trans(fcinfo, true);
}

/* Reading a state */

typedef struct PercentileReader
{
	const NmState *state;
	const PercentileRecord *buckets;
	uint32 n;
	int64 *upto; /* samples in each bucket and those before it */
	int64 samples;
	int64 lowest;
	int64 highest;
} PercentileReader;

static void
reader_begin(PercentileReader *reader, FunctionCallInfo fcinfo)
{
	const NmState *state = nm_keyed_arg(fcinfo, 0, &percentile_ops);
	const char *problem = percentile_check_param(state);

	if (problem == NULL)
		problem = bounds_problem(state);
	if (unlikely(problem != NULL))
		nm_state_damaged(problem);
	reader->state = state;
	reader->buckets = state_buckets(state);
	reader->n = state_nbuckets(state);
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

/* The samples in the buckets before one. */
static inline int64
samples_before(const PercentileReader *reader, uint32 i)
{
	return i == 0 ? 0 : reader->upto[i - 1];
}

/* bucket_sum returns the exact sum of the values of a bucket. */
static int128
bucket_sum(const PercentileRecord *bucket)
{
	int128 sum = (int128) bucket->key * bucket->count;

	return bucket->key < 0 ? sum - bucket->rest : sum + bucket->rest;
}

/*
 * The rest of a bucket's values beyond the smallest offset they may have, kept
 * within what is possible even if the state is damaged.
 */
static int128
spare_rest(const PercentileRecord *bucket, const Offsets *offsets)
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
offset_estimate(const PercentileRecord *bucket, const Offsets *offsets, int64 k)
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
	const PercentileRecord *bucket;
	Offsets offsets;
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
	offsets = bucket_offsets(reader->state, low);
	k = rank - samples_before(reader, low);
	if (bucket->key < 0)
		k = bucket->count - k + 1;
	if (offsets.width == 0)
		return in_units(bucket->key);
	size =
		(double) magnitude(bucket->key) + offset_estimate(bucket, &offsets, k);
	return (bucket->key < 0 ? -size : size) / VALUE_UNIT;
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
at_most(const PercentileRecord *bucket, const Offsets *offsets, int64 offset,
		int64 *low, int64 *high)
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
	Offsets offsets = bucket_offsets(reader->state, i);
	int64 key = reader->buckets[i].key;

	return key < 0 ? key - offsets.low : key + offsets.high;
}

/* samples_within bounds the number of samples up to a value. */
static void
samples_within(const PercentileReader *reader, int64 value, int64 *low,
			   int64 *high)
{
	const PercentileRecord *bucket;
	Offsets offsets;
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
	offsets = bucket_offsets(reader->state, i);
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
	int64 value = fixed_point(PG_GETARG_FLOAT8(1), "value");
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
	int64 threshold = fixed_point(PG_GETARG_FLOAT8(1), "threshold");
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
	values[9] = Float8GetDatum(error_of(reader.state->param));
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
		const PercentileRecord *bucket = &reader.buckets[i];
		Offsets offsets = bucket_offsets(reader.state, i);
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
