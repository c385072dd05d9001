/*
 * nm_dict.c
 *		The dictionary: strings of a working state, numbered as they come.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "nm_dict.h"

/*----------
 * A working dictionary lies behind the working records:
 *
 *		NmDict | slots[nslots] | ring, if there are many slots | entries
 *
 * Entries follow each other in the order of their numbers.  Slots are an open
 * addressing table over them, at most 3/4 full.
 *
 * In a large dictionary a key costs two reads of memory that is not in the
 * cache: the slot, then the entry.  So keys of records wait in the ring while
 * their slots are fetched; when it is full, the entries are fetched all at once
 * and the records get the numbers.  Slots and space for what waits are kept
 * free, so that the ring can be emptied at any time without growth.
 *----------
 */
typedef struct NmDict
{
	uint64 seed;   /* differs, so that keys cannot be chosen to collide */
	uint32 nslots; /* a power of 2 */
	uint32 used;   /* bytes of entries */
} NmDict;

typedef struct NmSlot
{
	uint32 hash;
	uint32 position; /* of the entry, plus 1; 0 is a free slot */
} NmSlot;

typedef struct NmEntry
{
	uint32 number;
	uint32 len;
	/* the bytes follow, padded to 4 */
} NmEntry;

/* NmPending: a key that waits for its number, and the record that it is of. */
typedef struct NmPending
{
	uint32 hash;
	uint32 record;
	uint32 len;
	char data[36];
} NmPending;

#define RING_SIZE 32
#define RING_FROM_SLOTS 4096

typedef struct NmDictRing
{
	uint32 used;
	NmPending keys[RING_SIZE];
} NmDictRing;

#define ENTRY_SIZE(len) (sizeof(NmEntry) + (((Size) (len) + 3) & ~(Size) 3))

static inline char *
state_dict(const NmState *state, int recsize)
{
	return nm_state_records(state) + (Size) state->rec_capacity * recsize;
}

static inline NmSlot *
dict_slots(const NmDict *dict)
{
	return (NmSlot *) ((char *) dict + sizeof(NmDict));
}

/* fixed_size returns what a dictionary takes beside its entries. */
static inline Size
fixed_size(uint32 nslots)
{
	return sizeof(NmDict) + (Size) nslots * sizeof(NmSlot) +
		   (nslots >= RING_FROM_SLOTS ? sizeof(NmDictRing) : 0);
}

/* most_strings returns how many strings so many slots may hold. */
static inline uint32
most_strings(uint32 nslots)
{
	return nslots - nslots / 4 - (nslots >= RING_FROM_SLOTS ? RING_SIZE : 0) -
		   (nslots < 4 ? 1 : 0);
}

static inline NmDictRing *
dict_ring(const NmDict *dict)
{
	if (dict->nslots < RING_FROM_SLOTS)
		return NULL;
	return (NmDictRing *) (dict_slots(dict) + dict->nslots);
}

static inline char *
dict_entries(const NmDict *dict)
{
	return (char *) dict + fixed_size(dict->nslots);
}

static inline uint32
dict_hash(const NmDict *dict, const char *data, uint32 len)
{
	return (uint32) hash_bytes_extended((const unsigned char *) data, len,
										dict->seed);
}

/* slot_put enters a position into a table that has a free slot. */
static void
slot_put(NmSlot *slots, uint32 nslots, uint32 hash, uint32 position)
{
	uint32 i = hash & (nslots - 1);
	uint32 steps = 0;

	while (slots[i].position != 0)
	{
		i = (i + 1) & (nslots - 1);
		if (unlikely((++steps & 0xFF) == 0))
			CHECK_FOR_INTERRUPTS();
	}
	slots[i].hash = hash;
	slots[i].position = position;
}

/* first_size returns what a dictionary of one string takes. */
static Size
first_size(uint32 len)
{
	return sizeof(NmDict) + 2 * sizeof(NmSlot) + ENTRY_SIZE(len);
}

/* slots_for returns how many slots a dictionary of this capacity gets. */
static uint32
slots_for(uint32 capacity, uint32 nstrings)
{
	uint32 nslots = 2;

	/* about a third of the space, and room for one more */
	while ((Size) nslots * 2 * sizeof(NmSlot) <= capacity / 3 ||
		   nstrings >= most_strings(nslots))
		nslots *= 2;
	return nslots;
}

/* dict_move moves a dictionary into a larger one, or makes the first. */
static void
dict_move(char *dst, uint32 dst_capacity, const char *src, uint32 src_capacity,
		  uint32 nstrings)
{
	NmDict *to = (NmDict *) dst;
	const NmDict *from = (const NmDict *) src;

	to->nslots = slots_for(dst_capacity, nstrings);
	to->used = 0;
	memset(dict_slots(to), 0, (Size) to->nslots * sizeof(NmSlot));
	if (dict_ring(to))
		memset(dict_ring(to), 0, sizeof(NmDictRing));
	if (src_capacity == 0)
	{
		to->seed = pg_prng_uint64(&pg_global_prng_state);
		return;
	}
	to->seed = from->seed;
	to->used = from->used;
	Assert(dict_entries(to) + to->used <= dst + dst_capacity);
	memcpy(dict_entries(to), dict_entries(from), from->used);
	for (uint32 i = 0; i < from->nslots; i++)
	{
		const NmSlot *slot = dict_slots(from) + i;

		if (slot->position != 0)
			slot_put(dict_slots(to), to->nslots, slot->hash, slot->position);
	}
}

/* dict_find returns the number of a string in *number, if it is there. */
static bool
dict_find(const NmDict *dict, uint32 hash, const char *data, uint32 len,
		  uint32 *number)
{
	const NmSlot *slots = dict_slots(dict);
	const char *entries = dict_entries(dict);
	uint32 i = hash & (dict->nslots - 1);
	uint32 steps = 0;

	while (slots[i].position != 0)
	{
		if (slots[i].hash == hash)
		{
			const NmEntry *entry =
				(const NmEntry *) (entries + slots[i].position - 1);

			if (entry->len == len &&
				memcmp((const char *) (entry + 1), data, len) == 0)
			{
				*number = entry->number;
				return true;
			}
		}
		i = (i + 1) & (dict->nslots - 1);
		if (unlikely((++steps & 0xFF) == 0))
			CHECK_FOR_INTERRUPTS();
	}
	return false;
}

/* room_needed returns the bytes of entries, with one more and all that wait. */
static Size
room_needed(uint32 nslots, Size used, uint32 len)
{
	Size room = fixed_size(nslots) + used + ENTRY_SIZE(len);

	if (nslots >= RING_FROM_SLOTS)
		room += RING_SIZE * ENTRY_SIZE(sizeof(((NmPending *) 0)->data));
	return room;
}

/* dict_has_room tells whether one more string fits in slots and bytes. */
static bool
dict_has_room(const NmState *state, const NmDict *dict, uint32 len)
{
	return state->nstrings < most_strings(dict->nslots) &&
		   room_needed(dict->nslots, dict->used, len) <= state->dict_capacity;
}

NmState *
nm_state_resize(const NmState *state, int recsize, Size rec_capacity,
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
		dict_move(new_dict, dict_capacity, old_dict, state->dict_capacity,
				  state->nstrings);
	return result;
}

/* dict_grow makes room for one more string. */
static NmState *
dict_grow(NmState *state, int recsize, uint32 len)
{
	Size capacity = state->dict_capacity;
	Size used = 0;
	uint32 nslots;

	/* the store of the records checks their part */
	nm_state_check_size(nm_canonical_size(recsize, 0, state->nstrings + 1,
										  state->dict_bytes + len));
	if (capacity == 0)
		capacity = first_size(len);
	else
	{
		used = ((NmDict *) state_dict(state, recsize))->used;
		capacity *= 2;
	}
	for (;;)
	{
		/* records lie at multiples of 8 */
		capacity = TYPEALIGN(8, capacity);
		nslots = slots_for(Min(capacity, PG_UINT32_MAX), state->nstrings);
		if (room_needed(nslots, used, len) <= capacity)
			break;
		capacity += capacity / 2 + ENTRY_SIZE(len);
	}
	return nm_state_resize(state, recsize, state->rec_capacity, capacity);
}

/* dict_add enters a string that is not there and has room. */
static uint32
dict_add(NmState *state, NmDict *dict, uint32 hash, const char *data,
		 uint32 len)
{
	NmEntry *entry = (NmEntry *) (dict_entries(dict) + dict->used);

	entry->number = state->nstrings;
	entry->len = len;
	memcpy(entry + 1, data, len);
	/* the padding too, so that no byte is left to chance */
	memset((char *) (entry + 1) + len, 0,
		   ENTRY_SIZE(len) - sizeof(NmEntry) - len);
	slot_put(dict_slots(dict), dict->nslots, hash, dict->used + 1);
	dict->used += ENTRY_SIZE(len);
	state->dict_bytes += len;
	return state->nstrings++;
}

/* intern returns the number of a string whose hash is known. */
static uint32
intern(NmState **state, int recsize, uint32 hash, const char *data, uint32 len)
{
	NmState *st = *state;
	NmDict *dict = (NmDict *) state_dict(st, recsize);
	uint32 number;

	if (dict_find(dict, hash, data, len, &number))
		return number;
	if (!dict_has_room(st, dict, len))
	{
		/* the string may be among those that wait */
		nm_dict_flush(st, recsize);
		if (dict_find(dict, hash, data, len, &number))
			return number;
		st = *state = dict_grow(st, recsize, len);
		dict = (NmDict *) state_dict(st, recsize);
	}
	return dict_add(st, dict, hash, data, len);
}

uint32
nm_dict_intern(NmState **state, int recsize, const char *data, uint32 len)
{
	if ((*state)->dict_capacity == 0)
		*state = dict_grow(*state, recsize, len);
	return intern(state, recsize,
				  dict_hash((NmDict *) state_dict(*state, recsize), data, len),
				  data, len);
}

/* fetch_slot and fetch_entry bring in what a search for a hash begins with. */
static inline void
fetch_slot(const NmDict *dict, uint32 hash)
{
	__builtin_prefetch(dict_slots(dict) + (hash & (dict->nslots - 1)));
}

static inline void
fetch_entry(const NmDict *dict, uint32 hash, uint32 len)
{
	const NmSlot *slot = dict_slots(dict) + (hash & (dict->nslots - 1));
	const char *entry;

	if (slot->position == 0)
		return;
	entry = dict_entries(dict) + slot->position - 1;
	__builtin_prefetch(entry);
	__builtin_prefetch(entry + sizeof(NmEntry) + len);
}

uint32 *
nm_dict_merge(NmState **dst, const NmState *src, int recsize, uint32 known,
			  uint32 known_number)
{
	uint32 n = src->nstrings;
	uint32 *map = palloc_extended(mul_size(n, sizeof(uint32)), MCXT_ALLOC_HUGE);
	NmStrings walk;
	const char *data[RING_SIZE];
	uint32 len[RING_SIZE];
	uint32 hash[RING_SIZE];
	uint32 count;

	nm_strings_begin(&walk, src, recsize);
	for (uint32 start = 0; start < n; start += count)
	{
		const NmDict *dict;

		CHECK_FOR_INTERRUPTS();
		count = Min(n - start, RING_SIZE);
		for (uint32 i = 0; i < count; i++)
			data[i] = nm_strings_next(&walk, &len[i]);
		if (count == 1 && start == known)
		{
			map[start] = known_number;
			break;
		}
		if ((*dst)->dict_capacity == 0)
			*dst = dict_grow(*dst, recsize, len[0]);
		dict = (const NmDict *) state_dict(*dst, recsize);
		for (uint32 i = 0; i < count; i++)
		{
			hash[i] = dict_hash(dict, data[i], len[i]);
			fetch_slot(dict, hash[i]);
		}
		for (uint32 i = 0; i < count; i++)
			fetch_entry(dict, hash[i], len[i]);
		for (uint32 i = 0; i < count; i++)
			map[start + i] = start + i == known ? known_number
												: intern(dst, recsize, hash[i],
														 data[i], len[i]);
	}
	return map;
}

uint64
nm_dict_seed(const NmState *state, int recsize)
{
	if (state->dict_capacity == 0)
		return 0;
	return ((const NmDict *) state_dict(state, recsize))->seed;
}

static inline void
set_key(NmState *state, int recsize, uint32 record, int64 number)
{
	memcpy(nm_state_records(state) + (Size) record * recsize, &number,
		   sizeof(number));
}

/* resolve gives a key that has waited its number. */
static void
resolve(NmState *state, NmDict *dict, int recsize, const NmPending *key)
{
	uint32 number;

	if (!dict_find(dict, key->hash, key->data, key->len, &number))
		number = dict_add(state, dict, key->hash, key->data, key->len);
	set_key(state, recsize, key->record, number);
}

void
nm_dict_flush(NmState *state, int recsize)
{
	NmDict *dict = (NmDict *) state_dict(state, recsize);
	NmDictRing *ring;

	if (state->dict_capacity == 0 || (ring = dict_ring(dict)) == NULL)
		return;

	/* the slots are here by now, and lead to the entries */
	for (uint32 i = 0; i < ring->used; i++)
		fetch_entry(dict, ring->keys[i].hash, ring->keys[i].len);
	for (uint32 i = 0; i < ring->used; i++)
		resolve(state, dict, recsize, &ring->keys[i]);
	ring->used = 0;
}

bool
nm_dict_waiting(const NmState *state, int recsize)
{
	const NmDictRing *ring = NULL;

	if ((state->flags & NM_WORKING) && state->dict_capacity > 0)
		ring = dict_ring((const NmDict *) state_dict(state, recsize));
	return ring != NULL && ring->used > 0;
}

const NmState *
nm_dict_settled(const NmState *state, int recsize)
{
	NmState *copy;

	if (!nm_dict_waiting(state, recsize))
		return state;
	copy = palloc(VARSIZE(state));
	memcpy(copy, state, VARSIZE(state));
	nm_dict_flush(copy, recsize);
	return copy;
}

/* ring_push lets the key of a record wait, after all others if it is full. */
static void
ring_push(NmState *state, NmDict *dict, int recsize, uint32 record,
		  const char *data, uint32 len)
{
	NmDictRing *ring = dict_ring(dict);
	NmPending *key;

	if (ring->used == RING_SIZE)
		nm_dict_flush(state, recsize);
	key = &ring->keys[ring->used++];
	key->hash = dict_hash(dict, data, len);
	key->record = record;
	key->len = len;
	memcpy(key->data, data, len);
	fetch_slot(dict, key->hash);
}

void
nm_dict_put_key(NmState **state, int recsize, uint32 record, const char *data,
				uint32 len)
{
	NmState *st = *state;
	NmDict *dict = (NmDict *) state_dict(st, recsize);

	if (st->dict_capacity > 0 && dict_ring(dict) != NULL &&
		len <= sizeof(((NmPending *) 0)->data) && dict_has_room(st, dict, len))
		ring_push(st, dict, recsize, record, data, len);
	else
	{
		uint32 number = nm_dict_intern(state, recsize, data, len);

		set_key(*state, recsize, record, number);
	}
}

void
nm_strings_begin(NmStrings *walk, const NmState *state, int recsize)
{
	Assert(!nm_dict_waiting(state, recsize));
	walk->state = state;
	walk->next = 0;
	walk->position = 0;
	walk->dict = (state->flags & NM_WORKING) && state->dict_capacity > 0
					 ? state_dict(state, recsize)
					 : NULL;
}

const char *
nm_strings_next(NmStrings *walk, uint32 *len)
{
	const NmEntry *entry;

	if (walk->next >= walk->state->nstrings)
		return NULL;
	if (walk->dict == NULL)
		return nm_state_string(walk->state, walk->next++, len);
	entry = (const NmEntry *) (dict_entries((const NmDict *) walk->dict) +
							   walk->position);
	walk->next++;
	walk->position += ENTRY_SIZE(entry->len);
	*len = entry->len;
	return (const char *) (entry + 1);
}

const char *
nm_string(const NmState *state, int recsize, uint32 i, uint32 *len)
{
	NmStrings walk = {.state = state};
	const char *data;

	/* keys that wait have no numbers yet and are not in the way */
	if (!(state->flags & NM_WORKING))
		return nm_state_string(state, i, len);
	if (i >= state->nstrings)
		nm_state_damaged("A record points outside the dictionary.");
	walk.dict = state_dict(state, recsize);
	do
	{
		data = nm_strings_next(&walk, len);
	} while (walk.next <= i);
	return data;
}

/* SortString: a string with its first 8 bytes as a number, for sorting. */
typedef struct SortString
{
	uint64 prefix;
	const char *data;
	uint32 len;
	uint32 number;
} SortString;

static int
compare_strings(const void *a, const void *b)
{
	const SortString *x = a;
	const SortString *y = b;
	int c;

	CHECK_FOR_INTERRUPTS();
	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	c = memcmp(x->data, y->data, Min(x->len, y->len));
	if (c != 0)
		return c;
	return x->len < y->len ? -1 : (x->len > y->len ? 1 : 0);
}

/* string_prefix returns the first 8 bytes, most significant first. */
static uint64
string_prefix(const char *data, uint32 len)
{
	uint64 prefix = 0;

	for (uint32 i = 0; i < 8; i++)
		prefix = (prefix << 8) | (i < len ? (unsigned char) data[i] : 0);
	return prefix;
}

uint32 *
nm_dict_canonical(const NmState *state, int recsize, char *dst)
{
	uint32 n = state->nstrings;
	SortString *strings;
	uint32 *ranks;
	uint32 *offsets = (uint32 *) dst;
	char *bytes = dst + ((Size) n + 1) * sizeof(uint32);
	uint32 offset = 0;
	NmStrings walk;

	if (n == 0)
		return NULL;
	strings = palloc_extended(mul_size(n, sizeof(SortString)), MCXT_ALLOC_HUGE);
	ranks = palloc_extended(mul_size(n, sizeof(uint32)), MCXT_ALLOC_HUGE);
	nm_strings_begin(&walk, state, recsize);
	for (uint32 i = 0; i < n; i++)
	{
		strings[i].data = nm_strings_next(&walk, &strings[i].len);
		strings[i].prefix = string_prefix(strings[i].data, strings[i].len);
		strings[i].number = i;
	}
	qsort(strings, n, sizeof(SortString), compare_strings);
	for (uint32 i = 0; i < n; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		ranks[strings[i].number] = i;
		offsets[i] = offset;
		memcpy(bytes + offset, strings[i].data, strings[i].len);
		offset += strings[i].len;
	}
	offsets[n] = offset;
	pfree(strings);
	return ranks;
}
