/*
 * nm_link.h
 *		A hash table from two numbers to a third: (event, next event) to the
 *		pair, or (path, next event) to the longer path.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_LINK_H
#define NM_LINK_H

#include "postgres.h"
#include "common/pg_prng.h"
#include "utils/memutils.h"
#include "nm_compat.h"

#define NM_FIRST_LINKS 1024

typedef struct NmLink
{
	uint64 key;
	uint32 number;
	char status;
} NmLink;

/* Spreads the bits of a number over all places. */
static inline uint32
nm_mixed(uint64 x)
{
	x ^= x >> 33;
	x *= UINT64CONST(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64CONST(0xc4ceb9fe1a85ec53);
	return (uint32) (x ^ (x >> 33));
}

#define SH_PREFIX nm_link
#define SH_ELEMENT_TYPE NmLink
#define SH_KEY_TYPE uint64
#define SH_KEY key
#define SH_HASH_KEY(table, key) \
	nm_mixed((key) ^ *(const uint64 *) (table)->private_data)
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef nm_link_hash NmLinks;

/* A table with a seed, so that no names can be made to collide. */
static inline NmLinks *
nm_links_make(void)
{
	uint64 *seed = palloc_object(uint64);

	*seed = pg_prng_uint64(&pg_global_prng_state);
	return nm_link_create(CurrentMemoryContext, NM_FIRST_LINKS, seed);
}

/* The number of a key, which is *next, counted up, if it is new. */
static inline uint32
nm_key_number(NmLinks *links, uint64 key, uint32 *next)
{
	bool found;
	NmLink *link = nm_link_insert(links, key, &found);

	if (!found)
		link->number = (*next)++;
	return link->number;
}

static inline uint32
nm_link_number(NmLinks *links, uint32 from, uint32 to, uint32 *next)
{
	return nm_key_number(links, ((uint64) from << 32) | to, next);
}

/* An array with room for one more than n elements. */
static inline void *
nm_grown(void *array, uint32 n, Size *capacity, Size size)
{
	if (n < *capacity)
		return array;
	*capacity *= 2;
	return repalloc_huge(array, mul_size(*capacity, size));
}

#endif /* NM_LINK_H */
