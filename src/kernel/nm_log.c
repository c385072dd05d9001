/*
 * nm_log.c
 *		The log: fixed-size records that are appended and sorted once.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "nm_dict.h"
#include "nm_log.h"

#define RADIX_BITS 11
#define RADIX_PASSES 3
#define SMALL_GROUP 16

#define GROW_FAST_FROM ((Size) 1024 * 1024)
#define GROW_FAST_TO ((Size) 32 * 1024 * 1024)

/*
 * adopt_state makes a working copy of a state that is not ours: the initial
 * condition of a user's aggregate, or its first input as the executor keeps it
 * for a STRICT function.
 */
static NmState *
adopt_state(FunctionCallInfo fcinfo, const NmFamily *family, int flags)
{
	const NmState *given = nm_state_arg(fcinfo, 0, family);

	if (given->flags != flags)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("initial state of an aggregate has another shape"),
				 errdetail("Its keys or times are of other types than the arguments of the aggregate."),
				 errhint("Use the aggregates of nudge_metrics, which need no initial state.")));
	return nm_log_merge(nm_log_begin(family, flags, given->param), given,
						family);
}

NmState *
nm_log_transition_state(FunctionCallInfo fcinfo, const NmFamily *family,
						int flags)
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
nm_log_resize(const NmState *state, int recsize, Size rec_capacity,
			  Size dict_capacity)
{
	Size size =
		add_size(NM_HEADER_SIZE,
				 add_size(mul_size(rec_capacity, recsize), dict_capacity));
	NmState *result;
	const char *old_dict =
		nm_state_records(state) + (Size) state->rec_capacity * recsize;
	char *new_dict;

	/* slack must not take a state over what a varlena can be */
	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("state is too large"),
				 errdetail("A state with its room to grow must stay below 1 GB."),
				 errhint("Group by nudge.bucket(key, n) and add up the rows of the accessors.")));
	result = palloc(size);
	nm_huge_pages(result, size);
	memcpy(result, state, NM_HEADER_SIZE);
	SET_VARSIZE(result, size);
	result->rec_capacity = rec_capacity;
	result->dict_capacity = dict_capacity;
	memcpy(nm_state_records(result), nm_state_records(state),
		   (Size) state->nrecords * recsize);
	new_dict = nm_state_records(result) + rec_capacity * recsize;
	if (dict_capacity == state->dict_capacity)
		memcpy(new_dict, old_dict, dict_capacity);
	else
		nm_dict_move(new_dict, dict_capacity, old_dict, state->dict_capacity,
					 state->nstrings);
	return result;
}

NmState *
nm_log_reserve(NmState *state, int recsize, uint32 n)
{
	Size needed = (Size) state->nrecords + n;
	Size capacity;
	Size most;
	int factor = 2;

	if (needed <= state->rec_capacity)
		return state;
	nm_state_check_size(nm_canonical_size(recsize, needed, state->nstrings,
										  state->dict_bytes));

	/*
	 * Double, or more where copies begin to cost and memory does not yet, but
	 * not beyond what a state may hold.
	 */
	if (VARSIZE(state) >= GROW_FAST_FROM && VARSIZE(state) < GROW_FAST_TO)
		factor = 4;
	most = Min(nm_state_limit(), MaxAllocSize - state->dict_capacity);
	most = (most - NM_HEADER_SIZE) / recsize;
	capacity = Max(needed, Min((Size) state->rec_capacity * factor, most));
	return nm_log_resize(state, recsize, capacity, state->dict_capacity);
}

/*
 * Sorting: one radix sort by the most significant bits of the key that matter,
 * then each group of records with equal bits is put in full order.
 */

typedef struct SortPlan
{
	const NmLayout *layout;
	int64 min_key;
	int shift; /* key bits that the passes leave out */
	int bits;  /* bits of a pass */
	int passes;
} SortPlan;

static inline uint64
sort_key(const char *rec, int64 min_key)
{
	int64 key;

	memcpy(&key, rec, sizeof(key));
	return (uint64) key - (uint64) min_key;
}

/* is_sorted also finds the smallest and largest key. */
static bool
is_sorted(const NmLayout *layout, const char *recs, uint32 n, int64 *min_key,
		  int64 *max_key)
{
	bool sorted = true;
	int64 previous = PG_INT64_MIN;

	*min_key = PG_INT64_MAX;
	*max_key = PG_INT64_MIN;
	for (uint32 i = 0; i < n; i++)
	{
		const char *rec = recs + (Size) i * layout->size;
		int64 key;

		if ((i & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		memcpy(&key, rec, sizeof(key));
		*min_key = Min(*min_key, key);
		*max_key = Max(*max_key, key);
		if (sorted &&
			(key < previous ||
			 (i > 0 && key == previous &&
			  nm_record_compare(layout, rec - layout->size, rec) > 0)))
			sorted = false;
		previous = key;
	}
	return sorted;
}

/* sort_plan decides how many passes over which bits. */
static SortPlan
sort_plan(const NmLayout *layout, uint32 n, int64 min_key, int64 max_key)
{
	SortPlan plan;
	uint64 range = (uint64) max_key - (uint64) min_key;
	int key_bits = range == 0 ? 1 : pg_leftmost_one_pos64(range) + 1;
	int sort_bits = Min(key_bits, pg_leftmost_one_pos32(n) + 3);

	sort_bits = Min(sort_bits, RADIX_BITS * RADIX_PASSES);
	plan.layout = layout;
	plan.min_key = min_key;
	plan.shift = key_bits - sort_bits;
	plan.passes = (sort_bits + RADIX_BITS - 1) / RADIX_BITS;
	plan.bits = (sort_bits + plan.passes - 1) / plan.passes;
	return plan;
}

/* radix_pass moves records from src to dst; recsize is a constant for speed. */
static pg_attribute_always_inline void
radix_pass(const SortPlan *plan, int pass, const char *src, char *dst, uint32 n,
		   int recsize)
{
	uint32 starts[1 << RADIX_BITS];
	uint32 mask = (1U << plan->bits) - 1;
	int shift = plan->shift + pass * plan->bits;
	uint32 sum = 0;

	memset(starts, 0, sizeof(starts));
	for (uint32 i = 0; i < n; i++)
		starts[(sort_key(src + (Size) i * recsize, plan->min_key) >> shift) &
			   mask]++;
	for (uint32 d = 0; d <= mask; d++)
	{
		uint32 count = starts[d];

		starts[d] = sum;
		sum += count;
	}
	CHECK_FOR_INTERRUPTS();
	for (uint32 i = 0; i < n; i++)
	{
		const char *rec = src + (Size) i * recsize;
		uint32 d = (sort_key(rec, plan->min_key) >> shift) & mask;

		memcpy(dst + (Size) starts[d]++ * recsize, rec, recsize);
	}
	CHECK_FOR_INTERRUPTS();
}

static void
radix_pass_any(const SortPlan *plan, int pass, const char *src, char *dst,
			   uint32 n)
{
	switch (plan->layout->size)
	{
		case 24:
			radix_pass(plan, pass, src, dst, n, 24);
			break;
		case 32:
			radix_pass(plan, pass, src, dst, n, 32);
			break;
		default:
			radix_pass(plan, pass, src, dst, n, plan->layout->size);
			break;
	}
}

static int
compare_records(const void *a, const void *b, void *arg)
{
	CHECK_FOR_INTERRUPTS();
	return nm_record_compare(arg, a, b);
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

		if (nm_record_compare(layout, recs + (i - 1) * size, recs + i * size) <=
			0)
			continue;
		memcpy(spare, recs + i * size, size);
		do
		{
			memcpy(recs + j * size, recs + (j - 1) * size, size);
			j--;
		} while (j > 0 &&
				 nm_record_compare(layout, recs + (j - 1) * size, spare) > 0);
		memcpy(recs + j * size, spare, size);
	}
}

/* sort_groups finishes what the radix passes left open. */
static void
sort_groups(const SortPlan *plan, char *recs, uint32 n)
{
	int size = plan->layout->size;
	char *spare = palloc(size);
	uint32 start = 0;

	while (start < n)
	{
		uint64 key =
			sort_key(recs + (Size) start * size, plan->min_key) >> plan->shift;
		uint32 end = start + 1;

		while (end < n && sort_key(recs + (Size) end * size, plan->min_key) >>
								  plan->shift ==
							  key)
			end++;
		if (end - start > 1)
			sort_group(plan->layout, recs + (Size) start * size, end - start,
					   spare);
		if ((start & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		start = end;
	}
	pfree(spare);
}

/* sort_records writes the n records of src in order to dst. */
static void
sort_records(const NmLayout *layout, const char *src, char *dst, uint32 n)
{
	int64 min_key;
	int64 max_key;
	SortPlan plan;
	Size size = (Size) n * layout->size;
	char *spare = NULL;

	if (is_sorted(layout, src, n, &min_key, &max_key))
	{
		memcpy(dst, src, size);
		return;
	}
	plan = sort_plan(layout, n, min_key, max_key);
	if (n <= SMALL_GROUP)
	{
		plan.shift = 0;
		memcpy(dst, src, size);
		sort_group(layout, dst, n, palloc(layout->size));
		return;
	}
	if (plan.passes > 1)
	{
		spare = palloc_extended(size, MCXT_ALLOC_HUGE);
		nm_huge_pages(spare, size);
	}
	for (int pass = 0; pass < plan.passes; pass++)
	{
		/* the last pass ends in dst */
		char *to = (plan.passes - pass) % 2 == 1 ? dst : spare;

		radix_pass_any(&plan, pass, src, to, n);
		src = to;
	}
	if (spare)
		pfree(spare);
	sort_groups(&plan, dst, n);
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
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED), errmsg("damaged state"),
					 errdetail("A record points outside the dictionary.")));
		if (layout->code[f] == 'k')
		{
			int64 key = map[number];

			memcpy(rec + layout->offset[f], &key, sizeof(key));
		}
		else
			memcpy(rec + layout->offset[f], &map[number], sizeof(uint32));
	}
}

NmState *
nm_log_canonical(const NmState *state, const NmFamily *family)
{
	NmLayout layout;
	NmState *result;
	uint32 n = state->nrecords;
	Size records_size;
	Size size;
	const char *src = nm_state_records(state);
	char *numbered = NULL;

	nm_layout(family, state->flags, &layout);
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
		bool key_is_string = nm_state_key_type(state) != NM_KEY_BIGINT;

		numbered = palloc_extended(records_size, MCXT_ALLOC_HUGE);
		memcpy(numbered, src, records_size);
		for (uint32 i = 0; i < n; i++)
			renumber(&layout, numbered + (Size) i * layout.size, ranks,
					 state->nstrings, key_is_string);
		src = numbered;
		pfree(ranks);
	}
	sort_records(&layout, src, nm_state_records(result), n);
	if (numbered)
		pfree(numbered);
	return result;
}

/* merge_strings adds the strings of src to *dst and returns their numbers. */
static uint32 *
merge_strings(NmState **dst, const NmState *src, int recsize)
{
	uint32 *map = palloc_extended(mul_size(src->nstrings, sizeof(uint32)),
								  MCXT_ALLOC_HUGE);
	NmStrings walk;

	nm_strings_begin(&walk, src, recsize);
	for (uint32 i = 0; i < src->nstrings; i++)
	{
		uint32 len;
		const char *data = nm_strings_next(&walk, &len);

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		map[i] = nm_dict_intern(dst, recsize, data, len);
	}
	return map;
}

NmState *
nm_log_merge(NmState *dst, const NmState *src, const NmFamily *family)
{
	NmLayout layout;
	uint32 *map = NULL;
	bool key_is_string = nm_state_key_type(src) != NM_KEY_BIGINT;
	char *to;

	nm_layout(family, src->flags, &layout);
	if (src->nstrings > 0)
		map = merge_strings(&dst, src, layout.size);
	dst = nm_log_reserve(dst, layout.size, src->nrecords);
	to = nm_state_records(dst) + (Size) dst->nrecords * layout.size;
	memcpy(to, nm_state_records(src), (Size) src->nrecords * layout.size);
	for (uint32 i = 0; i < src->nrecords; i++)
	{
		char *rec = to + (Size) i * layout.size;
		const char *problem;

		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		if (layout.has_strings)
			renumber(&layout, rec, map, src->nstrings, key_is_string);
		problem = family->check_record(src, rec);
		if (unlikely(problem != NULL))
			ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
							errmsg("damaged state"), errdetail("%s", problem)));
	}
	dst->nrecords += src->nrecords;
	if (map)
		pfree(map);
	return dst;
}
