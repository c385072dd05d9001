/*
 * activity.c
 *		Activity: activity_state, its aggregates, and the reader of its users.
 *
 * A state keeps which users were active on which civil days, and if it is
 * asked to, how many actions each of them did on each.  See doc/activity.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/date.h"
#include "utils/uuid.h"

#include "activity.h"
#include "nm_calendar.h"
#include "nm_dict.h"
#include "nm_guards.h"
#include "nm_keyed.h"

#define PARTS (NM_ACTIVITY_BLOCK / NM_ACTIVITY_PART)
#define FIRST_CAPACITY 256

/* the blocks that hold the first and the last possible day */
#define FIRST_DAY (DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE)
#define LAST_DAY (DATE_END_JULIAN - POSTGRES_EPOCH_JDATE - 1)
#define FIRST_BLOCK (FIRST_DAY / NM_ACTIVITY_BLOCK - 1)
#define LAST_BLOCK (LAST_DAY / NM_ACTIVITY_BLOCK)

StaticAssertDecl(sizeof(NmActivityRecord) == 32, "layout of activity");
StaticAssertDecl(NM_ACTIVITY_BLOCK == 128 && NM_ACTIVITY_PART == 4,
				 "a block fills the two words of a record");

/* record_start returns the first day of a record. */
static inline int64
record_start(const NmActivityRecord *rec)
{
	int64 day = (int64) rec->block * NM_ACTIVITY_BLOCK;

	if (rec->slot > 0)
		day += (rec->slot - 1) * NM_ACTIVITY_PART;
	return day;
}

/* record_bounds returns the first and the last active day of a record. */
static void
record_bounds(const NmActivityRecord *rec, int64 *first, int64 *last)
{
	int width = rec->slot == 0 ? 1 : 32;
	int low = rec->bits[0] ? pg_rightmost_one_pos64(rec->bits[0])
						   : 64 + pg_rightmost_one_pos64(rec->bits[1]);
	int high = rec->bits[1] ? 64 + pg_leftmost_one_pos64(rec->bits[1])
							: pg_leftmost_one_pos64(rec->bits[0]);

	*first = record_start(rec) + low / width;
	*last = record_start(rec) + high / width;
}

static const char *
activity_check_record(const NmState *state, const void *record)
{
	const NmActivityRecord *rec = record;
	int64 first;
	int64 last;

	if (nm_activity_counts(state) ? rec->slot < 1 || rec->slot > PARTS
								  : rec->slot != 0)
		return "A record is not of the kind that its state has.";
	if (rec->bits[0] == 0 && rec->bits[1] == 0)
		return "A record has no activity.";
	record_bounds(rec, &first, &last);
	if (first < FIRST_DAY || last > LAST_DAY)
		return "An active day is outside the range of dates.";
	return NULL;
}

static const char *
activity_check_param(const NmState *state)
{
	if (state->param != NM_ACTIVITY_DAYS && state->param != NM_ACTIVITY_ACTIONS)
		return "The state neither counts actions nor does without.";
	return NULL;
}

static void
activity_combine_param(NmState *dst pg_attribute_unused(),
					   const NmState *src pg_attribute_unused())
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot combine activity with and without counts of actions"),
			 errdetail("Days without counts would be days without actions."),
			 errhint("Build both states by activity_count_agg, or both by activity_agg and activity_at_agg.")));
}

static void
too_many_actions(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("more than %u actions of a user on one day", PG_UINT32_MAX),
			 errdetail("A state counts no further."),
			 errhint("Leave out users that are programs, or count in larger units.")));
}

/* add_actions adds two pairs of counters of 32 bits. */
static inline uint64
add_actions(uint64 a, uint64 b)
{
	uint64 low = (a & PG_UINT32_MAX) + (b & PG_UINT32_MAX);
	uint64 high = (a >> 32) + (b >> 32);

	if (unlikely(low > PG_UINT32_MAX || high > PG_UINT32_MAX))
		too_many_actions();
	return high << 32 | low;
}

static inline void
activity_merge(void *entity, const void *row)
{
	NmActivityRecord *into = entity;
	const NmActivityRecord *from = row;

	if (likely(into->slot == 0))
	{
		into->bits[0] |= from->bits[0];
		into->bits[1] |= from->bits[1];
	}
	else
	{
		into->bits[0] = add_actions(into->bits[0], from->bits[0]);
		into->bits[1] = add_actions(into->bits[1], from->bits[1]);
	}
}

static const NmFamily activity_family = {
	.type_name = "activity_state",
	.kind = NM_KIND_ACTIVITY,
	.version = 1,
	.layout = "kiiqq",
	.check_record = activity_check_record,
	.check_param = activity_check_param,
	.combine_param = activity_combine_param,
	.times = NM_TIMES_DAYS,
};

const NmKeyedOps nm_activity_ops = {
	.family = &activity_family,
	.recsize = sizeof(NmActivityRecord),
	.idsize = offsetof(NmActivityRecord, bits),
	.merge = activity_merge,
};

NM_KEYED_FUNCTIONS(activity, &nm_activity_ops);

/* Transition functions */

/* What the aggregates take after the user. */
typedef enum ActivityInput
{
	INPUT_DAY,    /* day */
	INPUT_AT,     /* at, zone */
	INPUT_ACTIONS /* day, actions */
} ActivityInput;

/* bad_row complains about the first argument of a row that is at fault. */
static void
bad_row(FunctionCallInfo fcinfo, ActivityInput input)
{
	static const char *const names[][4] = {
		{NULL, "user_id", "day", NULL},
		{NULL, "user_id", "at", "zone"},
		{NULL, "user_id", "day", "actions"},
	};

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("\"%s\" of activity must not be null", names[input][1]),
				 errdetail("Activity of nobody in particular cannot be followed over time."),
				 errhint("Leave such rows out with FILTER (WHERE user_id IS NOT NULL), or count visitors too: coalesce(user_id, anonymous_id).")));
	for (int i = 2; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("\"%s\" of activity must not be null",
							names[input][i]),
					 errdetail("A row without it cannot be counted."),
					 errhint("Leave such rows out with FILTER or WHERE.")));
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("\"%s\" of activity must be finite", names[input][2]),
			 errdetail("Nobody was ever active at infinity."),
			 errhint("Leave such rows out with FILTER or WHERE.")));
}

/* actions_arg reads the number of actions of a row. */
static uint32
actions_arg(FunctionCallInfo fcinfo)
{
	int64 actions = PG_GETARG_INT64(3);

	if (unlikely(actions < 0))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("\"actions\" of activity must not be negative"),
						errdetail("They are a number of things done."),
						errhint("Leave out or correct such rows.")));
	if (unlikely(actions > PG_UINT32_MAX))
		too_many_actions();
	return (uint32) actions;
}

/* put_row gives a row, all but its key, to the state, which may move. */
static pg_attribute_always_inline void
put_row(FunctionCallInfo fcinfo, NmState **state, int flags,
		NmActivityRecord *row)
{
	if (flags == NM_KEY_BIGINT)
	{
		row->key = PG_GETARG_INT64(1);
		nm_keyed_update(state, &nm_activity_ops, row);
	}
	else if (flags == NM_KEY_UUID)
		nm_keyed_update_string(state, &nm_activity_ops, row,
							   (const char *) PG_GETARG_UUID_P(1)->data,
							   UUID_LEN);
	else
	{
		text *key = PG_GETARG_TEXT_PP(1);

		nm_keyed_update_string(state, &nm_activity_ops, row, VARDATA_ANY(key),
							   VARSIZE_ANY_EXHDR(key));
	}
}

/* put_day enters a day, and how much was done on it, into a record. */
static pg_attribute_always_inline void
put_day(NmActivityRecord *row, DateADT day, ActivityInput input, uint32 actions)
{
	int32 offset = day & (NM_ACTIVITY_BLOCK - 1);

	/* floor, also of days before 2000 */
	int32 block = (day - offset) / NM_ACTIVITY_BLOCK;

	row->bits[0] = row->bits[1] = 0;
	if (input != INPUT_ACTIONS)
	{
		uint64 bit = UINT64CONST(1) << (offset & 63);
		uint64 place = (uint32) block;

		/* block and slot as one word, as which they are read at once */
#ifdef WORDS_BIGENDIAN
		place <<= 32;
#endif
		memcpy(&row->block, &place, sizeof(place));
		row->bits[0] = offset < 64 ? bit : 0;
		row->bits[1] = offset < 64 ? 0 : bit;
	}
	else
	{
		int i = offset % NM_ACTIVITY_PART;

		row->block = block;
		row->slot = 1 + offset / NM_ACTIVITY_PART;
		row->bits[i / 2] = (uint64) actions << (32 * (i % 2));
	}
}

/*
 * activity_trans adds a row to the state.  flags and input are constants of
 * each caller, so that each gets a body of its own.
 */
static pg_attribute_always_inline Datum
activity_trans(FunctionCallInfo fcinfo, int flags, ActivityInput input)
{
	NmState *state = nm_keyed_transition_state(fcinfo, &nm_activity_ops, flags);
	uint32 param =
		input == INPUT_ACTIONS ? NM_ACTIVITY_ACTIONS : NM_ACTIVITY_DAYS;
	NmActivityRecord row;
	DateADT day;
	uint32 actions = 0;

	if (unlikely(PG_ARGISNULL(1) || PG_ARGISNULL(2) ||
				 (input != INPUT_DAY && PG_ARGISNULL(3))))
		bad_row(fcinfo, input);
	day = input == INPUT_AT ? nm_civil_day(fcinfo, PG_GETARG_TIMESTAMPTZ(2),
										   PG_GETARG_TEXT_PP(3))
							: PG_GETARG_DATEADT(2);
	if (unlikely(DATE_NOT_FINITE(day)))
		bad_row(fcinfo, input);
	if (unlikely(state != NULL && state->param != param))
		activity_combine_param(state, state);
	if (input == INPUT_ACTIONS)
	{
		actions = actions_arg(fcinfo);
		if (actions == 0)
		{
			if (state == NULL)
				PG_RETURN_NULL();
			PG_RETURN_POINTER(state);
		}
	}

	if (state == NULL)
		state = nm_keyed_begin(&nm_activity_ops, flags, param);
	row.key = 0;
	put_day(&row, day, input, actions);
	put_row(fcinfo, &state, flags, &row);
	PG_RETURN_POINTER(state);
}

#define ACTIVITY_TRANS(name, flags, input)           \
	PG_FUNCTION_INFO_V1(name);                       \
	Datum name(PG_FUNCTION_ARGS)                     \
	{                                                \
		return activity_trans(fcinfo, flags, input); \
	}                                                \
	extern int name##_no_such_object

ACTIVITY_TRANS(nm_activity_trans_int8, NM_KEY_BIGINT, INPUT_DAY);
ACTIVITY_TRANS(nm_activity_trans_uuid, NM_KEY_UUID, INPUT_DAY);
ACTIVITY_TRANS(nm_activity_trans_text, NM_KEY_TEXT, INPUT_DAY);
ACTIVITY_TRANS(nm_activity_at_trans_int8, NM_KEY_BIGINT, INPUT_AT);
ACTIVITY_TRANS(nm_activity_at_trans_uuid, NM_KEY_UUID, INPUT_AT);
ACTIVITY_TRANS(nm_activity_at_trans_text, NM_KEY_TEXT, INPUT_AT);
ACTIVITY_TRANS(nm_activity_count_trans_int8, NM_KEY_BIGINT, INPUT_ACTIONS);
ACTIVITY_TRANS(nm_activity_count_trans_uuid, NM_KEY_UUID, INPUT_ACTIONS);
ACTIVITY_TRANS(nm_activity_count_trans_text, NM_KEY_TEXT, INPUT_ACTIONS);

/* Reading a state */

const NmState *
nm_activity_arg(FunctionCallInfo fcinfo, int argno)
{
	return nm_keyed_arg(fcinfo, argno, &nm_activity_ops);
}

void
nm_activity_range(const NmState *state, int64 *first, int64 *last)
{
	const NmActivityRecord *rec = nm_activity_records(state);

	*first = PG_INT64_MAX;
	*last = PG_INT64_MIN;
	for (uint32 i = 0; i < state->nrecords; i++, rec++)
	{
		int64 from;
		int64 to;

		if ((i & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (unlikely(rec->bits[0] == 0 && rec->bits[1] == 0))
			nm_state_damaged("A record has no activity.");
		record_bounds(rec, &from, &to);
		*first = Min(*first, from);
		*last = Max(*last, to);
	}
}

int64
nm_activity_as_of(FunctionCallInfo fcinfo, int argno, int64 last)
{
	bool is_set;
	DateADT as_of = nm_date_arg(fcinfo, argno, "as_of", &is_set);

	return is_set ? as_of : last + 1;
}

void
nm_activity_begin(NmActivityReader *reader, const NmState *state, int64 limit)
{
	memset(reader, 0, sizeof(NmActivityReader));
	reader->state = state;
	reader->limit = Min(limit, (int64) PG_INT32_MAX + 1);
	reader->capacity = FIRST_CAPACITY;
	reader->days = palloc_array(int32, reader->capacity);
	if (nm_activity_counts(state))
		reader->actions = palloc_array(int64, reader->capacity);
}

/* reader_grow makes room for the days of one more record. */
static void
reader_grow(NmActivityReader *reader)
{
	if (reader->n > NM_MAX_ACTIVE_DAYS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a user has more than %d active days",
						NM_MAX_ACTIVE_DAYS),
				 errdetail("So many days are over ten thousand years."),
				 errhint("Leave out such users by nudge.activity_exclude(state, users), and look for made-up dates.")));
	reader->capacity *= 2;
	reader->days = repalloc_array(reader->days, int32, reader->capacity);
	if (reader->actions != NULL)
		reader->actions =
			repalloc_array(reader->actions, int64, reader->capacity);
}

/* read_mask adds the days of a record without counts. */
static inline void
read_mask(NmActivityReader *reader, const NmActivityRecord *rec)
{
	int64 day = record_start(rec);
	int n = reader->n;
	int64 room = reader->limit - day;

	for (int w = 0; w < 2 && room > 0; w++, day += 64, room -= 64)
	{
		uint64 bits = rec->bits[w];

		if (room < 64)
			bits &= (UINT64CONST(1) << room) - 1;
		while (bits != 0)
		{
			reader->days[n++] = (int32) day + pg_rightmost_one_pos64(bits);
			bits &= bits - 1;
		}
	}
	reader->n = n;
}

/* read_actions adds the days of a record with counts. */
static inline void
read_actions(NmActivityReader *reader, const NmActivityRecord *rec)
{
	int64 day = record_start(rec);

	for (int i = 0; i < NM_ACTIVITY_PART && day < reader->limit; i++, day++)
	{
		uint32 actions = nm_activity_actions(rec, i);

		if (actions == 0)
			continue;
		reader->days[reader->n] = (int32) day;
		reader->actions[reader->n++] = actions;
	}
}

/*
 * Whether records of one user follow upon each other as in a sound state, on
 * which the order of the days hangs.
 */
static inline bool
in_order(const NmActivityRecord *a, const NmActivityRecord *b)
{
	return a->block < b->block || (a->block == b->block && a->slot < b->slot);
}

bool
nm_activity_next(NmActivityReader *reader)
{
	const NmActivityRecord *records = nm_activity_records(reader->state);
	uint32 n = reader->state->nrecords;
	bool counts = reader->actions != NULL;

	while (reader->next < n)
	{
		uint32 i = reader->next;

		CHECK_FOR_INTERRUPTS();
		reader->n = 0;
		reader->key = records[i].key;
		do
		{
			const NmActivityRecord *rec = &records[i];

			if (unlikely(rec->block < FIRST_BLOCK || rec->block > LAST_BLOCK ||
						 (counts ? rec->slot < 1 || rec->slot > PARTS
								 : rec->slot != 0) ||
						 (i > reader->next && !in_order(&records[i - 1], rec))))
				nm_state_damaged("The records are not in order.");
			if (unlikely(reader->n + NM_ACTIVITY_BLOCK > reader->capacity ||
						 reader->n > NM_MAX_ACTIVE_DAYS))
				reader_grow(reader);
			if (counts)
				read_actions(reader, rec);
			else
				read_mask(reader, rec);
		} while (++i < n && records[i].key == reader->key);
		reader->next = i;
		if (reader->n > 0)
			return true;
	}
	return false;
}

int
nm_activity_search(const int32 *days, int n, int64 day)
{
	int low = 0;

	while (low < n)
	{
		int middle = low + (n - low) / 2;

		if (days[middle] < day)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

int
nm_user_compare(const NmState *a, int64 a_key, const NmState *b, int64 b_key)
{
	const char *a_data;
	const char *b_data;
	uint32 a_len;
	uint32 b_len;

	if (nm_state_key_type(a) == NM_KEY_BIGINT)
		return a_key < b_key ? -1 : (a_key > b_key ? 1 : 0);
	a_data = nm_state_string(a, (uint32) a_key, &a_len);
	b_data = nm_state_string(b, (uint32) b_key, &b_len);
	return nm_string_compare(a_data, a_len, b_data, b_len);
}
