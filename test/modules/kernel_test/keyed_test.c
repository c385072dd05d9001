/*
 * keyed_test.c
 *		Two families in a keyed store.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "kernel_test.h"

#include "common/int.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"

#include "nm_dict.h"
#include "nm_keyed.h"
#include "nm_log.h"

/* keyed_state: masks by key and block, as the days of a user are kept */

typedef struct MaskEntity
{
	int64 key;
	int64 block;
	uint64 mask;
	int64 rows;
} MaskEntity;

static inline void
mask_merge(void *entity, const void *row)
{
	MaskEntity *into = entity;
	const MaskEntity *from = row;

	into->mask |= from->mask;
	if (pg_add_s64_overflow(into->rows, from->rows, &into->rows))
		elog(ERROR, "too many rows");
}

static const char *
mask_check(const NmState *state pg_attribute_unused(), const void *rec)
{
	const MaskEntity *entity = rec;

	return entity->rows > 0 ? NULL : "An entity has no rows.";
}

static const NmFamily mask_family = {.type_name = "keyed_state",
									 .kind = KIND_KEYED_TEST,
									 .version = 1,
									 .layout = "kqqq",
									 .check_record = mask_check,
									 .check_param = kernel_test_check_param,
									 .combine_param =
										 kernel_test_combine_param};

static const NmKeyedOps mask_ops = {.family = &mask_family,
									.recsize = sizeof(MaskEntity),
									.idsize = offsetof(MaskEntity, mask),
									.merge = mask_merge};

NM_KEYED_FUNCTIONS(keyed_test, &mask_ops);

PG_FUNCTION_INFO_V1(kernel_test_keyed_trans_int8);
Datum
kernel_test_keyed_trans_int8(PG_FUNCTION_ARGS)
{
	NmState *state =
		nm_keyed_transition_state(fcinfo, &mask_ops, NM_KEY_BIGINT);
	MaskEntity row;

	row.key = PG_GETARG_INT64(1);
	row.block = PG_GETARG_INT32(2);
	row.mask = (uint64) PG_GETARG_INT64(3);
	row.rows = 1;
	if (state == NULL)
		state = nm_keyed_begin(&mask_ops, NM_KEY_BIGINT, 0);
	nm_keyed_update(&state, &mask_ops, &row);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(kernel_test_keyed_trans_text);
Datum
kernel_test_keyed_trans_text(PG_FUNCTION_ARGS)
{
	NmState *state = nm_keyed_transition_state(fcinfo, &mask_ops, NM_KEY_TEXT);
	text *key = PG_GETARG_TEXT_PP(1);
	MaskEntity row;

	if (state == NULL)
		state = nm_keyed_begin(&mask_ops, NM_KEY_TEXT, 0);
	row.block = PG_GETARG_INT32(2);
	row.mask = (uint64) PG_GETARG_INT64(3);
	row.rows = 1;
	nm_keyed_update_string(&state, &mask_ops, &row, VARDATA_ANY(key),
						   VARSIZE_ANY_EXHDR(key));
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(kernel_test_keyed_trans_uuid);
Datum
kernel_test_keyed_trans_uuid(PG_FUNCTION_ARGS)
{
	NmState *state = nm_keyed_transition_state(fcinfo, &mask_ops, NM_KEY_UUID);
	MaskEntity row;

	if (state == NULL)
		state = nm_keyed_begin(&mask_ops, NM_KEY_UUID, 0);
	row.block = PG_GETARG_INT32(2);
	row.mask = (uint64) PG_GETARG_INT64(3);
	row.rows = 1;
	nm_keyed_update_string(&state, &mask_ops, &row,
						   (const char *) PG_GETARG_UUID_P(1)->data, UUID_LEN);
	PG_RETURN_POINTER(state);
}

#define ROT(x, k) (((x) << (k)) | ((x) >> (32 - (k))))

/*
 * colliding_uuid(n): another uuid for each n, all of which have the same hash.
 * It runs hash_bytes backwards, as an attacker would.
 */
PG_FUNCTION_INFO_V1(kernel_test_colliding_uuid);
Datum
kernel_test_colliding_uuid(PG_FUNCTION_ARGS)
{
	uint32 init = 0x9e3779b9 + UUID_LEN + 3923095;
	uint32 words[4] = {0, 0, 0, 0};
	uint32 a = (uint32) PG_GETARG_INT32(0);
	uint32 b = a * 2654435761U;
	uint32 c = 42;
	pg_uuid_t *result = palloc(sizeof(pg_uuid_t));

	/* final(), backwards */
	c = (c + ROT(b, 24)) ^ b;
	b = (b + ROT(a, 14)) ^ a;
	a = (a + ROT(c, 4)) ^ c;
	c = (c + ROT(b, 16)) ^ b;
	b = (b + ROT(a, 25)) ^ a;
	a = (a + ROT(c, 11)) ^ c;
	c = (c + ROT(b, 14)) ^ b;

	/* mix(), backwards; the last word of the key is 0 */
	b -= a;
	c = (c ^ ROT(b, 4)) + b;
	a -= c;
	b = (b ^ ROT(a, 19)) + a;
	c -= b;
	a = (a ^ ROT(c, 16)) + c;
	b -= a;
	c = (c ^ ROT(b, 8)) + b;
	a -= c;
	b = (b ^ ROT(a, 6)) + a;
	c -= b;
	a = (a ^ ROT(c, 4)) + c;
	words[0] = a - init;
	words[1] = b - init;
	words[2] = c - init;
	memcpy(result->data, words, UUID_LEN);
	PG_RETURN_UUID_P(result);
}

/* keyed_rows(state): all entities in their order */
PG_FUNCTION_INFO_V1(kernel_test_keyed_rows);
Datum
kernel_test_keyed_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state = nm_keyed_arg(fcinfo, 0, &mask_ops);
	const MaskEntity *entity = (const MaskEntity *) nm_state_records(state);

	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < state->nrecords; i++, entity++)
	{
		Datum values[4];
		bool nulls[4] = {false, false, false, false};

		values[0] = CStringGetTextDatum(nm_state_key_text(state, entity->key));
		values[1] = Int32GetDatum((int32) entity->block);
		values[2] = Int64GetDatum((int64) entity->mask);
		values[3] = Int64GetDatum(entity->rows);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * keyed_totals(state): entities, rows, and sums over the keys and masks; fast
 * enough for millions.
 */
PG_FUNCTION_INFO_V1(kernel_test_keyed_totals);
Datum
kernel_test_keyed_totals(PG_FUNCTION_ARGS)
{
	const NmState *state = nm_keyed_arg(fcinfo, 0, &mask_ops);
	const MaskEntity *entity = (const MaskEntity *) nm_state_records(state);
	uint64 rows = 0;
	uint64 masks = 0;

	for (uint32 i = 0; i < state->nrecords; i++, entity++)
	{
		rows += entity->rows;
		masks += pg_popcount((const char *) &entity->mask, 8);
	}
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%u entities, " UINT64_FORMAT
											  " rows, " UINT64_FORMAT " bits",
											  state->nrecords, rows, masks)));
}

/* keyed_double(state): the wire form with an entity twice, to be refused */
PG_FUNCTION_INFO_V1(kernel_test_keyed_double);
Datum
kernel_test_keyed_double(PG_FUNCTION_ARGS)
{
	const NmState *state = nm_keyed_arg(fcinfo, 0, &mask_ops);
	NmState *log = nm_log_begin(&mask_family, state->flags, 0);

	log = nm_log_merge(log, state, &mask_family, NULL);
	log = nm_log_merge(log, state, &mask_family, NULL);
	PG_RETURN_POINTER(nm_log_canonical(log, &mask_family));
}

/* count_state: rows by text key and channel */

typedef struct CountEntity
{
	int64 key;
	uint32 channel;
	int32 rows;
} CountEntity;

#define COUNT_ID_SIZE offsetof(CountEntity, rows)

static inline void
count_merge(void *entity, const void *row)
{
	CountEntity *into = entity;
	const CountEntity *from = row;

	if (pg_add_s32_overflow(into->rows, from->rows, &into->rows))
		elog(ERROR, "too many rows");
}

static const char *
count_check(const NmState *state pg_attribute_unused(), const void *rec)
{
	const CountEntity *entity = rec;

	return entity->rows > 0 ? NULL : "An entity has no rows.";
}

static const NmFamily count_family = {.type_name = "count_state",
									  .kind = KIND_COUNT_TEST,
									  .version = 1,
									  .layout = "ksi",
									  .check_record = count_check,
									  .check_param = kernel_test_check_param,
									  .combine_param =
										  kernel_test_combine_param};

static const NmKeyedOps count_ops = {.family = &count_family,
									 .recsize = sizeof(CountEntity),
									 .idsize = COUNT_ID_SIZE,
									 .merge = count_merge};

NM_KEYED_FUNCTIONS(count_test, &count_ops);

PG_FUNCTION_INFO_V1(kernel_test_count_trans);
Datum
kernel_test_count_trans(PG_FUNCTION_ARGS)
{
	NmState *state = nm_keyed_transition_state(fcinfo, &count_ops, NM_KEY_TEXT);
	text *key = PG_GETARG_TEXT_PP(1);
	text *channel = PG_GETARG_TEXT_PP(2);
	CountEntity row;

	if (state == NULL)
		state = nm_keyed_begin(&count_ops, NM_KEY_TEXT, 0);
	row.key = nm_dict_intern(&state, count_ops.recsize, VARDATA_ANY(key),
							 VARSIZE_ANY_EXHDR(key));
	row.channel =
		nm_dict_intern(&state, count_ops.recsize, VARDATA_ANY(channel),
					   VARSIZE_ANY_EXHDR(channel));
	row.rows = 1;
	nm_keyed_update(&state, &count_ops, &row);
	PG_RETURN_POINTER(state);
}

/* count_rows(state): all entities in their order */
PG_FUNCTION_INFO_V1(kernel_test_count_rows);
Datum
kernel_test_count_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state = nm_keyed_arg(fcinfo, 0, &count_ops);
	const CountEntity *entity = (const CountEntity *) nm_state_records(state);

	InitMaterializedSRF(fcinfo, 0);
	for (uint32 i = 0; i < state->nrecords; i++, entity++)
	{
		Datum values[3];
		bool nulls[3] = {false, false, false};
		uint32 len;
		const char *data = nm_state_string(state, entity->channel, &len);

		values[0] = CStringGetTextDatum(nm_state_key_text(state, entity->key));
		values[1] = PointerGetDatum(cstring_to_text_with_len(data, len));
		values[2] = Int32GetDatum(entity->rows);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
