/*
 * nm_log.h
 *		The log: fixed-size records that are appended and sorted once.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_LOG_H
#define NM_LOG_H

#include "nm_dict.h"
#include "nm_state.h"

/* nm_log_transition_state where the state is none of ours yet. */
extern NmState *
nm_log_first_state(FunctionCallInfo fcinfo, const NmFamily *family, int flags);

/*
 * The state of a transition call, which has the given flags: argument 0 as the
 * executor holds it, or NULL before the first row.  Raises outside an
 * aggregate.
 */
static inline NmState *
nm_log_transition_state(FunctionCallInfo fcinfo, const NmFamily *family,
						int flags)
{
	NmState *state = nm_own_state(fcinfo, flags);

	return likely(state != NULL) ? state
								 : nm_log_first_state(fcinfo, family, flags);
}

/* A new working state with room for a first record. */
extern NmState *nm_log_begin(const NmFamily *family, int flags, uint32 param);

/* The same for a family whose param is a string. */
extern NmState *nm_log_begin_string(const NmFamily *family, int flags,
									const char *data, uint32 len);

/*
 * How many rows of a group the planner expects in an aggregate's call, 0 if that
 * cannot be known.  A guess: nothing but the speed of growth may hang on it.
 */
extern double nm_planned_rows(FunctionCallInfo fcinfo);

/*
 * Makes room for n more records; the state may move.  fcinfo, if given, is the
 * call of an aggregate's row, by which large states grow in fewer steps;
 * per_row is how many records a row brings on average.
 */
extern NmState *nm_log_reserve(NmState *state, int recsize, uint32 n,
							   FunctionCallInfo fcinfo, double per_row);

/*
 * nm_log_append returns the place for one more record.  The state may move to
 * a fresh chunk in the current context; the caller returns it to the executor,
 * which copies it and frees the old one.
 */
static inline void *
nm_log_append(NmState **state, int recsize, FunctionCallInfo fcinfo)
{
	NmState *st = *state;

	if (unlikely(st->nrecords == st->rec_capacity))
	{
		st = nm_log_reserve(st, recsize, 1, fcinfo, 1);
		*state = st;
	}
	return nm_state_records(st) + (Size) st->nrecords++ * recsize;
}

/*
 * nm_log_put_key sets the key of the last record to the one that a row has in
 * an argument, entered into the dictionary if it is not a bigint.  The state
 * may move, so this is the last thing to do to a record.
 */
static pg_attribute_always_inline void
nm_log_put_key(FunctionCallInfo fcinfo, int argno, NmState **state, int flags,
			   int recsize)
{
	uint32 record = (*state)->nrecords - 1;

	if ((flags & NM_KEY_MASK) == NM_KEY_BIGINT)
	{
		int64 key = PG_GETARG_INT64(argno);

		memcpy(nm_state_records(*state) + (Size) record * recsize, &key,
			   sizeof(key));
	}
	else if ((flags & NM_KEY_MASK) == NM_KEY_UUID)
		nm_dict_put_key(state, recsize, record,
						(const char *) PG_GETARG_POINTER(argno), NM_UUID_BYTES);
	else
	{
		text *key = PG_GETARG_TEXT_PP(argno);

		nm_dict_put_key(state, recsize, record, VARDATA_ANY(key),
						VARSIZE_ANY_EXHDR(key));
	}
}

/* A sorted, trimmed copy of a working state. */
extern NmState *nm_log_canonical(const NmState *state, const NmFamily *family);

/* Adds all records and strings of src, canonical or working, to dst. */
extern NmState *nm_log_merge(NmState *dst, const NmState *src,
							 const NmFamily *family, FunctionCallInfo fcinfo);

/* arguments: detoasted, header checked in O(1) */
extern const NmState *
nm_log_arg(FunctionCallInfo fcinfo, int argno, const NmFamily *family);
/* bodies of the SQL-callable functions of a type, beside nm_state_in and _recv */
extern Datum nm_log_out(FunctionCallInfo fcinfo, const NmFamily *family);
extern Datum nm_log_send(FunctionCallInfo fcinfo, const NmFamily *family);
extern Datum nm_log_final(FunctionCallInfo fcinfo, const NmFamily *family);
extern Datum nm_log_combine(FunctionCallInfo fcinfo, const NmFamily *family);

/* Declares the SQL-callable functions that every state type has. */
#define NM_LOG_FUNCTIONS(prefix, family)          \
	PG_FUNCTION_INFO_V1(nm_##prefix##_in);        \
	Datum nm_##prefix##_in(PG_FUNCTION_ARGS)      \
	{                                             \
		return nm_state_in(fcinfo, family);       \
	}                                             \
	PG_FUNCTION_INFO_V1(nm_##prefix##_out);       \
	Datum nm_##prefix##_out(PG_FUNCTION_ARGS)     \
	{                                             \
		return nm_log_out(fcinfo, family);        \
	}                                             \
	PG_FUNCTION_INFO_V1(nm_##prefix##_recv);      \
	Datum nm_##prefix##_recv(PG_FUNCTION_ARGS)    \
	{                                             \
		return nm_state_recv(fcinfo, family);     \
	}                                             \
	PG_FUNCTION_INFO_V1(nm_##prefix##_send);      \
	Datum nm_##prefix##_send(PG_FUNCTION_ARGS)    \
	{                                             \
		return nm_log_send(fcinfo, family);       \
	}                                             \
	PG_FUNCTION_INFO_V1(nm_##prefix##_final);     \
	Datum nm_##prefix##_final(PG_FUNCTION_ARGS)   \
	{                                             \
		return nm_log_final(fcinfo, family);      \
	}                                             \
	PG_FUNCTION_INFO_V1(nm_##prefix##_combine);   \
	Datum nm_##prefix##_combine(PG_FUNCTION_ARGS) \
	{                                             \
		return nm_log_combine(fcinfo, family);    \
	}                                             \
	extern int nm_##prefix##_no_such_object

#endif /* NM_LOG_H */
