/*
 * nm_keyed.h
 *		The keyed store: entities that are found by identity and updated.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_KEYED_H
#define NM_KEYED_H

#include "miscadmin.h"
#include "nm_dict.h"

/*
 * NmKeyedOps: what a family adds to its NmFamily to be kept in a keyed store.
 *
 * An entity is a record of the family's layout.  Its first idsize bytes, some
 * number of whole fields, are the identity: one entity of each is kept.  A row
 * has the form of an entity too, and merge folds it into the entity of the
 * same identity.  It must be commutative and associative, may change only what
 * lies behind the identity, and may raise an error.  String numbers stand in
 * the identity alone: elsewhere a merge could leave a string without a user.
 *
 * The sizes are constants, so that the compiler can unfold the inline
 * functions below; nm_keyed_begin checks them against the layout.
 */
typedef struct NmKeyedOps
{
	const NmFamily *family;
	int recsize; /* size of an entity */
	int idsize;  /* size of its identity */
	void (*merge)(void *entity, const void *row);
} NmKeyedOps;

/* Up to here entities are packed and searched one by one. */
#define NM_KEYED_LINEAR 16
/* From this many slots on, rows wait until their slots are cached. */
#ifndef NM_KEYED_RING_SLOTS
#define NM_KEYED_RING_SLOTS 4096
#endif
#define NM_KEYED_RING 32
/* Pairs of slots of a large table lie in as few lines of the cache as may be. */
#define NM_KEYED_LINE 64

/*----------
 * NmKeyedTable: the head of a hash table of more than NM_KEYED_LINEAR
 * entities, which fills the place of the working state's records:
 *
 *		head | zero entity | [padding, ring: 32 rows, 32 hashes, padding] | slots
 *
 * The rows of the ring lie where records could, so that the dictionary can let
 * their keys wait.
 *
 * To the envelope and the dictionary this looks like records that are all in
 * use (nrecords equals rec_capacity).  A slot whose identity is all zero bytes
 * is free; the one entity that has such an identity lives apart.  The search for
 * an entity looks at a pair of slots, then at the pairs behind it.
 *
 * The seeds differ from table to table.  So keys cannot be chosen to collide,
 * and rows that arrive in the order of another table do not pile up.
 *----------
 */
typedef struct NmKeyedTable
{
	uint64 seed[2];
	uint32 nslots;    /* even */
	uint32 nused;     /* occupied slots */
	uint32 slots_off; /* from the head to the slots */
	uint32 ring_off;  /* from the head to the ring, 0 if none */
	uint32 ring_used; /* rows in the ring */
	uint32 merged;    /* states that were merged, and their entities */
	uint32 offered;
	bool has_zero;
	char pad[3];
} NmKeyedTable;

#define NM_KEYED_HEAD 48

StaticAssertDecl(sizeof(NmKeyedTable) == NM_KEYED_HEAD,
				 "head of a keyed table is 48 bytes");

/* nm_keyed_transition_state where the state is none of ours yet. */
extern NmState *
nm_keyed_first_state(FunctionCallInfo fcinfo, const NmKeyedOps *ops, int flags);

/*
 * The state of a transition call, which has the given flags: argument 0 as the
 * executor holds it, or NULL before the first row.  Raises outside an
 * aggregate.
 */
static inline NmState *
nm_keyed_transition_state(FunctionCallInfo fcinfo, const NmKeyedOps *ops,
						  int flags)
{
	NmState *state = nm_own_state(fcinfo, flags);

	return likely(state != NULL) ? state
								 : nm_keyed_first_state(fcinfo, ops, flags);
}

/* A new working state with room for a first entity. */
extern NmState *nm_keyed_begin(const NmKeyedOps *ops, int flags, uint32 param);

/* Room for one more entity than there are; returns a fresh state. */
extern NmState *nm_keyed_grow(const NmState *state, const NmKeyedOps *ops);

/* A sorted, trimmed copy of a working state. */
extern NmState *nm_keyed_canonical(const NmState *state, const NmKeyedOps *ops);

/*
 * Merges all entities of src, canonical or working, into dst.  fcinfo, if given,
 * is the call of an aggregate's row, by which large states grow in fewer steps.
 */
extern NmState *nm_keyed_merge(NmState *dst, const NmState *src,
							   const NmKeyedOps *ops, FunctionCallInfo fcinfo);

/* arguments: detoasted, header checked in O(1), canonical */
extern const NmState *
nm_keyed_arg(FunctionCallInfo fcinfo, int argno, const NmKeyedOps *ops);

/* bodies of the SQL-callable functions of a type */
extern Datum nm_keyed_in(FunctionCallInfo fcinfo, const NmKeyedOps *ops);
extern Datum nm_keyed_recv(FunctionCallInfo fcinfo, const NmKeyedOps *ops);
extern Datum nm_keyed_out(FunctionCallInfo fcinfo, const NmKeyedOps *ops);
extern Datum nm_keyed_send(FunctionCallInfo fcinfo, const NmKeyedOps *ops);
extern Datum nm_keyed_final(FunctionCallInfo fcinfo, const NmKeyedOps *ops);
extern Datum nm_keyed_combine(FunctionCallInfo fcinfo, const NmKeyedOps *ops);

static inline bool
nm_keyed_is_table(const NmState *state)
{
	return state->rec_capacity > NM_KEYED_LINEAR;
}

static inline NmKeyedTable *
nm_keyed_table(const NmState *state)
{
	return (NmKeyedTable *) nm_state_records(state);
}

static inline char *
nm_keyed_slot(NmKeyedTable *table, int recsize, uint32 i)
{
	return (char *) table + table->slots_off + (Size) i * recsize;
}

static inline char *
nm_keyed_zero(NmKeyedTable *table)
{
	return (char *) table + NM_KEYED_HEAD;
}

static inline char *
nm_keyed_ring_row(NmKeyedTable *table, int recsize, uint32 i)
{
	return (char *) table + table->ring_off + i * recsize;
}

static inline uint64 *
nm_keyed_ring_hash(NmKeyedTable *table, int recsize, uint32 i)
{
	return (uint64 *) nm_keyed_ring_row(table, recsize, NM_KEYED_RING) + i;
}

/* Whether an identity is all zero bytes; sizes are multiples of 4. */
static inline bool
nm_keyed_id_is_zero(const char *rec, int idsize)
{
	uint64 bits = 0;
	uint64 word;
	uint32 half;
	int i = 0;

	for (; i + 8 <= idsize; i += 8)
	{
		memcpy(&word, rec + i, 8);
		bits |= word;
	}
	if (i < idsize)
	{
		memcpy(&half, rec + i, 4);
		bits |= half;
	}
	return bits == 0;
}

/* Whether two identities are equal. */
static inline bool
nm_keyed_id_equal(const char *a, const char *b, int idsize)
{
	uint64 x;
	uint64 y;
	uint64 differ = 0;
	uint32 half_x;
	uint32 half_y;
	int i = 0;

	for (; i + 8 <= idsize; i += 8)
	{
		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		differ |= x ^ y;
	}
	if (i < idsize)
	{
		memcpy(&half_x, a + i, 4);
		memcpy(&half_y, b + i, 4);
		differ |= half_x ^ half_y;
	}
	return differ == 0;
}

/* The hash of an identity: a folded 64 by 64 bit product for each word. */
static inline uint64
nm_keyed_hash(const NmKeyedTable *table, const char *rec, int idsize)
{
	uint64 hash = table->seed[0];
	uint64 word;
	uint32 half;
	uint128 product;
	int i = 0;

	for (; i < idsize; i += 8)
	{
		if (i + 8 <= idsize)
			memcpy(&word, rec + i, 8);
		else
		{
			memcpy(&half, rec + i, 4);
			word = half;
		}
		product = (uint128) (hash ^ word) * table->seed[1];
		hash = (uint64) product ^ (uint64) (product >> 64);
	}
	return hash;
}

/* The slot at which the search for a hash begins. */
static inline uint32
nm_keyed_home(const NmKeyedTable *table, uint64 hash)
{
	return (uint32) (((uint128) hash * table->nslots) >> 64);
}

/* How many entities a table takes before it grows. */
static inline uint32
nm_keyed_room(const NmKeyedTable *table)
{
	return table->nslots - table->nslots / 4;
}

/*
 * nm_keyed_find returns the place of an identity: its entity, or the free slot
 * that it would take.
 */
static pg_attribute_always_inline char *
nm_keyed_find(NmKeyedTable *table, const NmKeyedOps *ops, const char *row,
			  uint64 hash, bool *found)
{
	uint32 i = nm_keyed_home(table, hash);
	uint32 tries = 0;

	for (;;)
	{
		char *slot = nm_keyed_slot(table, ops->recsize, i);

		*found = nm_keyed_id_equal(slot, row, ops->idsize);
		if (*found || nm_keyed_id_is_zero(slot, ops->idsize))
			return slot;
		slot = nm_keyed_slot(table, ops->recsize, i ^ 1);
		*found = nm_keyed_id_equal(slot, row, ops->idsize);
		if (*found || nm_keyed_id_is_zero(slot, ops->idsize))
			return slot;
		i = (i & ~(uint32) 1) + 2;
		if (i == table->nslots)
			i = 0;
		if (unlikely((++tries & 0xFF) == 0))
			CHECK_FOR_INTERRUPTS();
	}
}

/* nm_keyed_apply folds a row into the table, which may move. */
static pg_attribute_always_inline void
nm_keyed_apply(NmState **state, const NmKeyedOps *ops, const char *row,
			   uint64 hash)
{
	NmKeyedTable *table = nm_keyed_table(*state);
	bool found;
	char *slot;

	slot = nm_keyed_find(table, ops, row, hash, &found);
	if (likely(found))
	{
		ops->merge(slot, row);
		return;
	}
	if (unlikely(table->nused >= nm_keyed_room(table)))
	{
		*state = nm_keyed_grow(*state, ops);
		table = nm_keyed_table(*state);
		slot = nm_keyed_find(table, ops, row, hash, &found);
	}
	memcpy(slot, row, ops->recsize);
	table->nused++;
}

/* nm_keyed_apply_zero does the same for the identity of zero bytes. */
static inline void
nm_keyed_apply_zero(NmKeyedTable *table, const NmKeyedOps *ops, const char *row)
{
	if (table->has_zero)
		ops->merge(nm_keyed_zero(table), row);
	else
		memcpy(nm_keyed_zero(table), row, ops->recsize);
	table->has_zero = true;
}

/*
 * nm_keyed_fetch notes the hash of row i of the ring, and fetches the pair of
 * slots where its search begins and the next one.
 */
static inline void
nm_keyed_fetch(NmKeyedTable *table, int recsize, uint32 i, uint64 hash)
{
	const char *slot =
		nm_keyed_slot(table, recsize, nm_keyed_home(table, hash));

	*nm_keyed_ring_hash(table, recsize, i) = hash;
	__builtin_prefetch(slot, 1);
	__builtin_prefetch(slot + NM_KEYED_LINE, 1);
}

/* Gives the rows of the ring the numbers of their keys, and fetches slots. */
extern void nm_keyed_number_ring(NmState *state, const NmKeyedOps *ops);

/*
 * nm_keyed_flush folds all rows of the ring.  Their slots have had time to come
 * into the cache, and what is missing still is fetched for many rows at once.
 */
static pg_attribute_always_inline void
nm_keyed_flush(NmState **state, const NmKeyedOps *ops)
{
	NmKeyedTable *table = nm_keyed_table(*state);

	if (nm_state_key_type(*state) != NM_KEY_BIGINT)
		nm_keyed_number_ring(*state, ops);
	for (uint32 i = 0; i < table->ring_used; i++)
	{
		nm_keyed_apply(state, ops, nm_keyed_ring_row(table, ops->recsize, i),
					   *nm_keyed_ring_hash(table, ops->recsize, i));
		table = nm_keyed_table(*state);
	}
	table->ring_used = 0;
}

/* nm_keyed_wait puts a row into the ring; its place there. */
static pg_attribute_always_inline uint32
nm_keyed_wait(NmState **state, const NmKeyedOps *ops, const char *row)
{
	NmKeyedTable *table = nm_keyed_table(*state);
	uint32 at;

	if (unlikely(table->ring_used == NM_KEYED_RING))
	{
		nm_keyed_flush(state, ops);
		table = nm_keyed_table(*state);
	}
	at = table->ring_used++;
	memcpy(nm_keyed_ring_row(table, ops->recsize, at), row, ops->recsize);
	return at;
}

/*
 * nm_keyed_put_table gives a row to a hash table.  In a large table it waits in
 * the ring while its slots are fetched.
 */
static pg_attribute_always_inline void
nm_keyed_put_table(NmState **state, const NmKeyedOps *ops, const char *row)
{
	NmKeyedTable *table = nm_keyed_table(*state);
	uint64 hash;
	uint32 at;

	if (unlikely(nm_keyed_id_is_zero(row, ops->idsize)))
	{
		nm_keyed_apply_zero(table, ops, row);
		return;
	}
	hash = nm_keyed_hash(table, row, ops->idsize);
	if (table->ring_off == 0)
	{
		nm_keyed_apply(state, ops, row, hash);
		return;
	}
	at = nm_keyed_wait(state, ops, row);
	nm_keyed_fetch(nm_keyed_table(*state), ops->recsize, at, hash);
}

/*
 * nm_keyed_update folds a row into its entity.  The state may move to a fresh
 * chunk in the current context; the caller returns it to the executor, which
 * copies it and frees the old one.
 */
static pg_attribute_always_inline void
nm_keyed_update(NmState **state, const NmKeyedOps *ops, const void *row)
{
	NmState *st = *state;

	Assert((st->flags & NM_WORKING) != 0);
	if (!nm_keyed_is_table(st))
	{
		char *rec = nm_state_records(st);

		for (uint32 i = 0; i < st->nrecords; i++, rec += ops->recsize)
		{
			if (nm_keyed_id_equal(rec, row, ops->idsize))
			{
				ops->merge(rec, row);
				return;
			}
		}
		if (st->nrecords == st->rec_capacity)
			st = *state = nm_keyed_grow(st, ops);
		if (!nm_keyed_is_table(st))
		{
			rec = nm_state_records(st) + (Size) st->nrecords * ops->recsize;
			memcpy(rec, row, ops->recsize);
			st->nrecords++;
			return;
		}
	}
	nm_keyed_put_table(state, ops, (const char *) row);
}

/*
 * nm_keyed_update_string does the same for a row whose key is a string, the
 * number of which it fills in.
 */
static pg_attribute_always_inline void
nm_keyed_update_string(NmState **state, const NmKeyedOps *ops, void *row,
					   const char *data, uint32 len)
{
	const NmKeyedTable *table = nm_keyed_table(*state);

	if (nm_keyed_is_table(*state) && table->ring_off != 0)
	{
		uint32 at = nm_keyed_wait(state, ops, row);

		table = nm_keyed_table(*state);
		nm_dict_put_key(state, ops->recsize,
						table->ring_off / ops->recsize + at, data, len);
	}
	else
	{
		int64 key = nm_dict_intern(state, ops->recsize, data, len);

		memcpy(row, &key, sizeof(key));
		nm_keyed_update(state, ops, row);
	}
}

/* Declares the SQL-callable functions of a type in a keyed store. */
#define NM_KEYED_FUNCTIONS(prefix, ops)           \
	PG_FUNCTION_INFO_V1(nm_##prefix##_in);        \
	Datum nm_##prefix##_in(PG_FUNCTION_ARGS)      \
	{                                             \
		return nm_keyed_in(fcinfo, ops);          \
	}                                             \
	PG_FUNCTION_INFO_V1(nm_##prefix##_out);       \
	Datum nm_##prefix##_out(PG_FUNCTION_ARGS)     \
	{                                             \
		return nm_keyed_out(fcinfo, ops);         \
	}                                             \
	PG_FUNCTION_INFO_V1(nm_##prefix##_recv);      \
	Datum nm_##prefix##_recv(PG_FUNCTION_ARGS)    \
	{                                             \
		return nm_keyed_recv(fcinfo, ops);        \
	}                                             \
	PG_FUNCTION_INFO_V1(nm_##prefix##_send);      \
	Datum nm_##prefix##_send(PG_FUNCTION_ARGS)    \
	{                                             \
		return nm_keyed_send(fcinfo, ops);        \
	}                                             \
	PG_FUNCTION_INFO_V1(nm_##prefix##_final);     \
	Datum nm_##prefix##_final(PG_FUNCTION_ARGS)   \
	{                                             \
		return nm_keyed_final(fcinfo, ops);       \
	}                                             \
	PG_FUNCTION_INFO_V1(nm_##prefix##_combine);   \
	Datum nm_##prefix##_combine(PG_FUNCTION_ARGS) \
	{                                             \
		return nm_keyed_combine(fcinfo, ops);     \
	}                                             \
	extern int nm_##prefix##_no_such_object

#endif /* NM_KEYED_H */
