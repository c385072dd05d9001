/*
 * nm_keyed.c
 *		The keyed store: entities that are found by identity and updated.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "utils/memutils.h"

#include "nm_dict.h"
#include "nm_keyed.h"
#include "nm_log.h"

#define KEYED_FIRST_SLOTS 32

/* growth: from how many entities on it heeds the planner, and how far it goes */
#define KEYED_LARGE 1024
#define KEYED_LONGEST_STEP 16

/* KeyedStrings: new numbers of the strings that a row refers to. */
typedef struct KeyedStrings
{
	NmLayout layout;
	bool key_is_string;
	uint32 nstrings;
	uint32 *map; /* NULL if there is nothing to renumber */
} KeyedStrings;

NmState *
nm_keyed_begin(const NmKeyedOps *ops, int flags, uint32 param)
{
	NmLayout layout;
	bool fits = false;

	nm_layout(ops->family, flags, &layout);
	for (int f = 0; f < layout.nfields; f++)
		fits |= layout.offset[f] + layout.width[f] == ops->idsize;
	fits &= layout.size == ops->recsize;
	for (int f = 0; f < layout.nfields; f++)
		fits &= layout.code[f] != 's' || layout.offset[f] < ops->idsize;
	if (!fits)
		elog(ERROR, "operations of keyed type \"%s\" do not fit its layout",
			 ops->family->type_name);
	return nm_log_begin(ops->family, flags, param);
}

/* keyed_ring_off is where the ring begins: behind the zero entity. */
static uint32
keyed_ring_off(int recsize)
{
	return (NM_KEYED_HEAD + 2 * recsize - 1) / recsize * recsize;
}

/* keyed_table_size is the size of all that makes up a table. */
static Size
keyed_table_size(Size nslots, int recsize)
{
	Size size = NM_KEYED_HEAD + (nslots + 1) * recsize;

	if (nslots >= NM_KEYED_RING_SLOTS)
		size += keyed_ring_off(recsize) - NM_KEYED_HEAD - recsize +
				NM_KEYED_RING * (sizeof(uint64) + recsize) + NM_KEYED_LINE;

	/* the place of whole records */
	return (size + recsize - 1) / recsize * recsize;
}

/*
 * keyed_slots returns how many slots hold n entities at load 3/4.  They double,
 * but to no more than the entities of the largest state need.
 */
static uint32
keyed_slots(uint64 n, int recsize, Size dict_capacity)
{
	uint64 nslots = KEYED_FIRST_SLOTS;
	uint64 most = (nm_state_limit() - NM_HEADER_SIZE) / recsize;

	while (nslots - nslots / 4 < n)
		nslots *= 2;
	nslots = Min(nslots, (most + most / 3) / 2 * 2 + 2);
	if (NM_HEADER_SIZE + dict_capacity + keyed_table_size(nslots, recsize) >
		MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("state is too large"),
				 errdetail("A state with its room to grow must stay below 1 GB."),
				 errhint("Group by nudge.bucket(key, n) and add up the rows of the accessors.")));
	return (uint32) nslots;
}

/*
 * keyed_alloc makes a working state like another, with its dictionary, but with
 * room for other records.
 */
static NmState *
keyed_alloc(const NmState *like, Size rec_capacity, int recsize)
{
	Size records = rec_capacity * recsize;
	Size size = NM_HEADER_SIZE + records + like->dict_capacity;
	NmState *state = palloc(size);

	nm_huge_pages(state, size);
	memcpy(state, like, NM_HEADER_SIZE);
	SET_VARSIZE(state, size);
	state->rec_capacity = (uint32) rec_capacity;
	memcpy(nm_state_records(state) + records,
		   nm_state_records(like) + (Size) like->rec_capacity * recsize,
		   like->dict_capacity);
	return state;
}

/* keyed_add puts a record into a table that has no such entity yet. */
static void
keyed_add(NmKeyedTable *table, const NmKeyedOps *ops, const char *rec)
{
	bool found;
	char *slot;

	if (nm_keyed_id_is_zero(rec, ops->idsize))
	{
		memcpy(nm_keyed_zero(table), rec, ops->recsize);
		table->has_zero = true;
		return;
	}
	slot = nm_keyed_find(table, ops, rec,
						 nm_keyed_hash(table, rec, ops->idsize), &found);
	memcpy(slot, rec, ops->recsize);
	table->nused++;
}

/* keyed_move_table fills a new table from an old one. */
static void
keyed_move_table(NmKeyedTable *table, NmKeyedTable *old, const NmKeyedOps *ops)
{
	/* under equal seeds both are walked once, from front to back */
	memcpy(table->seed, old->seed, sizeof(table->seed));
	table->merged = old->merged;
	table->offered = old->offered;
	for (uint32 i = 0; i < old->nslots; i++)
	{
		const char *slot = nm_keyed_slot(old, ops->recsize, i);

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (!nm_keyed_id_is_zero(slot, ops->idsize))
			keyed_add(table, ops, slot);
	}
	if (old->has_zero)
		keyed_add(table, ops, nm_keyed_zero(old));
	if (old->ring_off != 0)
	{
		table->ring_used = old->ring_used;
		memcpy(nm_keyed_ring_row(table, ops->recsize, 0),
			   nm_keyed_ring_row(old, ops->recsize, 0),
			   NM_KEYED_RING * (sizeof(uint64) + ops->recsize));
	}
}

/* keyed_new_table makes a table for n entities of a smaller state. */
static NmState *
keyed_new_table(const NmState *state, const NmKeyedOps *ops, uint64 n)
{
	int recsize = ops->recsize;
	uint32 nslots = keyed_slots(n, recsize, state->dict_capacity);
	Size size = keyed_table_size(nslots, recsize);
	NmState *result = keyed_alloc(state, size / recsize, recsize);
	NmKeyedTable *table = nm_keyed_table(result);

	result->nrecords = result->rec_capacity;
	memset(table, 0, size);
	table->nslots = nslots;
	table->slots_off = NM_KEYED_HEAD + recsize;
	if (nslots >= NM_KEYED_RING_SLOTS)
	{
		table->ring_off = keyed_ring_off(recsize);
		table->slots_off =
			table->ring_off + NM_KEYED_RING * (sizeof(uint64) + recsize);

		/* the executor's copy of a large block mostly lies alike */
		table->slots_off +=
			-(uintptr_t) nm_keyed_slot(table, recsize, 0) % NM_KEYED_LINE;
	}

	if (nm_keyed_is_table(state))
	{
		keyed_move_table(table, nm_keyed_table(state), ops);
		return result;
	}
	table->seed[0] = pg_prng_uint64(&pg_global_prng_state);
	table->seed[1] = pg_prng_uint64(&pg_global_prng_state) | 1;
	for (uint32 i = 0; i < state->nrecords; i++)
		keyed_add(table, ops, nm_state_records(state) + i * recsize);
	return result;
}

/* keyed_resize returns a copy of a working state with room for n entities. */
static NmState *
keyed_resize(const NmState *state, const NmKeyedOps *ops, uint64 n)
{
	uint32 capacity = 1;

	nm_state_check_size(nm_canonical_size(ops->recsize, (uint32) n,
										  state->nstrings, state->dict_bytes));
	if (n > NM_KEYED_LINEAR)
		return keyed_new_table(state, ops, n);
	while (capacity < n)
		capacity *= 2;
	return nm_state_resize(state, ops->recsize, capacity, state->dict_capacity);
}

/* keyed_count is the number of entities, rows in the ring left out. */
static uint32
keyed_count(const NmState *state)
{
	const NmKeyedTable *table = nm_keyed_table(state);

	if (!nm_keyed_is_table(state))
		return state->nrecords;
	return table->nused + table->has_zero;
}

NmState *
nm_keyed_grow(const NmState *state, const NmKeyedOps *ops)
{
	return keyed_resize(state, ops, (uint64) keyed_count(state) + 1);
}

void
nm_keyed_number_ring(NmState *state, const NmKeyedOps *ops)
{
	NmKeyedTable *table = nm_keyed_table(state);
	uint32 n = 0;

	nm_dict_flush(state, ops->recsize);
	for (uint32 i = 0; i < table->ring_used; i++)
	{
		const char *row = nm_keyed_ring_row(table, ops->recsize, i);

		/* only now it is known which row has an identity of zero bytes */
		if (nm_keyed_id_is_zero(row, ops->idsize))
		{
			nm_keyed_apply_zero(table, ops, row);
			continue;
		}
		if (n < i)
			memcpy(nm_keyed_ring_row(table, ops->recsize, n), row,
				   ops->recsize);
		nm_keyed_fetch(table, ops->recsize, n++,
					   nm_keyed_hash(table, row, ops->idsize));
	}
	table->ring_used = n;
}

/* keyed_reserve makes room for n entities, some of which may be there. */
static NmState *
keyed_reserve(NmState *state, const NmKeyedOps *ops, uint32 n)
{
	uint32 room = state->rec_capacity;

	if (nm_keyed_is_table(state))
		room = nm_keyed_room(nm_keyed_table(state));
	return n <= room ? state : keyed_resize(state, ops, n);
}

/*
 * keyed_foresee makes room for the states that will follow src, as far as those
 * before say.  If most of their entities were new, as with states of users or
 * of hash buckets, so may be those to come, and the table need not be moved at
 * each doubling.
 */
static NmState *
keyed_foresee(NmState *state, const NmKeyedOps *ops, const NmState *src,
			  FunctionCallInfo fcinfo)
{
	const NmKeyedTable *table = nm_keyed_table(state);
	Size dictionary =
		nm_canonical_size(0, 0, state->nstrings, state->dict_bytes);
	double most;
	double n;

	if (fcinfo == NULL || !nm_keyed_is_table(state) || table->merged == 0 ||
		table->nused < KEYED_LARGE ||
		(uint64) table->nused + keyed_count(src) <= nm_keyed_room(table) ||
		table->nused < table->offered - table->offered / 16)
		return state;
	n = nm_planned_rows(fcinfo) * table->offered / table->merged * 1.02;
	n = Min(n, (double) table->nused * KEYED_LONGEST_STEP);

	/* but not beyond what a state may hold, with slots twice as many */
	most = Min((double) nm_state_limit() - dictionary,
			   ((double) MaxAllocSize - state->dict_capacity) / 3);
	n = Min(n, most / ops->recsize - 1);
	if (n <= (double) table->nused * 2)
		return state;
	return keyed_new_table(state, ops, (uint64) n);
}

/* keyed_pack copies entities and waiting rows of a table one behind another. */
static NmState *
keyed_pack(const NmState *state, const NmKeyedOps *ops)
{
	int recsize = ops->recsize;
	NmKeyedTable *table = nm_keyed_table(state);
	NmState *result;
	char *rec;

	result = keyed_alloc(state, (Size) keyed_count(state) + table->ring_used,
						 recsize);
	result->nrecords = result->rec_capacity;
	rec = nm_state_records(result);
	for (uint32 i = 0; i < table->nslots; i++)
	{
		const char *slot = nm_keyed_slot(table, recsize, i);

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (!nm_keyed_id_is_zero(slot, ops->idsize))
		{
			memcpy(rec, slot, recsize);
			rec += recsize;
		}
	}
	if (table->has_zero)
	{
		memcpy(rec, nm_keyed_zero(table), recsize);
		rec += recsize;
	}
	if (table->ring_used > 0)
		memcpy(rec, nm_keyed_ring_row(table, recsize, 0),
			   (Size) table->ring_used * recsize);
	return result;
}

/*
 * keyed_merge_neighbours merges the entities of one identity in a canonical
 * state, where the sort has brought them together.
 */
static void
keyed_merge_neighbours(NmState *state, const NmKeyedOps *ops)
{
	int recsize = ops->recsize;
	char *records = nm_state_records(state);
	char *end = records + (Size) state->nrecords * recsize;
	char *last = records;
	Size gain;

	for (char *rec = records + recsize; rec < end; rec += recsize)
	{
		if (memcmp(last, rec, ops->idsize) == 0)
		{
			ops->merge(last, rec);
			continue;
		}
		last += recsize;
		if (last != rec)
			memcpy(last, rec, recsize);
	}

	/* the dictionary moves up */
	last += recsize;
	gain = end - last;
	memmove(last, end, (char *) state + VARSIZE(state) - end);
	SET_VARSIZE(state, VARSIZE(state) - gain);
	state->nrecords -= gain / recsize;
}

NmState *
nm_keyed_canonical(const NmState *state, const NmKeyedOps *ops)
{
	NmState *packed;
	NmState *result;

	state = nm_dict_settled(state, ops->recsize);
	if (!nm_keyed_is_table(state))
		return nm_log_canonical(state, ops->family);

	/*
	 * A state may be asked for its result more than once, so the rows in its
	 * ring stay there; they are sorted in and merged.
	 */
	packed = keyed_pack(state, ops);
	result = nm_log_canonical(packed, ops->family);
	pfree(packed);
	if (nm_keyed_table(state)->ring_used > 0)
		keyed_merge_neighbours(result, ops);
	return result;
}

static void
keyed_damaged(const char *problem)
{
	nm_state_damaged(problem);
}

/* keyed_map_strings adds the strings of src to *dst and notes their numbers. */
static void
keyed_map_strings(KeyedStrings *strings, NmState **dst, const NmState *src,
				  const NmKeyedOps *ops)
{
	strings->key_is_string = nm_state_key_type(src) != NM_KEY_BIGINT;
	strings->nstrings = src->nstrings;
	strings->map = NULL;

	/* merging a million tiny states, what they do not need is worth a test */
	if (!strings->key_is_string && strchr(ops->family->layout, 's') == NULL)
		return;
	nm_layout(ops->family, src->flags, &strings->layout);
	strings->map = nm_dict_merge(dst, src, ops->recsize, PG_UINT32_MAX, 0);
}

/* keyed_renumber changes the string numbers of a row. */
static void
keyed_renumber(const KeyedStrings *strings, char *row)
{
	const NmLayout *layout = &strings->layout;

	for (int f = 0; f < layout->nfields; f++)
	{
		bool is_key = layout->code[f] == 'k' && strings->key_is_string;
		int64 number;
		uint32 mapped;

		if (!is_key && layout->code[f] != 's')
			continue;
		number = nm_field(layout, row, f);
		if (unlikely(number < 0 || number >= strings->nstrings))
			keyed_damaged("A record points outside the dictionary.");
		mapped = strings->map[number];
		number = mapped;
		if (is_key)
			memcpy(row + layout->offset[f], &number, sizeof(number));
		else
			memcpy(row + layout->offset[f], &mapped, sizeof(mapped));
	}
}

/* keyed_merge_rows folds n rows of src, or slots of which some are free. */
static void
keyed_merge_rows(NmState **dst, const NmKeyedOps *ops, const NmState *src,
				 const KeyedStrings *strings, const char *rows, uint32 n,
				 bool slots)
{
	bool trusted = (src->flags & NM_WORKING) != 0;
	int64 row[NM_MAX_FIELDS];

	for (uint32 i = 0; i < n; i++, rows += ops->recsize)
	{
		const char *problem = NULL;

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (slots && nm_keyed_id_is_zero(rows, ops->idsize))
			continue;
		if (!trusted)
			problem = ops->family->check_record(src, rows);
		if (unlikely(problem != NULL))
			keyed_damaged(problem);
		if (strings->map == NULL)
		{
			nm_keyed_update(dst, ops, rows);
			continue;
		}
		memcpy(row, rows, ops->recsize);
		keyed_renumber(strings, (char *) row);
		nm_keyed_update(dst, ops, row);
	}
}

/* keyed_merge_zero folds in the entity whose identity is zero bytes. */
static void
keyed_merge_zero(NmState **dst, const NmKeyedOps *ops,
				 const KeyedStrings *strings, const char *zero)
{
	int64 row[NM_MAX_FIELDS];

	memcpy(row, zero, ops->recsize);
	if (strings->map != NULL)
		keyed_renumber(strings, (char *) row);
	nm_keyed_update(dst, ops, row);
}

NmState *
nm_keyed_merge(NmState *dst, const NmState *src, const NmKeyedOps *ops,
			   FunctionCallInfo fcinfo)
{
	KeyedStrings strings;

	src = nm_dict_settled(src, ops->recsize);
	keyed_map_strings(&strings, &dst, src, ops);

	/* dst will have at least as many entities as src */
	dst = keyed_reserve(dst, ops, keyed_count(src));
	dst = keyed_foresee(dst, ops, src, fcinfo);
	if (nm_keyed_is_table(dst))
	{
		nm_keyed_table(dst)->merged++;
		nm_keyed_table(dst)->offered += keyed_count(src);
	}
	if (nm_keyed_is_table(src))
	{
		NmKeyedTable *table = nm_keyed_table(src);

		keyed_merge_rows(&dst, ops, src, &strings,
						 nm_keyed_slot(table, ops->recsize, 0), table->nslots,
						 true);
		if (table->has_zero)
			keyed_merge_zero(&dst, ops, &strings, nm_keyed_zero(table));
		if (table->ring_used > 0)
			keyed_merge_rows(&dst, ops, src, &strings,
							 nm_keyed_ring_row(table, ops->recsize, 0),
							 table->ring_used, false);
	}
	else
		keyed_merge_rows(&dst, ops, src, &strings, nm_state_records(src),
						 src->nrecords, false);
	if (strings.map != NULL)
		pfree(strings.map);
	return dst;
}

/* SQL-callable functions: as in nm_state.c, but for a keyed store */

/* keyed_problem looks for a second entity of one identity. */
static const char *
keyed_problem(const NmState *state, const NmKeyedOps *ops)
{
	const char *rec = nm_state_records(state);

	for (uint32 i = 1; i < state->nrecords; i++, rec += ops->recsize)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (memcmp(rec, rec + ops->recsize, ops->idsize) == 0)
			return "The state has two records of one entity.";
	}
	return NULL;
}

Datum
nm_keyed_in(FunctionCallInfo fcinfo, const NmKeyedOps *ops)
{
	NmState *state =
		(NmState *) DatumGetPointer(nm_state_in(fcinfo, ops->family));
	const char *problem = state ? keyed_problem(state, ops) : NULL;

	if (problem)
		NM_INPUT_ERROR(fcinfo,
					   (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid input for type %s",
							   ops->family->type_name),
						errdetail("%s", problem),
						errhint("A state is made by its aggregate, not by hand.")));
	PG_RETURN_POINTER(state);
}

Datum
nm_keyed_recv(FunctionCallInfo fcinfo, const NmKeyedOps *ops)
{
	NmState *state =
		(NmState *) DatumGetPointer(nm_state_recv(fcinfo, ops->family));
	const char *problem = keyed_problem(state, ops);

	if (problem)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary input for type %s",
						ops->family->type_name),
				 errdetail("%s", problem),
				 errhint("A state is made by its aggregate, not by hand.")));
	PG_RETURN_POINTER(state);
}

const NmState *
nm_keyed_arg(FunctionCallInfo fcinfo, int argno, const NmKeyedOps *ops)
{
	const NmState *state =
		(const NmState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(argno));

	nm_state_check_header(state, ops->family);
	if (state->flags & NM_WORKING)
		state = nm_keyed_canonical(state, ops);
	return state;
}

Datum
nm_keyed_out(FunctionCallInfo fcinfo, const NmKeyedOps *ops)
{
	PG_RETURN_CSTRING(nm_state_text(nm_keyed_arg(fcinfo, 0, ops), ops->family));
}

Datum
nm_keyed_send(FunctionCallInfo fcinfo, const NmKeyedOps *ops)
{
	PG_RETURN_BYTEA_P(nm_state_binary(nm_keyed_arg(fcinfo, 0, ops),
									  ops->family));
}

Datum
nm_keyed_final(FunctionCallInfo fcinfo, const NmKeyedOps *ops)
{
	const NmState *state;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (const NmState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
	nm_state_check_header(state, ops->family);
	if (!(state->flags & NM_WORKING))
		PG_RETURN_POINTER(state);

	/* as in nm_log_final */
	if (AggCheckCallContext(fcinfo, NULL))
		nm_dict_flush((NmState *) state, ops->recsize);
	PG_RETURN_POINTER(nm_keyed_canonical(state, ops));
}

/* combine_into merges src into dst, which is NULL before the first state. */
static NmState *
combine_into(NmState *dst, const NmState *src, const NmKeyedOps *ops,
			 FunctionCallInfo fcinfo)
{
	if (dst == NULL)
		dst = nm_keyed_begin(ops, src->flags & ~NM_WORKING, src->param);
	else
		nm_state_check_alike(dst, src);
	nm_state_combine_param(dst, src, ops->family);
	return nm_keyed_merge(dst, src, ops, fcinfo);
}

NmState *
nm_keyed_first_state(FunctionCallInfo fcinfo, const NmKeyedOps *ops, int flags)
{
	struct varlena *first = (struct varlena *) PG_GETARG_POINTER(0);
	const NmState *given;

	/* as in nm_log_transition_state, which also raises where that is due */
	if (likely(PG_ARGISNULL(0) ||
			   (!VARATT_IS_EXTENDED(first) &&
				((NmState *) first)->flags == (flags | NM_WORKING))) ||
		!AggCheckCallContext(fcinfo, NULL))
		return nm_log_transition_state(fcinfo, ops->family, flags);
	given = nm_keyed_arg(fcinfo, 0, ops);
	if (given->flags != flags)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("initial state of an aggregate has another shape"),
				 errdetail("Its keys or times are of other types than the arguments of the aggregate."),
				 errhint("Use the aggregates of nudge_metrics, which need no initial state.")));
	return combine_into(NULL, given, ops, NULL);
}

/*
 * nm_keyed_combine is the combine function of the aggregates, where argument 0
 * is ours to change, and the scalar combine(a, b), where it is not.
 */
Datum
nm_keyed_combine(FunctionCallInfo fcinfo, const NmKeyedOps *ops)
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
	/* as in nm_log_combine */
	if (in_aggregate && PG_ARGISNULL(0))
		PG_RETURN_DATUM(PG_GETARG_DATUM(1));
	if (!PG_ARGISNULL(0))
	{
		struct varlena *first = (struct varlena *) PG_GETARG_POINTER(0);

		if (in_aggregate && !VARATT_IS_EXTENDED(first) &&
			(((NmState *) first)->flags & NM_WORKING))
			dst = (NmState *) first;
		else
			dst = combine_into(NULL, nm_keyed_arg(fcinfo, 0, ops), ops, fcinfo);
	}
	if (!PG_ARGISNULL(1))
	{
		src = (const NmState *) PG_DETOAST_DATUM(PG_GETARG_DATUM(1));
		nm_state_check_header(src, ops->family);
		dst = combine_into(dst, src, ops, fcinfo);
	}
	if (!in_aggregate)
		dst = nm_keyed_canonical(dst, ops);
	PG_RETURN_POINTER(dst);
}
