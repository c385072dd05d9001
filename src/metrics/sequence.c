/*
 * sequence.c
 *		Events in order: sequence_state, its aggregates, and what comes next.
 *
 * A state is a log of events (user, time, tie break, name).  See
 * doc/sequence.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "nm_guards.h"
#include "nm_log.h"
#include "nm_rows.h"
#include "sequence.h"

/* arguments of the transition functions */
enum
{
	ARG_USER = 1,
	ARG_AT,
	ARG_EVENT,
	ARG_TIE_BREAK
};

static const char *
sequence_check_record(const NmState *state pg_attribute_unused(),
					  const void *rec)
{
	const NmSequenceRow *row = rec;

	if (!IS_VALID_TIMESTAMP(row->at))
		return "An event lies outside the range of timestamps.";
	return NULL;
}

static const char *
sequence_check_param(const NmState *state)
{
	if (state->param != 0)
		return "The header of the state is inconsistent.";
	return NULL;
}

const NmFamily nm_sequence_family = {
	.type_name = "sequence_state",
	.kind = NM_KIND_SEQUENCE,
	.version = 1,
	.layout = "ktis",
	.check_record = sequence_check_record,
	.check_param = sequence_check_param,
	.times = NM_TIMES_INSTANTS,
};

StaticAssertDecl(sizeof(NmSequenceRow) == 24, "layout of events");

NM_LOG_FUNCTIONS(sequence, &nm_sequence_family);

/* Transition functions */

/* null_in_row complains about the first argument of a row that is NULL. */
static void
null_in_row(FunctionCallInfo fcinfo)
{
	static const char *const names[] = {NULL, "user_id", "at", "event",
										"tie_break"};
	static const char *const hints[] =
		{NULL,
		 "Leave such rows out with FILTER, or name the visitor: coalesce(user_id, anonymous_id).",
		 "Leave such rows out with FILTER or WHERE.",
		 "Leave such rows out with FILTER, or give them a name: coalesce(event, '').",
		 "Use coalesce(tie_break, 0), or the aggregate without it."};

	for (int i = ARG_USER; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("\"%s\" of an event must not be null", names[i]),
					 errdetail("Without it the event has no place in a sequence."),
					 errhint("%s", hints[i])));
	Assert(false);
}

/*
 * sequence_trans adds a row to the state.  flags and is_date are constants of
 * each caller, so that each gets a body of its own.
 */
static pg_attribute_always_inline Datum
sequence_trans(FunctionCallInfo fcinfo, int flags, bool is_date)
{
	const int recsize = sizeof(NmSequenceRow);
	NmState *state =
		nm_log_transition_state(fcinfo, &nm_sequence_family, flags);
	NmSequenceRow *row;
	int64 at;
	int32 tie_break = 0;
	uint32 event;
	text *name;

	if (unlikely(PG_ARGISNULL(ARG_USER) || PG_ARGISNULL(ARG_AT) ||
				 PG_ARGISNULL(ARG_EVENT)))
		null_in_row(fcinfo);
	if (PG_NARGS() > ARG_TIE_BREAK)
	{
		if (unlikely(PG_ARGISNULL(ARG_TIE_BREAK)))
			null_in_row(fcinfo);
		tie_break = PG_GETARG_INT32(ARG_TIE_BREAK);
	}
	at = nm_row_time(fcinfo, ARG_AT, is_date);
	name = PG_GETARG_TEXT_PP(ARG_EVENT);

	if (state == NULL)
		state = nm_log_begin(&nm_sequence_family, flags, 0);

	/* this may move the state, so it comes before the record */
	event = nm_dict_intern(&state, recsize, VARDATA_ANY(name),
						   VARSIZE_ANY_EXHDR(name));
	row = nm_log_append(&state, recsize, fcinfo);
	row->key = 0;
	row->at = at;
	row->tie_break = tie_break;
	row->event = event;
	nm_log_put_key(fcinfo, ARG_USER, &state, flags, recsize);
	PG_RETURN_POINTER(state);
}

#define SEQUENCE_TRANS(name, flags, is_date)           \
	PG_FUNCTION_INFO_V1(name);                         \
	Datum name(PG_FUNCTION_ARGS)                       \
	{                                                  \
		return sequence_trans(fcinfo, flags, is_date); \
	}                                                  \
	extern int name##_no_such_object

SEQUENCE_TRANS(nm_sequence_trans_int8_instant, NM_KEY_BIGINT | NM_INSTANTS,
			   false);
SEQUENCE_TRANS(nm_sequence_trans_int8_day, NM_KEY_BIGINT | NM_INSTANTS, true);
SEQUENCE_TRANS(nm_sequence_trans_uuid_instant, NM_KEY_UUID | NM_INSTANTS,
			   false);
SEQUENCE_TRANS(nm_sequence_trans_uuid_day, NM_KEY_UUID | NM_INSTANTS, true);
SEQUENCE_TRANS(nm_sequence_trans_text_instant, NM_KEY_TEXT | NM_INSTANTS,
			   false);
SEQUENCE_TRANS(nm_sequence_trans_text_day, NM_KEY_TEXT | NM_INSTANTS, true);

/* Reading states and arguments */

Datum
nm_sequence_event(const NmState *state, uint32 number)
{
	uint32 len;
	const char *data = nm_state_string(state, number, &len);

	return PointerGetDatum(cstring_to_text_with_len(data, len));
}

Datum
nm_sequence_key(const NmState *state, int64 key)
{
	return CStringGetTextDatum(nm_state_key_text(state, key));
}

uint32 *
nm_sequence_names(FunctionCallInfo fcinfo, int argno, const char *name,
				  const NmState *state, int *n)
{
	Datum *elements;
	bool *nulls;
	uint32 *events;

	nm_require_arg(fcinfo, argno, name);
	*n = nm_array_elements(PG_GETARG_ARRAYTYPE_P(argno), name, TEXTOID,
						   &elements, &nulls);
	nm_refuse_null_elements(nulls, *n, name);
	events = palloc_array(uint32, *n + 1);
	for (int i = 0; i < *n; i++)
		events[i] = nm_sequence_find(state, DatumGetTextPP(elements[i]));
	return events;
}

/* Rows of a state */

PG_FUNCTION_INFO_V1(nm_sequence_rows);
Datum
nm_sequence_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	const NmSequenceRow *rows;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	state = nm_log_arg(fcinfo, 0, &nm_sequence_family);
	rows = nm_sequence_records(state);
	nm_row_begin(&row);
	for (uint32 i = 0; i < state->nrecords; i++)
	{
		Datum values[4];
		bool nulls[4] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = nm_sequence_key(state, rows[i].key);
		values[1] = TimestampTzGetDatum(rows[i].at);
		values[2] = Int32GetDatum(rows[i].tie_break);
		values[3] = nm_sequence_event(state, rows[i].event);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* What comes next */

typedef enum NextBase
{
	BASE_HEAD,
	BASE_TAIL,
	BASE_FIRST_MATCH,
	BASE_LAST_MATCH
} NextBase;

/* NextQuery: the arguments of sequence_next. */
typedef struct NextQuery
{
	const NmSequenceRow *rows;
	const uint32 *chain;
	int nchain;
	bool forward;
	NextBase base;
} NextQuery;

static void
next_query(FunctionCallInfo fcinfo, const NmState *state, NextQuery *query)
{
	static const char *const directions[] = {"forward", "backward", NULL};
	static const char *const bases[] = {"head", "tail", "first_match",
										"last_match", NULL};

	query->rows = nm_sequence_records(state);
	query->chain = nm_sequence_names(fcinfo, 1, "chain", state, &query->nchain);
	nm_require_arg(fcinfo, 2, "direction");
	nm_require_arg(fcinfo, 3, "base");
	query->forward = nm_choice_arg(fcinfo, 2, "direction", directions) == 0;
	query->base = nm_choice_arg(fcinfo, 3, "base", bases);
	if (query->base == (query->forward ? BASE_TAIL : BASE_HEAD))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("base \"%s\" cannot go with direction \"%s\"",
						bases[query->base], directions[query->forward ? 0 : 1]),
				 errdetail("Beyond it there is no event."),
				 errhint("Go forward from the head, or backward from the tail.")));
	if (query->nchain == 0 && query->base >= BASE_FIRST_MATCH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("base \"%s\" needs a chain", bases[query->base]),
				 errdetail("The base is the first or last event of a user that is the first of the chain."),
				 errhint("Name an event, or use the base head or tail.")));
}

/* next_base finds the event of [start, end) at which the chain begins. */
static bool
next_base(const NextQuery *query, uint32 start, uint32 end, uint32 *base)
{
	uint32 i;

	switch (query->base)
	{
		case BASE_HEAD:
			*base = start;
			return true;
		case BASE_TAIL:
			*base = end - 1;
			return true;
		case BASE_FIRST_MATCH:
			for (i = start; i < end; i++)
				if (query->rows[i].event == query->chain[0])
				{
					*base = i;
					return true;
				}
			return false;
		case BASE_LAST_MATCH:
			for (i = end; i > start; i--)
				if (query->rows[i - 1].event == query->chain[0])
				{
					*base = i - 1;
					return true;
				}
			return false;
	}
	return false;
}

/*
 * next_event finds the event beside the chain that begins at the base.  As in
 * ClickHouse, there is one base to a user: if the chain does not follow from
 * it, later places are not tried.
 */
static bool
next_event(const NextQuery *query, uint32 start, uint32 end, uint32 *event)
{
	uint32 base;
	int64 at;
	int step = query->forward ? 1 : -1;

	if (!next_base(query, start, end, &base))
		return false;
	at = base;
	for (int i = 0; i < query->nchain; i++, at += step)
		if (at < start || at >= end || query->rows[at].event != query->chain[i])
			return false;
	if (at < start || at >= end)
		return false;
	*event = query->rows[at].event;
	return true;
}

PG_FUNCTION_INFO_V1(nm_sequence_next);
Datum
nm_sequence_next(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmSequenceReader reader = {0};
	NextQuery query;
	NmRowContext row;
	uint32 start;
	uint32 end;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = nm_log_arg(fcinfo, 0, &nm_sequence_family);
	next_query(fcinfo, state, &query);
	reader.state = state;
	nm_row_begin(&row);
	while (nm_sequence_user(&reader, &start, &end))
	{
		Datum values[2];
		bool nulls[2] = {false};
		uint32 event;

		CHECK_FOR_INTERRUPTS();
		values[0] = nm_sequence_key(state, reader.key);
		nulls[1] = !next_event(&query, start, end, &event);
		if (!nulls[1])
			values[1] = nm_sequence_event(state, event);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
