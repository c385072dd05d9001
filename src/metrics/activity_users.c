/*
 * activity_users.c
 *		The users of an activity_state: their days, and leaving some out.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "activity.h"
#include "nm_guards.h"
#include "nm_rows.h"
#include "nm_span.h"

/* Users that are left out */

/* Excluded: the keys of the users to leave out, ascending. */
typedef struct Excluded
{
	int64 *keys;
	int n;
} Excluded;

/* find_user returns the key of a user given as text; false if there is none. */
static bool
find_user(const NmState *state, Datum user, int64 *key)
{
	if (nm_state_key_type(state) == NM_KEY_TEXT)
		*key = nm_state_find_text(state, DatumGetTextPP(user));
	else if (nm_state_key_type(state) == NM_KEY_UUID)
	{
		Datum uuid =
			DirectFunctionCall1(uuid_in,
								CStringGetDatum(TextDatumGetCString(user)));

		*key = nm_state_find_string(state,
									(const char *) DatumGetUUIDP(uuid)->data,
									UUID_LEN);
	}
	else
	{
		*key =
			DatumGetInt64(DirectFunctionCall1(int8in,
											  CStringGetDatum(TextDatumGetCString(user))));
		return true;
	}
	return *key >= 0;
}

/* excluded_keys looks up users; NULL names nobody. */
static void
excluded_keys(const NmState *state, ArrayType *users, Excluded *excluded)
{
	Datum *names;
	bool *nulls;
	int n;
	int m = 0;

	n = nm_array_elements(users, "users", TEXTOID, &names, &nulls);
	excluded->keys = palloc_array(int64, n + 1);
	excluded->n = 0;
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!nulls[i] &&
			find_user(state, names[i], &excluded->keys[excluded->n]))
			excluded->n++;
	}
	nm_sort_values(excluded->keys, excluded->n);
	for (int i = 0; i < excluded->n; i++)
		if (i == 0 || excluded->keys[i] != excluded->keys[i - 1])
			excluded->keys[m++] = excluded->keys[i];
	excluded->n = m;
}

/* count_record adds a record to the totals of what is left out. */
static void
count_record(const NmActivityRecord *rec, NmActivityTotals *totals)
{
	if (rec->slot == 0)
	{
		totals->days +=
			pg_popcount64(rec->bits[0]) + pg_popcount64(rec->bits[1]);
		return;
	}
	for (int i = 0; i < NM_ACTIVITY_PART; i++)
	{
		totals->days += nm_activity_actions(rec, i) > 0;
		totals->actions += nm_activity_actions(rec, i);
	}
}

/*
 * split_records counts the records of the excluded users, and copies the others
 * to `kept`, if given; returns how many those are.  Of the keys only those that
 * have a record remain.
 */
static uint32
split_records(const NmState *state, Excluded *excluded, NmActivityRecord *kept,
			  NmActivityTotals *totals)
{
	const NmActivityRecord *rec = nm_activity_records(state);
	bool is_string = nm_state_key_type(state) != NM_KEY_BIGINT;
	uint32 nkept = 0;
	int found = 0;
	int at = 0;

	memset(totals, 0, sizeof(NmActivityTotals));
	for (uint32 i = 0; i < state->nrecords; i++, rec++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		while (at < excluded->n && excluded->keys[at] < rec->key)
			at++;
		if (at < excluded->n && excluded->keys[at] == rec->key)
		{
			if (found == 0 || excluded->keys[found - 1] != rec->key)
				excluded->keys[found++] = rec->key;
			count_record(rec, totals);
			continue;
		}
		if (kept != NULL)
		{
			kept[nkept] = *rec;
			if (is_string)
				kept[nkept].key -= found;
		}
		nkept++;
	}
	excluded->n = found;
	totals->users = found;
	return nkept;
}

/* copy_strings copies the dictionary without the strings of the excluded. */
static void
copy_strings(NmState *result, const NmState *state, const Excluded *excluded)
{
	uint32 *offsets = (uint32 *) nm_state_offsets(result);
	char *bytes = (char *) (offsets + result->nstrings + 1);
	uint32 n = 0;
	uint32 used = 0;
	int at = 0;

	for (uint32 i = 0; i < state->nstrings; i++)
	{
		uint32 len;
		const char *data = nm_state_string(state, i, &len);

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (at < excluded->n && excluded->keys[at] == i)
		{
			at++;
			continue;
		}
		if (n >= result->nstrings || len > result->dict_bytes - used)
			nm_state_damaged("The dictionary does not fill its space.");
		offsets[n++] = used;
		memcpy(bytes + used, data, len);
		used += len;
	}
	offsets[n] = used;
}

const NmState *
nm_activity_exclude(const NmState *state, ArrayType *users,
					NmActivityTotals *totals)
{
	Excluded excluded;
	NmState *result;
	uint32 nstrings = state->nstrings;
	uint32 dict_bytes = state->dict_bytes;
	uint32 nkept;
	Size size;

	excluded_keys(state, users, &excluded);
	nkept = split_records(state, &excluded, NULL, totals);
	if (excluded.n == 0)
		return state;
	if (nkept == 0)
		return NULL;
	if (nm_state_key_type(state) != NM_KEY_BIGINT)
	{
		nstrings -= excluded.n;
		for (int i = 0; i < excluded.n; i++)
		{
			uint32 len;

			(void) nm_state_string(state, (uint32) excluded.keys[i], &len);
			dict_bytes -= len;
		}
	}
	size = nm_canonical_size(sizeof(NmActivityRecord), nkept, nstrings,
							 dict_bytes);
	result = palloc(size);
	memcpy(result, state, NM_HEADER_SIZE);
	SET_VARSIZE(result, size);
	result->nrecords = nkept;
	result->nstrings = nstrings;
	result->dict_bytes = dict_bytes;
	split_records(state, &excluded,
				  (NmActivityRecord *) nm_state_records(result), totals);
	if (nstrings > 0)
		copy_strings(result, state, &excluded);
	return result;
}

/* SQL-callable functions */

PG_FUNCTION_INFO_V1(nm_activity_exclude_sql);
Datum
nm_activity_exclude_sql(PG_FUNCTION_ARGS)
{
	NmActivityTotals totals;
	const NmState *result;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	result = nm_activity_arg(fcinfo, 0);
	if (!PG_ARGISNULL(1))
		result = nm_activity_exclude(result, PG_GETARG_ARRAYTYPE_P(1), &totals);
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(result);
}

PG_FUNCTION_INFO_V1(nm_activity_excluded);
Datum
nm_activity_excluded(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmActivityTotals totals = {0, 0, 0};
	Datum values[3];
	bool nulls[3] = {false};

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = nm_activity_arg(fcinfo, 0);
	if (!PG_ARGISNULL(1))
		(void) nm_activity_exclude(state, PG_GETARG_ARRAYTYPE_P(1), &totals);
	values[0] = Int64GetDatum(totals.users);
	values[1] = Int64GetDatum(totals.days);
	values[2] = Int64GetDatum(totals.actions);
	nulls[2] = !nm_activity_counts(state);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(nm_activity_users);
Datum
nm_activity_users(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmActivityReader reader;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = nm_activity_arg(fcinfo, 0);
	nm_activity_begin(&reader, state,
					  nm_activity_as_of(fcinfo, 1, PG_INT32_MAX));
	nm_row_begin(&row);
	while (nm_activity_next(&reader))
	{
		Datum values[5];
		bool nulls[5] = {false};
		int64 actions = 0;

		for (int i = 0; reader.actions != NULL && i < reader.n; i++)
			actions += reader.actions[i];
		values[0] = CStringGetTextDatum(nm_state_key_text(state, reader.key));
		values[1] = DateADTGetDatum(reader.days[0]);
		values[2] = DateADTGetDatum(reader.days[reader.n - 1]);
		values[3] = Int64GetDatum(reader.n);
		values[4] = Int64GetDatum(actions);
		nulls[4] = reader.actions == NULL;
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(nm_activity_days);
Datum
nm_activity_days(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmActivityReader reader;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	state = nm_activity_arg(fcinfo, 0);
	nm_activity_begin(&reader, state, PG_INT64_MAX);
	nm_row_begin(&row);
	while (nm_activity_next(&reader))
	{
		for (int i = 0; i < reader.n; i++)
		{
			Datum values[3];
			bool nulls[3] = {false};

			CHECK_FOR_INTERRUPTS();
			values[0] =
				CStringGetTextDatum(nm_state_key_text(state, reader.key));
			values[1] = DateADTGetDatum(reader.days[i]);
			nulls[2] = reader.actions == NULL;
			values[2] = nulls[2] ? (Datum) 0 : Int64GetDatum(reader.actions[i]);
			nm_row_put(&row, rsinfo, values, nulls);
		}
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
