/*
 * nm_log.c
 *		The log: fixed-size records that are appended and sorted once, and the
 *		functions of the state types that are logs.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/plannodes.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "nm_dict.h"
#include "nm_log.h"

#define RADIX_BITS 11
#define SMALL_GROUP 16
#define CACHE_BUCKET 16384 /* records */
#define DEAL_FROM 512      /* records that differ in little */

/* growth: from how many records on it heeds the planner, and how far it goes */
#define SMALL_LOG 32
#define SMALL_STEP 4
#define LARGE_LOG 65536
#define LONGEST_STEP 8

/* begin_like makes a new working state with the param of another. */
static NmState *
begin_like(const NmState *state, const NmFamily *family, int flags)
{
	int recsize = nm_record_size(family, flags);
	uint32 len;
	const char *data;

	if (!family->param_is_string)
		return nm_log_begin(family, flags, state->param);
	if (state->param >= state->nstrings)
		nm_state_damaged("The header points outside the dictionary.");
	data = nm_string(state, recsize, state->param, &len);
	return nm_log_begin_string(family, flags, data, len);
}

/* check_param_string compares the params of two states where they are strings. */
static void
check_param_string(NmState *dst, const NmState *src, const NmFamily *family)
{
	int recsize = nm_record_size(family, src->flags);
	uint32 dst_len;
	uint32 src_len;
	const char *dst_data;
	const char *src_data;

	if (src->param >= src->nstrings)
		nm_state_damaged("The header points outside the dictionary.");
	dst_data = nm_string(dst, recsize, dst->param, &dst_len);
	src_data = nm_string(src, recsize, src->param, &src_len);
	if (dst_len != src_len || memcmp(dst_data, src_data, src_len) != 0)
		family->combine_param(dst, src);
}

/*
 * adopt_state makes a working copy of a state that is not ours: the initial
 * condition of a user's aggregate, or its first input as the executor keeps it
 * for a STRICT function.
 */
static NmState *
adopt_state(FunctionCallInfo fcinfo, const NmFamily *family, int flags)
{
	const NmState *given = nm_log_arg(fcinfo, 0, family);

	if (given->flags != flags)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("initial state of an aggregate has another shape"),
				 errdetail("Its keys or times are of other types than the arguments of the aggregate."),
				 errhint("Use the aggregates of nudge_metrics, which need no initial state.")));
	return nm_log_merge(begin_like(given, family, flags), given, family, NULL);
}

NmState *
nm_log_first_state(FunctionCallInfo fcinfo, const NmFamily *family, int flags)
{
	struct varlena *state;

	if (!AggCheckCallContext(fcinfo, NULL))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("transition function called outside an aggregate"),
				 errdetail("It changes its first argument in place."),
				 errhint("Use the aggregate itself, or combine() to merge two states.")));
	if (PG_ARGISNULL(0))
		return NULL;
	state = (struct varlena *) PG_GETARG_POINTER(0);
	if (unlikely(VARATT_IS_EXTENDED(state) ||
				 ((NmState *) state)->flags != (flags | NM_WORKING)))
		return adopt_state(fcinfo, family, flags);
	return (NmState *) state;
}

NmState *
nm_log_begin(const NmFamily *family, int flags, uint32 param)
{
	Size size = NM_HEADER_SIZE + nm_record_size(family, flags);
	NmState *state = palloc(size);

	memset(state, 0, NM_HEADER_SIZE);
	SET_VARSIZE(state, size);
	state->magic = NM_MAGIC;
	state->kind = family->kind;
	state->version = family->version;
	state->flags = flags | NM_WORKING;
	state->param = param;
	state->rec_capacity = 1;
	return state;
}

NmState *
nm_log_begin_string(const NmFamily *family, int flags, const char *data,
					uint32 len)
{
	NmState *state = nm_log_begin(family, flags, 0);

	state->param =
		nm_dict_intern(&state, nm_record_size(family, flags), data, len);
	return state;
}

double
nm_planned_rows(FunctionCallInfo fcinfo)
{
	const AggState *agg;
	const Agg *plan;

	if (fcinfo == NULL || fcinfo->context == NULL ||
		!IsA(fcinfo->context, AggState))
		return 0;
	agg = (const AggState *) fcinfo->context;
	plan = (const Agg *) agg->ss.ps.plan;
	if (outerPlan(plan) == NULL)
		return 0;
	return outerPlan(plan)->plan_rows / Max(1, plan->numGroups);
}

NmState *
nm_log_reserve(NmState *state, int recsize, uint32 n, FunctionCallInfo fcinfo,
			   double per_row)
{
	Size needed = (Size) state->nrecords + n;
	Size capacity;
	Size most;

	if (needed <= state->rec_capacity)
		return state;
	nm_state_check_size(nm_canonical_size(recsize, needed, state->nstrings,
										  state->dict_bytes));

	/*
	 * Double.  Each growth is copied once more by the executor, into pages
	 * that are new to the process, and leaves a chunk behind that is too small
	 * for the next, so all but the smallest go in longer steps towards what the
	 * planner expects, and end there.  The planner may be far off, so the
	 * length of a step has a bound.
	 */
	capacity = (Size) state->rec_capacity * 2;
	if (capacity >= SMALL_LOG)
	{
		double expected = nm_planned_rows(fcinfo) * per_row * 1.02;
		int longest = capacity >= LARGE_LOG ? LONGEST_STEP : SMALL_STEP;

		if (expected > capacity)
			capacity = (Size) Min(expected, capacity * longest);
		else if (expected >= needed)
			capacity = (Size) expected;
	}

	/* but not beyond what a state may hold */
	most = Min(nm_state_limit(), MaxAllocSize - state->dict_capacity);
	most = (most - NM_HEADER_SIZE) / recsize;
	capacity = Max(needed, Min(capacity, most));
	return nm_state_resize(state, recsize, capacity, state->dict_capacity);
}

/*
 * Sorting: records are dealt into buckets by the leading bits of their keys,
 * then each bucket, which fits the processor's cache, is put in order in the
 * same way.  Many records of one key are dealt by their time likewise, and
 * what is left at the end is put in order by comparison.
 */

/* SortField: the key, or the time behind it where that has 8 bytes. */
typedef struct SortField
{
	const NmLayout *layout;
	int offset;
} SortField;

#define TIME_OFFSET 8

static inline int64
field_value(const SortField *field, const char *rec)
{
	int64 value;

	memcpy(&value, rec + field->offset, sizeof(value));
	return value;
}

/* by_time tells whether records that are equal in a field can go by time. */
static inline bool
by_time(const SortField *field, uint32 n)
{
	return n > DEAL_FROM && field->offset == 0 && field->layout->nfields > 1 &&
		   field->layout->width[1] == sizeof(int64);
}

/* compare_fast compares as nm_record_compare does. */
static inline int
compare_fast(const NmLayout *layout, const char *a, const char *b)
{
	int64 x;
	int64 y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	if (x == y && layout->nfields > 1 && layout->width[1] == sizeof(int64))
	{
		memcpy(&x, a + TIME_OFFSET, sizeof(x));
		memcpy(&y, b + TIME_OFFSET, sizeof(y));
	}
	if (x != y)
		return x < y ? -1 : 1;
	return nm_record_compare(layout, a, b);
}

/* is_sorted also finds the smallest and largest value of a field. */
static bool
is_sorted(const SortField *field, const char *recs, uint32 n, int64 *min_value,
		  int64 *max_value)
{
	const NmLayout *layout = field->layout;
	bool sorted = true;
	int64 previous = PG_INT64_MIN;

	*min_value = PG_INT64_MAX;
	*max_value = PG_INT64_MIN;
	for (uint32 i = 0; i < n; i++)
	{
		const char *rec = recs + (Size) i * layout->size;
		int64 value = field_value(field, rec);

		if ((i & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		*min_value = Min(*min_value, value);
		*max_value = Max(*max_value, value);
		if (sorted && (value < previous ||
					   (i > 0 && value == previous &&
						compare_fast(layout, rec - layout->size, rec) > 0)))
			sorted = false;
		previous = value;
	}
	return sorted;
}

static int
compare_records(const void *a, const void *b, void *arg)
{
	CHECK_FOR_INTERRUPTS();
	return compare_fast(arg, a, b);
}

/* sort_group puts few records in order by insertion, many by quicksort. */
static void
sort_group(const NmLayout *layout, char *recs, uint32 n, char *spare)
{
	int size = layout->size;

	if (n > SMALL_GROUP)
	{
		qsort_arg(recs, n, size, compare_records, (void *) layout);
		return;
	}
	for (uint32 i = 1; i < n; i++)
	{
		uint32 j = i;

		if (compare_fast(layout, recs + (i - 1) * size, recs + i * size) <= 0)
			continue;
		memcpy(spare, recs + i * size, size);
		do
		{
			memcpy(recs + j * size, recs + (j - 1) * size, size);
			j--;
		} while (j > 0 &&
				 compare_fast(layout, recs + (j - 1) * size, spare) > 0);
		memcpy(recs + j * size, spare, size);
	}
}

/* SortDigit: which bits of (value - min_value) a deal looks at. */
typedef struct SortDigit
{
	int offset; /* of the field */
	int64 min_value;
	int shift;
	int bits;
} SortDigit;

static inline uint64
digits_of(const SortDigit *digit, const char *rec)
{
	int64 value;

	memcpy(&value, rec + digit->offset, sizeof(value));
	return ((uint64) value - (uint64) digit->min_value) >> digit->shift;
}

/*
 * deal moves the records of src to dst in the order of a digit; ends[d] gets
 * the end of bucket d.  recsize is a constant for speed.
 */
static pg_attribute_always_inline void
deal(const SortDigit *digit, const char *src, char *dst, uint32 n, uint32 *ends,
	 int recsize)
{
	SortDigit d = *digit;
	uint32 mask = (1U << d.bits) - 1;
	uint32 sum = 0;

	memset(ends, 0, sizeof(uint32) << d.bits);
	for (uint32 i = 0; i < n; i++)
		ends[digits_of(&d, src + (Size) i * recsize) & mask]++;
	for (uint32 b = 0; b <= mask; b++)
	{
		uint32 count = ends[b];

		ends[b] = sum;
		sum += count;
	}
	CHECK_FOR_INTERRUPTS();
	for (uint32 i = 0; i < n; i++)
	{
		const char *rec = src + (Size) i * recsize;
		uint32 b = digits_of(&d, rec) & mask;

		memcpy(dst + (Size) ends[b]++ * recsize, rec, recsize);
	}
	CHECK_FOR_INTERRUPTS();
}

static void
deal_any(const SortDigit *digit, const char *src, char *dst, uint32 n,
		 uint32 *ends, int recsize)
{
	switch (recsize)
	{
		case 24:
			deal(digit, src, dst, n, ends, 24);
			break;
		case 32:
			deal(digit, src, dst, n, ends, 32);
			break;
		default:
			deal(digit, src, dst, n, ends, recsize);
			break;
	}
}

static void sort_records(const SortField *field, const char *src, char *dst,
						 uint32 n, char *unneeded);

/* sort_again puts records in order by a field from the beginning. */
static void
sort_again(const SortField *field, char *recs, uint32 n)
{
	Size size = (Size) n * field->layout->size;
	char *copy = palloc_extended(size, MCXT_ALLOC_HUGE);

	memcpy(copy, recs, size);
	sort_records(field, copy, recs, n, copy);
}

/*
 * sort_equals puts records in order that are equal in a field.  spare has room
 * for one.
 */
static void
sort_equals(const SortField *field, char *recs, uint32 n, char *spare)
{
	SortField time = {field->layout, TIME_OFFSET};

	if (by_time(field, n))
		sort_again(&time, recs, n);
	else
		sort_group(field->layout, recs, n, spare);
}

/*
 * sort_bucket puts records in order that differ in the lowest `open` bits of
 * (value - min_value) only.  spare has room for n records, or for CACHE_BUCKET.
 */
static void
sort_bucket(const SortField *field, int64 min_value, int open, char *recs,
			uint32 n, char *spare)
{
	uint32 ends[1 << RADIX_BITS];
	SortDigit digit = {.offset = field->offset, .min_value = min_value};
	uint32 start = 0;
	int size = field->layout->size;

	if (n <= SMALL_GROUP)
	{
		sort_group(field->layout, recs, n, spare);
		return;
	}
	if (open == 0)
	{
		sort_equals(field, recs, n, spare);
		return;
	}
	if (n > CACHE_BUCKET)
	{
		/* values are far from even: begin again with those of the bucket */
		sort_again(field, recs, n);
		return;
	}
	digit.bits = Min(Min(open, RADIX_BITS), pg_leftmost_one_pos32(n) + 2);
	digit.shift = open - digit.bits;
	deal_any(&digit, recs, spare, n, ends, size);
	memcpy(recs, spare, (Size) n * size);
	while (start < n)
	{
		uint64 value = digits_of(&digit, recs + (Size) start * size);
		uint32 end = start + 1;

		while (end < n && digits_of(&digit, recs + (Size) end * size) == value)
			end++;
		if (end - start > DEAL_FROM)
			sort_bucket(field, min_value, digit.shift,
						recs + (Size) start * size, end - start, spare);
		else if (end - start > 1)
			sort_group(field->layout, recs + (Size) start * size, end - start,
					   spare);
		start = end;
	}
}

/*
 * sort_records writes the n records of src in order to dst, and frees what is
 * no longer needed as soon as they are there, or NULL.
 */
static void
sort_records(const SortField *field, const char *src, char *dst, uint32 n,
			 char *unneeded)
{
	uint32 ends[1 << RADIX_BITS];
	SortDigit digit = {.offset = field->offset};
	int size = field->layout->size;
	int64 max_value;
	uint64 range;
	int value_bits;
	uint32 start = 0;
	char *spare;
	bool sorted = is_sorted(field, src, n, &digit.min_value, &max_value);

	range = (uint64) max_value - (uint64) digit.min_value;
	if (sorted || n <= SMALL_GROUP || range == 0)
	{
		memcpy(dst, src, (Size) n * size);
		if (unneeded)
			pfree(unneeded);
		if (!sorted)
		{
			spare = palloc(size);
			sort_equals(field, dst, n, spare);
			pfree(spare);
		}
		return;
	}
	value_bits = pg_leftmost_one_pos64(range) + 1;
	digit.bits = Min(Min(value_bits, RADIX_BITS), pg_leftmost_one_pos32(n));
	digit.shift = value_bits - digit.bits;
	deal_any(&digit, src, dst, n, ends, size);
	if (unneeded)
		pfree(unneeded);
	spare = palloc((Size) Min(n, CACHE_BUCKET) * size);
	for (uint32 b = 0; b < 1U << digit.bits; b++)
	{
		if (ends[b] - start > 1)
			sort_bucket(field, digit.min_value, digit.shift,
						dst + (Size) start * size, ends[b] - start, spare);
		start = ends[b];
	}
	pfree(spare);
}

/* renumber replaces string numbers in a record by what map says. */
static inline void
renumber(const NmLayout *layout, char *rec, const uint32 *map, uint32 nstrings,
		 bool key_is_string)
{
	for (int f = 0; f < layout->nfields; f++)
	{
		int64 number;

		if (!(layout->code[f] == 's' ||
			  (layout->code[f] == 'k' && key_is_string)))
			continue;
		number = nm_field(layout, rec, f);
		if (number < 0 || number >= nstrings)
			nm_state_damaged("A record points outside the dictionary.");
		if (layout->code[f] == 'k')
		{
			int64 key = map[number];

			memcpy(rec + layout->offset[f], &key, sizeof(key));
		}
		else
			memcpy(rec + layout->offset[f], &map[number], sizeof(uint32));
	}
}

/* is_identity tells whether all numbers stay what they are. */
static bool
is_identity(const uint32 *map, uint32 n)
{
	for (uint32 i = 0; i < n; i++)
		if (map[i] != i)
			return false;
	return true;
}

/* renumber_copy returns the records of a state with other string numbers. */
static char *
renumber_copy(const NmState *state, const NmLayout *layout, const uint32 *map)
{
	Size size = (Size) state->nrecords * layout->size;
	bool key_is_string = nm_state_key_type(state) != NM_KEY_BIGINT;
	char *copy = palloc_extended(size, MCXT_ALLOC_HUGE);
	char *rec = copy;

	nm_huge_pages(copy, size);
	memcpy(copy, nm_state_records(state), size);
	for (uint32 i = 0; i < state->nrecords; i++, rec += layout->size)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		renumber(layout, rec, map, state->nstrings, key_is_string);
	}
	return copy;
}

NmState *
nm_log_canonical(const NmState *state, const NmFamily *family)
{
	NmLayout layout;
	SortField by_key = {&layout, 0};
	NmState *result;
	uint32 n = state->nrecords;
	Size records_size;
	Size size;
	const char *src;
	char *numbered = NULL;

	nm_layout(family, state->flags, &layout);

	/* the state stays what it is: it may be a value that SQL can see */
	state = nm_dict_settled(state, layout.size);
	src = nm_state_records(state);
	records_size = (Size) n * layout.size;
	size =
		nm_canonical_size(layout.size, n, state->nstrings, state->dict_bytes);
	nm_state_check_size(size);
	result = palloc(size);
	nm_huge_pages(result, size);
	memcpy(result, state, NM_HEADER_SIZE);
	SET_VARSIZE(result, size);
	result->flags &= ~NM_WORKING;
	result->rec_capacity = 0;
	result->dict_capacity = 0;
	if (state->nstrings > 0)
	{
		uint32 *ranks =
			nm_dict_canonical(state, layout.size,
							  nm_state_records(result) + records_size);

		if (!is_identity(ranks, state->nstrings))
			src = numbered = renumber_copy(state, &layout, ranks);
		if (family->param_is_string)
			result->param = ranks[state->param];
		pfree(ranks);
	}
	sort_records(&by_key, src, nm_state_records(result), n, numbered);
	return result;
}

/* MergeRate: how many states a combine function has merged, of which size. */
typedef struct MergeRate
{
	double states;
	double records;
} MergeRate;

/* records_per_state notes another state; how large they are on average. */
static double
records_per_state(FunctionCallInfo fcinfo, uint32 n)
{
	MergeRate *rate;

	if (fcinfo == NULL || fcinfo->flinfo == NULL)
		return n;
	rate = fcinfo->flinfo->fn_extra;
	if (rate == NULL)
		rate = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(MergeRate));
	rate->states++;
	rate->records += n;
	return rate->records / rate->states;
}

NmState *
nm_log_merge(NmState *dst, const NmState *src, const NmFamily *family,
			 FunctionCallInfo fcinfo)
{
	NmLayout layout;
	uint32 *map = NULL;
	int recsize = nm_record_size(family, src->flags);
	bool key_is_string = nm_state_key_type(src) != NM_KEY_BIGINT;
	bool has_strings = key_is_string || strchr(family->layout, 's') != NULL;
	char *to;

	/* merging a million tiny states, what they do not need is worth a test */
	if (has_strings)
		nm_layout(family, src->flags, &layout);
	src = nm_dict_settled(src, recsize);
	if (src->nstrings > 0)
		map =
			nm_dict_merge(&dst, src, recsize,
						  family->param_is_string ? src->param : PG_UINT32_MAX,
						  dst->param);
	dst = nm_log_reserve(dst, recsize, src->nrecords, fcinfo,
						 records_per_state(fcinfo, src->nrecords));
	to = nm_state_records(dst) + (Size) dst->nrecords * recsize;
	memcpy(to, nm_state_records(src), (Size) src->nrecords * recsize);
	for (uint32 i = 0; i < src->nrecords; i++)
	{
		char *rec = to + (Size) i * recsize;
		const char *problem;

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (has_strings)
			renumber(&layout, rec, map, src->nstrings, key_is_string);
		problem = family->check_record(src, rec);
		if (unlikely(problem != NULL))
			nm_state_damaged(problem);
	}
	dst->nrecords += src->nrecords;
	if (map)
		pfree(map);
	return dst;
}

/* Bodies of the SQL-callable functions of a type */

const NmState *
nm_log_arg(FunctionCallInfo fcinfo, int argno, const NmFamily *family)
{
	const NmState *state =
		(const NmState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(argno));

	nm_state_check_header(state, family);
	if (state->flags & NM_WORKING)
		state = nm_log_canonical(state, family);
	return state;
}

Datum
nm_log_out(FunctionCallInfo fcinfo, const NmFamily *family)
{
	PG_RETURN_CSTRING(nm_state_text(nm_log_arg(fcinfo, 0, family), family));
}

Datum
nm_log_send(FunctionCallInfo fcinfo, const NmFamily *family)
{
	PG_RETURN_BYTEA_P(nm_state_binary(nm_log_arg(fcinfo, 0, family), family));
}

Datum
nm_log_final(FunctionCallInfo fcinfo, const NmFamily *family)
{
	const NmState *state;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (const NmState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	nm_state_check_header(state, family);
	if (!(state->flags & NM_WORKING))
		PG_RETURN_POINTER(state);

	/* in an aggregate the state is ours, and this takes no room */
	if (AggCheckCallContext(fcinfo, NULL))
		nm_dict_flush((NmState *) state, nm_record_size(family, state->flags));
	PG_RETURN_POINTER(nm_log_canonical(state, family));
}

/* combine_into adds src to dst, which is NULL before the first state. */
static NmState *
combine_into(NmState *dst, const NmState *src, const NmFamily *family,
			 FunctionCallInfo fcinfo)
{
	if (dst == NULL)
		dst = begin_like(src, family, src->flags & ~NM_WORKING);
	else
		nm_state_check_alike(dst, src);
	if (!family->param_is_string)
		nm_state_combine_param(dst, src, family);
	else
		check_param_string(dst, src, family);
	return nm_log_merge(dst, src, family, fcinfo);
}

/*
 * nm_log_combine is the combine function of the aggregates, where argument 0
 * is ours to change, and the scalar combine(a, b), where it is not.
 */
Datum
nm_log_combine(FunctionCallInfo fcinfo, const NmFamily *family)
{
	bool in_aggregate = AggCheckCallContext(fcinfo, NULL) != 0;
	NmState *dst = NULL;
	const NmState *src;

	if (PG_ARGISNULL(1) && (PG_ARGISNULL(0) || in_aggregate))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}

	/*
	 * A first state is kept as it is, even as the pointer to where it is
	 * stored: if no other follows, it is read once and never taken apart.
	 */
	if (in_aggregate && PG_ARGISNULL(0))
		PG_RETURN_DATUM(PG_GETARG_DATUM(1));
	if (!PG_ARGISNULL(0))
	{
		struct varlena *first = (struct varlena *) PG_GETARG_POINTER(0);

		/*
		 * What an aggregate carries is a working state of ours, or a first state
		 * as it was given: the one above, or the first input of a user's
		 * aggregate over a STRICT wrapper, short or toasted.
		 */
		if (in_aggregate && !VARATT_IS_EXTENDED(first) &&
			(((NmState *) first)->flags & NM_WORKING))
			dst = (NmState *) first;
		else
			dst = combine_into(NULL, nm_log_arg(fcinfo, 0, family), family,
							   fcinfo);
	}
	if (!PG_ARGISNULL(1))
	{
		src = (const NmState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(1));
		nm_state_check_header(src, family);
		dst = combine_into(dst, src, family, fcinfo);
	}
	if (!in_aggregate)
		dst = nm_log_canonical(dst, family);
	PG_RETURN_POINTER(dst);
}
