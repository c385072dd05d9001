/*
 * sequence.h
 *		The records of sequence_state, for the files that read them.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef SEQUENCE_H
#define SEQUENCE_H

#include "postgres.h"
#include "fmgr.h"
#include "common/int.h"
#include "datatype/timestamp.h"
#include "nm_log.h"

/*
 * One event.  Records are sorted by user, time, tie break and name, so that a
 * user's events are a sequence that no order of the rows can change.
 */
typedef struct NmSequenceRow
{
	int64 key;
	int64 at;        /* instant */
	int32 tie_break; /* order within a microsecond; 0 if none was given */
	uint32 event;    /* string number */
} NmSequenceRow;

/* NmSequenceReader walks the users of a canonical state. */
typedef struct NmSequenceReader
{
	const NmState *state;
	uint32 next; /* first record of the next user */
	int64 key;   /* of the user just read */
} NmSequenceReader;

extern const NmFamily nm_sequence_family;

static inline const NmSequenceRow *
nm_sequence_records(const NmState *state)
{
	return (const NmSequenceRow *) nm_state_records(state);
}

/* The next user's records as [*start, *end); false after the last. */
static inline bool
nm_sequence_user(NmSequenceReader *reader, uint32 *start, uint32 *end)
{
	const NmSequenceRow *rows = nm_sequence_records(reader->state);
	uint32 n = reader->state->nrecords;
	uint32 i = reader->next;

	if (i >= n)
		return false;
	reader->key = rows[i].key;
	*start = i;
	do
	{
		/* who reads the rows may take the name of an event as an index */
		if (unlikely(rows[i].event >= reader->state->nstrings))
			nm_state_damaged("A record points outside the dictionary.");
		i++;
	} while (i < n && rows[i].key == reader->key);
	*end = i;
	reader->next = i;
	return true;
}

/* No string of a state has this number. */
#define NM_NO_EVENT PG_UINT32_MAX

/* The number of a name in a canonical state, or NM_NO_EVENT. */
static inline uint32
nm_sequence_find(const NmState *state, const text *name)
{
	int64 number = nm_state_find_text(state, name);

	return number < 0 ? NM_NO_EVENT : (uint32) number;
}

/* The name of an event, and the key of a user, as a text Datum. */
extern Datum nm_sequence_event(const NmState *state, uint32 number);
extern Datum nm_sequence_key(const NmState *state, int64 key);

/*
 * Argument argno, a text[] of event names, as their numbers: NM_NO_EVENT for
 * those that the state does not have.  NULL elements are errors.
 */
extern uint32 *
nm_sequence_names(FunctionCallInfo fcinfo, int argno, const char *name,
				  const NmState *state, int *n);

#endif /* SEQUENCE_H */
