/*
 * percentile.c
 *		Percentiles: percentile_state and its aggregates.
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

#include "nm_guards.h"
#include "percentile.h"

#define MIN_ERROR 1e-6
#define MAX_ERROR 0.1
#define VALUE_LIMIT 9223372036854.0

/* bucket_key masks a value. */
static inline int64
bucket_key(int64 value, uint32 bits)
{
	uint64 size = nm_percentile_magnitude(value);
	int64 kept = (int64) (size & ~(uint64) nm_percentile_width(size, bits));

	return value < 0 ? -kept : kept;
}

static inline int64
bound_offset(int64 bound, int64 key, int64 width)
{
	uint64 offset =
		nm_percentile_magnitude(bound) - nm_percentile_magnitude(key);

	return offset > (uint64) width ? width : (int64) offset;
}

NmPercentileOffsets
nm_percentile_offsets(const NmState *state, uint32 i)
{
	const NmPercentileRecord *bounds = nm_percentile_buckets(state) - 1;
	int64 key = nm_percentile_buckets(state)[i].key;
	NmPercentileOffsets offsets;
	int64 first;
	int64 last;

	offsets.width =
		nm_percentile_width(nm_percentile_magnitude(key), state->param);
	offsets.low = 0;
	offsets.high = offsets.width;
	first = bound_offset(bounds->count, key, offsets.width);
	last = bound_offset(bounds->rest, key, offsets.width);
	if (i == 0 && key < 0)
		offsets.high = first;
	else if (i == 0)
		offsets.low = first;
	if (i == nm_percentile_nbuckets(state) - 1 && key < 0)
		offsets.low = last;
	else if (i == nm_percentile_nbuckets(state) - 1)
		offsets.high = last;
	return offsets;
}

/* What a state must be */

/* bounds_problem checks the first record against the first and last bucket. */
static const char *
bounds_problem(const NmState *state)
{
	const NmPercentileRecord *bounds = nm_percentile_buckets(state) - 1;
	const NmPercentileRecord *buckets = nm_percentile_buckets(state);

	if (state->nrecords < 2 || bounds->key != NM_PERCENTILE_BOUNDS)
		return "The lowest and highest value are missing.";
	if (bounds->count == PG_INT64_MIN || bounds->count > bounds->rest ||
		bucket_key(bounds->count, state->param) != buckets[0].key ||
		bucket_key(bounds->rest, state->param) !=
			buckets[nm_percentile_nbuckets(state) - 1].key)
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
	const NmPercentileRecord *bounds = nm_percentile_buckets(state) - 1;
	const NmPercentileRecord *bucket = &nm_percentile_buckets(state)[i];
	NmPercentileOffsets offsets = nm_percentile_offsets(state, i);
	int64 others = bucket->count;
	int128 rest = bucket->rest;

	if (i == 0)
	{
		others--;
		rest -= bound_offset(bounds->count, bucket->key, offsets.width);
	}
	/* they are two samples unless they are equal */
	if (i == nm_percentile_nbuckets(state) - 1 &&
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
	const NmPercentileRecord *rec = record;
	const NmPercentileRecord *bounds = nm_percentile_buckets(state) - 1;

	if (rec == bounds)
		return bounds_problem(state);
	if (rec->key == NM_PERCENTILE_BOUNDS ||
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
	if (state->param != NM_PERCENTILE_EXACT &&
		(state->param < NM_PERCENTILE_MIN_BITS ||
		 state->param > NM_PERCENTILE_MAX_BITS))
		return "The relative error of the state is out of range.";
	return NULL;
}

double
nm_percentile_error(uint32 bits)
{
	return bits == NM_PERCENTILE_EXACT ? 0 : ldexp(1, -(int) bits);
}

static void
mixed_errors(uint32 a, uint32 b)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot combine percentiles of different relative_error"),
			 errdetail("One part has the error %g and another %g.",
					   nm_percentile_error(a), nm_percentile_error(b)),
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
	NmPercentileRecord *into = entity;
	const NmPercentileRecord *from = row;

	if (unlikely(into->key == NM_PERCENTILE_BOUNDS))
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

const NmKeyedOps nm_percentile_ops = {
	.family = &percentile_family,
	.recsize = sizeof(NmPercentileRecord),
	.idsize = sizeof(int64),
	.merge = percentile_merge,
};

NM_KEYED_FUNCTIONS(percentile, &nm_percentile_ops);

const NmState *
nm_percentile_arg(FunctionCallInfo fcinfo, int argno)
{
	const NmState *state = nm_keyed_arg(fcinfo, argno, &nm_percentile_ops);
	const char *problem = percentile_check_param(state);

	if (problem == NULL)
		problem = bounds_problem(state);
	if (unlikely(problem != NULL))
		nm_state_damaged(problem);
	return state;
}

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
		return NM_PERCENTILE_EXACT;
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
 * The whole part is converted apart: in one product a large value would lose
 * its last digits.
 */
int64
nm_percentile_value(double value, const char *name)
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
		   (int64) rint((value - (double) whole) * NM_PERCENTILE_UNIT);
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
	NmPercentileRecord row = {.key = NM_PERCENTILE_BOUNDS,
							  .count = value,
							  .rest = value};

	/* it is there since the first row, and need not wait in the ring */
	if (nm_keyed_is_table(*state))
	{
		NmKeyedTable *table = nm_keyed_table(*state);
		bool found;
		char *slot =
			nm_keyed_find(table, &nm_percentile_ops, (const char *) &row,
						  nm_keyed_hash(table, (const char *) &row,
										nm_percentile_ops.idsize),
						  &found);

		if (likely(found))
		{
			percentile_merge(slot, &row);
			return;
		}
	}
	nm_keyed_update(state, &nm_percentile_ops, &row);
}

/* percentile_trans adds a row to the state; its flags are constants. */
static pg_attribute_always_inline Datum
percentile_trans(FunctionCallInfo fcinfo, bool is_counted, bool is_numeric)
{
	NmState *state =
		nm_keyed_transition_state(fcinfo, &nm_percentile_ops, NM_KEY_BIGINT);
	uint32 bits = error_bits(fcinfo, is_counted ? 3 : 2);
	int64 count = 1;
	NmPercentileRecord row;
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
	value = is_numeric ? nm_money_in(PG_GETARG_DATUM(1), "value")
					   : nm_percentile_value(PG_GETARG_FLOAT8(1), "value");
	row.key = bucket_key(value, bits);
	row.count = count;
	row.rest = (int64) (nm_percentile_magnitude(value) -
						nm_percentile_magnitude(row.key));
	if (is_counted && unlikely(pg_mul_s64_overflow(row.rest, count, &row.rest)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"count\" of a percentile is out of range"),
				 errdetail("So many samples of this value cannot be summed."),
				 errhint("Measure in a larger unit, such as gigabytes and not bytes.")));

	if (state == NULL)
		state = nm_keyed_begin(&nm_percentile_ops, NM_KEY_BIGINT, bits);
	put_bounds(&state, value);
	nm_keyed_update(&state, &nm_percentile_ops, &row);
	PG_RETURN_POINTER(state);
}

#define PERCENTILE_TRANS(name, is_counted, is_numeric)           \
	PG_FUNCTION_INFO_V1(name);                                   \
	Datum name(PG_FUNCTION_ARGS)                                 \
	{                                                            \
		return percentile_trans(fcinfo, is_counted, is_numeric); \
	}                                                            \
	extern int name##_no_such_object

PERCENTILE_TRANS(nm_percentile_trans_float8, false, false);
PERCENTILE_TRANS(nm_percentile_trans_numeric, false, true);
PERCENTILE_TRANS(nm_percentile_count_trans_float8, true, false);
PERCENTILE_TRANS(nm_percentile_count_trans_numeric, true, true);
