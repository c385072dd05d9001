/*
 * nm_dict.h
 *		The dictionary: strings of a working state, numbered as they come.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_DICT_H
#define NM_DICT_H

#include "nm_state.h"

/*
 * The number of a string, which is added if it is new; the state may move.
 * recsize is the size of the state's records.
 */
extern uint32
nm_dict_intern(NmState **state, int recsize, const char *data, uint32 len);

/*
 * Adds all strings of src, canonical or working, to *dst, which may move;
 * returns their numbers there by their numbers in src.  That of string `known`
 * is known to be known_number; PG_UINT32_MAX if there is none.
 */
extern uint32 *nm_dict_merge(NmState **dst, const NmState *src, int recsize,
							 uint32 known, uint32 known_number);

/* What tells the dictionary of a working state from others; 0 if none. */
extern uint64 nm_dict_seed(const NmState *state, int recsize);

/*
 * Sets the key of a record to the number of a string; the state may move.  In a
 * large dictionary the key may wait until nm_dict_flush, which the stores call
 * wherever a state is read or copied.
 */
extern void nm_dict_put_key(NmState **state, int recsize, uint32 record,
							const char *data, uint32 len);

/* Gives all keys that wait their numbers.  The state does not move. */
extern void nm_dict_flush(NmState *state, int recsize);

/* Whether keys wait. */
extern bool nm_dict_waiting(const NmState *state, int recsize);

/* The state, or a copy of it, whose keys all have their numbers. */
extern const NmState *nm_dict_settled(const NmState *state, int recsize);

/*
 * A fresh copy with room for the given records and dictionary bytes; sizes
 * are checked.
 */
extern NmState *nm_state_resize(const NmState *state, int recsize,
								Size rec_capacity, Size dict_capacity);

/*
 * NmStrings walks all strings of a state, canonical or working, in the order
 * of their numbers.
 */
typedef struct NmStrings
{
	const NmState *state;
	const char *dict;
	uint32 next;
	uint32 position;
} NmStrings;

extern void
nm_strings_begin(NmStrings *walk, const NmState *state, int recsize);
extern const char *nm_strings_next(NmStrings *walk, uint32 *len);

/* String i of a state, canonical or working; takes as long as i is large. */
extern const char *
nm_string(const NmState *state, int recsize, uint32 i, uint32 *len);

/*
 * Writes the canonical dictionary of a working state (offsets, then bytes) to
 * dst, and returns the rank of each string by its number.
 */
extern uint32 *nm_dict_canonical(const NmState *state, int recsize, char *dst);

#endif /* NM_DICT_H */
