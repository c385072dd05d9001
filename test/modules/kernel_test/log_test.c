/*
 * log_test.c
 *		A family in a log.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "kernel_test.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "nm_dict.h"
#include "nm_log.h"

/* log_state: key, two times, a number, a word and a small number */

typedef struct DayRecord
{
	int64 key;
	int32 t1;
	int32 t2;
	int64 number;
	uint32 word;
	int32 small;
} DayRecord;

typedef struct InstantRecord
{
	int64 key;
	int64 t1;
	int64 t2;
	int64 number;
	uint32 word;
	int32 small;
} InstantRecord;

static const char *
log_check(const NmState *state pg_attribute_unused(),
		  const void *rec pg_attribute_unused())
{
	return NULL;
}

static const NmFamily log_family = {.type_name = "log_state",
									.kind = KIND_LOG_TEST,
									.version = 1,
									.layout = "kttqsi",
									.check_record = log_check,
									.check_param = kernel_test_check_param,
									.combine_param = kernel_test_combine_param};

NM_LOG_FUNCTIONS(log_test, &log_family);

/* the key of a row, from argument 1 */
static int64
log_key(FunctionCallInfo fcinfo, NmState **state, int recsize, int key_type)
{
	text *key;

	if (key_type == NM_KEY_BIGINT)
		return PG_GETARG_INT64(1);
	key = PG_GETARG_TEXT_PP(1);
	return nm_dict_intern(state, recsize, VARDATA_ANY(key),
						  VARSIZE_ANY_EXHDR(key));
}

static Datum
log_trans(FunctionCallInfo fcinfo, int flags)
{
	NmState *state = nm_log_transition_state(fcinfo, &log_family, flags);
	int recsize = nm_record_size(&log_family, flags);
	text *word = PG_GETARG_TEXT_PP(5);
	int64 key;
	uint32 number;

	if (state == NULL)
		state = nm_log_begin(&log_family, flags, 0);
	key = log_key(fcinfo, &state, recsize, flags & NM_KEY_MASK);
	number = nm_dict_intern(&state, recsize, VARDATA_ANY(word),
							VARSIZE_ANY_EXHDR(word));
	if (flags & NM_INSTANTS)
	{
		InstantRecord *rec = nm_log_append(&state, recsize, fcinfo);

		rec->key = key;
		rec->t1 = PG_GETARG_TIMESTAMPTZ(2);
		rec->t2 = PG_GETARG_TIMESTAMPTZ(3);
		rec->number = PG_GETARG_INT64(4);
		rec->word = number;
		rec->small = PG_GETARG_INT32(6);
	}
	else
	{
		DayRecord *rec = nm_log_append(&state, recsize, fcinfo);

		rec->key = key;
		rec->t1 = PG_GETARG_DATEADT(2);
		rec->t2 = PG_GETARG_DATEADT(3);
		rec->number = PG_GETARG_INT64(4);
		rec->word = number;
		rec->small = PG_GETARG_INT32(6);
	}
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(kernel_test_log_trans_int8);
Datum
kernel_test_log_trans_int8(PG_FUNCTION_ARGS)
{
	return log_trans(fcinfo, NM_KEY_BIGINT);
}

PG_FUNCTION_INFO_V1(kernel_test_log_trans_text);
Datum
kernel_test_log_trans_text(PG_FUNCTION_ARGS)
{
	return log_trans(fcinfo, NM_KEY_TEXT | NM_INSTANTS);
}

/* log_rows(state): all records in their order; times as days or instants */
PG_FUNCTION_INFO_V1(kernel_test_log_rows);
Datum
kernel_test_log_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state = nm_log_arg(fcinfo, 0, &log_family);
	NmLayout layout;

	nm_layout(&log_family, state->flags, &layout);
	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < state->nrecords; i++)
	{
		const char *rec = nm_state_records(state) + (Size) i * layout.size;
		Datum values[6];
		bool nulls[6] = {false, false, false, false, false, false};
		uint32 len;
		const char *word;

		word = nm_state_string(state, (uint32) nm_field(&layout, rec, 4), &len);
		values[0] =
			CStringGetTextDatum(nm_state_key_text(state,
												  nm_field(&layout, rec, 0)));
		values[1] = Int64GetDatum(nm_field(&layout, rec, 1));
		values[2] = Int64GetDatum(nm_field(&layout, rec, 2));
		values[3] = Int64GetDatum(nm_field(&layout, rec, 3));
		values[4] = PointerGetDatum(cstring_to_text_with_len(word, len));
		values[5] = Int32GetDatum((int32) nm_field(&layout, rec, 5));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
