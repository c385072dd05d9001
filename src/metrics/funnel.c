/*
 * funnel.c
 *		Funnels: funnel_state and its aggregates.
 *
 * A state is a log of the events that its steps name (user, instant, event,
 * property).  What it tracks is its param.  See doc/funnel.md for the
 * definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "catalog/pg_aggregate.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/primnodes.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "funnel.h"
#include "nm_guards.h"
#include "sequence.h"

/*
 * The param of a state is the text of what it tracks: a letter for the kind,
 * '*' if other events are there too or '-', then each name as length:name,
 */
#define OTHERS "*"

static const char *
funnel_check_record(const NmState *state pg_attribute_unused(), const void *rec)
{
	const NmFunnelRow *row = rec;

	if (!IS_VALID_TIMESTAMP(row->at))
		return "An event is outside the range of times.";
	if (row->event < NM_FUNNEL_SEVERAL || row->event >= NM_FUNNEL_STEPS)
		return "An event is none of those tracked.";
	return NULL;
}

/* parse_tracked reads a param; false if it is none. */
static bool
parse_tracked(const char *data, uint32 len, NmFunnelTracked *tracked)
{
	const char *end = data + len;

	if (len < 2 || strchr("nmp", data[0]) == NULL || data[0] == '\0' ||
		(data[1] != '*' && data[1] != '-'))
		return false;
	tracked->kind = (NmFunnelKind) data[0];
	tracked->others = data[1] == '*';
	tracked->n = 0;
	data += 2;
	while (data < end)
	{
		uint32 size = 0;
		int digits = 0;

		while (data < end && *data >= '0' && *data <= '9' && digits++ < 9)
			size = size * 10 + (*data++ - '0');
		if (digits == 0 || data == end || *data++ != ':' ||
			(Size) (end - data) < (Size) size + 1 || data[size] != ',' ||
			tracked->n == NM_FUNNEL_STEPS)
			return false;
		tracked->name[tracked->n] = data;
		tracked->len[tracked->n++] = size;
		data += size + 1;
	}
	return tracked->n > 0;
}

static const char *
funnel_check_param(const NmState *state)
{
	NmFunnelTracked tracked;
	uint32 len;
	const char *data = nm_state_string(state, state->param, &len);

	if (!parse_tracked(data, len, &tracked))
		return "The tracked events are not readable.";
	return NULL;
}

void
nm_funnel_different_steps(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("funnel states of different steps"),
			 errdetail("A state holds the events that its steps name, in their order."),
			 errhint("Build both states with the same aggregate and the same steps.")));
}

static void
funnel_combine_param(NmState *dst pg_attribute_unused(),
					 const NmState *src pg_attribute_unused())
{
	nm_funnel_different_steps();
}

const NmFamily nm_funnel_family = {
	.type_name = "funnel_state",
	.kind = NM_KIND_FUNNEL,
	.version = 1,
	.layout = "ktis",
	.check_record = funnel_check_record,
	.check_param = funnel_check_param,
	.times = NM_TIMES_INSTANTS,
	.combine_param = funnel_combine_param,
	.param_is_string = true,
};

StaticAssertDecl(sizeof(NmFunnelRow) == 24, "layout of a funnel row");

NM_LOG_FUNCTIONS(funnel, &nm_funnel_family);

void
nm_funnel_tracked(const NmState *state, NmFunnelTracked *tracked)
{
	uint32 len;
	const char *data = nm_state_string(state, state->param, &len);

	if (!parse_tracked(data, len, tracked))
		nm_state_damaged("The tracked events are not readable.");
}

uint64
nm_funnel_bits(const NmFunnelTracked *tracked, const char *data, uint32 len)
{
	uint64 bits = 0;

	for (int i = 0; i < tracked->n; i++)
		if (tracked->len[i] == len && memcmp(tracked->name[i], data, len) == 0)
			bits |= UINT64CONST(1) << i;
	return bits;
}

/* hex_bits reads conditions that were written in hex; 0 if they were not. */
static uint64
hex_bits(const char *data, uint32 len)
{
	const char *digits = "0123456789abcdef";
	uint64 bits = 0;

	for (uint32 i = 0; i < len; i++)
	{
		const char *digit = memchr(digits, data[i], 16);

		if (digit == NULL)
			return 0;
		bits = bits << 4 | (uint64) (digit - digits);
	}
	return bits;
}

uint64
nm_funnel_row_bits(const NmState *state, const NmFunnelTracked *tracked,
				   const NmFunnelRow *row)
{
	bool matches = tracked->kind == NM_FUNNEL_MATCHES;

	if (row->event == NM_FUNNEL_SEVERAL && matches)
	{
		uint32 len;
		const char *data = nm_state_string(state, row->property, &len);

		return hex_bits(data, len);
	}
	if (row->event < 0 || row->event >= tracked->n)
		return 0;
	if (matches)
		return UINT64CONST(1) << row->event;
	return nm_funnel_bits(tracked, tracked->name[row->event],
						  tracked->len[row->event]);
}

/* What an aggregate tracks */

/* StepsCache: the steps argument of the last row, and what it means. */
typedef struct StepsCache
{
	MemoryContext context; /* that it lies in */
	ArrayType *array;      /* as it came */
	Size size;
	char *param;
	uint32 param_len;
	NmFunnelTracked tracked; /* points into param */
	bool constant;           /* the argument is the same for every row */
	uint64 seed;             /* of a dictionary that has this param */
	uint64 rows;             /* that came, and how many of them were kept */
	uint64 kept;
} StepsCache;

/* steps_param writes the param of the given names. */
static void
steps_param(StringInfo param, NmFunnelKind kind, Datum *names, bool *nulls,
			int n)
{
	bool others = false;
	int tracked = 0;

	nm_refuse_null_elements(nulls, n, "steps");
	appendStringInfoString(param, "?-");
	param->data[0] = (char) kind;
	for (int i = 0; i < n; i++)
	{
		char *name = TextDatumGetCString(names[i]);

		if (strcmp(name, OTHERS) == 0)
		{
			others = true;
			continue;
		}
		appendStringInfo(param, "%zu:%s,", strlen(name), name);
		tracked++;
	}
	if (tracked == 0 || tracked > NM_FUNNEL_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a funnel state tracks from 1 to %d events",
						NM_FUNNEL_STEPS),
				 errdetail("The array has %d.", tracked),
				 errhint("Name the steps and exclusions of the funnel, not every event that there is.")));
	if (others)
		param->data[1] = '*';
}

/* read_steps makes a cache from an array, in a context of its own. */
static StepsCache *
read_steps(FunctionCallInfo fcinfo, ArrayType *array, NmFunnelKind kind)
{
	MemoryContext context =
		AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "nudge_metrics steps",
							  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	StepsCache *cache = palloc0_object(StepsCache);
	StringInfoData param;
	Datum *names;
	bool *nulls;
	int n;

	n = nm_array_elements(array, "steps", TEXTOID, &names, &nulls);
	initStringInfo(&param);
	steps_param(&param, kind, names, nulls, n);
	cache->context = context;
	cache->size = VARSIZE(array);
	cache->array = palloc(cache->size);
	memcpy(cache->array, array, cache->size);
	cache->param = param.data;
	cache->param_len = param.len;
	if (!parse_tracked(param.data, param.len, &cache->tracked))
		elog(ERROR, "tracked events are not readable");
	MemoryContextSwitchTo(old);
	return cache;
}

/*
 * is_constant tells whether an argument of an aggregate is a constant.  Those
 * of an ordered-set aggregate lie elsewhere.
 */
static bool
is_constant(FunctionCallInfo fcinfo, int argno)
{
	Aggref *aggref = AggGetAggref(fcinfo);

	return aggref != NULL && !AGGKIND_IS_ORDERED_SET(aggref->aggkind) &&
		   list_length(aggref->args) >= argno &&
		   IsA(list_nth_node(TargetEntry, aggref->args, argno - 1)->expr,
			   Const);
}

/* look_at_steps returns what an argument tracks that is no known constant. */
static StepsCache *
look_at_steps(FunctionCallInfo fcinfo, int argno, NmFunnelKind kind)
{
	StepsCache *cache = fcinfo->flinfo->fn_extra;
	StepsCache *before = cache;
	ArrayType *array;

	nm_require_arg(fcinfo, argno, "steps");
	array = PG_GETARG_ARRAYTYPE_P(argno);
	if (likely(cache != NULL && cache->size == VARSIZE(array) &&
			   memcmp(cache->array, array, cache->size) == 0))
		return cache;
	cache = read_steps(fcinfo, array, kind);
	cache->constant = is_constant(fcinfo, argno);
	fcinfo->flinfo->fn_extra = cache;
	if (before != NULL)
		MemoryContextDelete(before->context);
	return cache;
}

/* steps_arg returns what an argument tracks, from the cache if it is there. */
static inline StepsCache *
steps_arg(FunctionCallInfo fcinfo, int argno, NmFunnelKind kind)
{
	StepsCache *cache = fcinfo->flinfo->fn_extra;

	if (likely(cache != NULL && cache->constant))
		return cache;
	return look_at_steps(fcinfo, argno, kind);
}

/* Transition functions */

/* check_event complains about a row of nobody or of no time. */
static inline void
check_event(FunctionCallInfo fcinfo)
{
	if (unlikely(PG_ARGISNULL(1) || PG_ARGISNULL(2)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("\"%s\" of an event must not be null",
						PG_ARGISNULL(1) ? "user_id" : "at"),
				 errdetail("An event of nobody or of no time has no place in a funnel."),
				 errhint("Leave such rows out with FILTER or WHERE, or give visitors a key: coalesce(user_id, anonymous_id).")));
}

/* matches_arg returns which conditions of a row are true, by bits. */
static uint64
matches_arg(FunctionCallInfo fcinfo, const StepsCache *cache)
{
	ArrayType *array;
	uint64 bits = 0;
	bool *values;
	bits8 *nulls;
	int n;
	int at = 0;

	if (PG_ARGISNULL(3))
		return 0;
	array = PG_GETARG_ARRAYTYPE_P(3);
	nm_check_plain_array(array, "matches");
	n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (n != cache->tracked.n)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("conditions and steps differ in number"),
				 errdetail("There are %d conditions for %d steps.", n,
						   cache->tracked.n),
				 errhint("Give one condition for each step, '*' left out.")));
	values = (bool *) ARR_DATA_PTR(array);
	nulls = ARR_NULLBITMAP(array);
	for (int i = 0; i < n; i++)
	{
		/* a null has no place among the values */
		if (nulls != NULL && !(nulls[i / 8] & (1 << (i % 8))))
			continue;
		if (values[at++])
			bits |= UINT64CONST(1) << i;
	}
	return bits;
}

/* bits_event returns the event of a row that meets conditions. */
static int32
bits_event(uint64 bits)
{
	if (bits == 0)
		return NM_FUNNEL_OTHER;
	if ((bits & (bits - 1)) != 0)
		return NM_FUNNEL_SEVERAL;
	return pg_rightmost_one_pos64(bits);
}

static inline bool
same_word(const char *a, const char *b)
{
	uint64 x;
	uint64 y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x == y;
}

/* same_name looks at both ends of a name, and at what is between them last. */
static inline bool
same_name(const char *a, uint32 a_len, const char *b, uint32 b_len)
{
	const uint32 word = sizeof(uint64);

	if (a_len != b_len)
		return false;
	if (a_len < word)
		return memcmp(a, b, a_len) == 0;
	return same_word(a, b) && same_word(a + a_len - word, b + a_len - word) &&
		   (a_len <= 2 * word ||
			memcmp(a + word, b + word, a_len - 2 * word) == 0);
}

/* name_event returns the event of a row by its name. */
static pg_attribute_always_inline int32
name_event(FunctionCallInfo fcinfo, const NmFunnelTracked *tracked)
{
	text *name;
	const char *data;
	uint32 len;

	if (PG_ARGISNULL(3))
		return NM_FUNNEL_OTHER;
	name = PG_GETARG_TEXT_PP(3);
	data = VARDATA_ANY(name);
	len = VARSIZE_ANY_EXHDR(name);
	for (int i = 0; i < tracked->n; i++)
		if (same_name(tracked->name[i], tracked->len[i], data, len))
			return i;
	return NM_FUNNEL_OTHER;
}

/* same_param tells whether a working state tracks what the cache says. */
static inline bool
same_param(const NmState *state, StepsCache *cache)
{
	uint64 seed = nm_dict_seed(state, sizeof(NmFunnelRow));
	uint32 len;
	const char *data;

	if (likely(seed == cache->seed))
		return true;
	data = nm_string(state, sizeof(NmFunnelRow), state->param, &len);
	if (len != cache->param_len || memcmp(data, cache->param, len) != 0)
		return false;
	cache->seed = seed;
	return true;
}

/* intern_bits returns the number of the string of several conditions. */
static uint32
intern_bits(NmState **state, uint64 bits)
{
	char text[20];
	int len = snprintf(text, sizeof(text), "%llx", (unsigned long long) bits);

	return nm_dict_intern(state, sizeof(NmFunnelRow), text, len);
}

/* share_kept returns which share of the rows to come may be kept: a bit more. */
static double
share_kept(const StepsCache *cache)
{
	return Min(1.0, 1.05 * (double) cache->kept / (double) cache->rows);
}

/* funnel_trans adds a row to the state; all but fcinfo are constants. */
static pg_attribute_always_inline Datum
funnel_trans(FunctionCallInfo fcinfo, int key, bool is_day, NmFunnelKind kind)
{
	int flags = key | NM_INSTANTS;
	int recsize = sizeof(NmFunnelRow);
	NmState *state = nm_log_transition_state(fcinfo, &nm_funnel_family, flags);
	StepsCache *cache = steps_arg(fcinfo, 4, kind);
	int64 at;
	uint64 bits = 0;
	int32 event;
	uint32 property;
	NmFunnelRow *row;

	cache->rows++;
	check_event(fcinfo);
	at = nm_row_time(fcinfo, 2, is_day);
	if (unlikely(state != NULL && !same_param(state, cache)))
		nm_funnel_different_steps();
	if (kind == NM_FUNNEL_MATCHES)
	{
		bits = matches_arg(fcinfo, cache);
		event = bits_event(bits);
	}
	else
		event = name_event(fcinfo, &cache->tracked);
	if (event == NM_FUNNEL_OTHER && !cache->tracked.others)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
		state = nm_log_begin_string(&nm_funnel_family, flags, cache->param,
									cache->param_len);
	property = state->param;
	if (event == NM_FUNNEL_SEVERAL)
		property = intern_bits(&state, bits);
	else if (kind == NM_FUNNEL_PROPERTIES)
	{
		text *value = PG_ARGISNULL(5) ? NULL : PG_GETARG_TEXT_PP(5);

		property =
			nm_dict_intern(&state, recsize, value ? VARDATA_ANY(value) : "",
						   value ? VARSIZE_ANY_EXHDR(value) : 0);
	}
	cache->kept++;
	if (unlikely(state->nrecords == state->rec_capacity))
		state = nm_log_reserve(state, recsize, 1, fcinfo, share_kept(cache));
	row = nm_log_append(&state, recsize, fcinfo);
	row->key = 0;
	row->at = at;
	row->event = event;
	row->property = property;
	nm_log_put_key(fcinfo, 1, &state, flags, recsize);
	PG_RETURN_POINTER(state);
}

#define FUNNEL_TRANS(name, key, is_day, kind)           \
	PG_FUNCTION_INFO_V1(name);                          \
	Datum name(PG_FUNCTION_ARGS)                        \
	{                                                   \
		return funnel_trans(fcinfo, key, is_day, kind); \
	}                                                   \
	extern int name##_no_such_object

#define FUNNEL_TRANS_KINDS(suffix, key, is_day)                             \
	FUNNEL_TRANS(nm_funnel_trans_##suffix, key, is_day, NM_FUNNEL_NAMES);   \
	FUNNEL_TRANS(nm_funnel_match_##suffix, key, is_day, NM_FUNNEL_MATCHES); \
	FUNNEL_TRANS(nm_funnel_property_##suffix, key, is_day, NM_FUNNEL_PROPERTIES)

FUNNEL_TRANS_KINDS(int8_instant, NM_KEY_BIGINT, false);
FUNNEL_TRANS_KINDS(int8_day, NM_KEY_BIGINT, true);
FUNNEL_TRANS_KINDS(uuid_instant, NM_KEY_UUID, false);
FUNNEL_TRANS_KINDS(uuid_day, NM_KEY_UUID, true);
FUNNEL_TRANS_KINDS(text_instant, NM_KEY_TEXT, false);
FUNNEL_TRANS_KINDS(text_day, NM_KEY_TEXT, true);

/* From a sequence */

/* put_row adds an event of a sequence to a working funnel state. */
static NmState *
put_row(NmState *state, const NmState *src, const NmSequenceRow *from,
		int32 event)
{
	int recsize = sizeof(NmFunnelRow);
	NmFunnelRow *row = nm_log_append(&state, recsize, NULL);

	row->key = from->key;
	row->at = from->at;
	row->event = event;
	row->property = state->param;
	if (nm_state_key_type(src) != NM_KEY_BIGINT)
	{
		uint32 len;
		const char *key = nm_state_string(src, (uint32) from->key, &len);

		nm_dict_put_key(&state, recsize, state->nrecords - 1, key, len);
	}
	return state;
}

/* events_of_strings returns the event of each string of a sequence state. */
static int32 *
events_of_strings(const NmState *src, const NmFunnelTracked *tracked)
{
	int32 *events = palloc_extended(mul_size(src->nstrings, sizeof(int32)),
									MCXT_ALLOC_HUGE);

	for (uint32 i = 0; i < src->nstrings; i++)
	{
		uint32 len;
		const char *name = nm_state_string(src, i, &len);
		uint64 bits = nm_funnel_bits(tracked, name, len);

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		events[i] = bits ? pg_rightmost_one_pos64(bits) : NM_FUNNEL_OTHER;
	}
	return events;
}

PG_FUNCTION_INFO_V1(nm_as_funnel_state);
Datum
nm_as_funnel_state(PG_FUNCTION_ARGS)
{
	const NmState *src;
	const NmSequenceRow *rows;
	StepsCache *cache = steps_arg(fcinfo, 1, NM_FUNNEL_NAMES);
	int32 *events;
	NmState *state;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	src = nm_log_arg(fcinfo, 0, &nm_sequence_family);
	rows = nm_sequence_records(src);
	events = events_of_strings(src, &cache->tracked);
	state = nm_log_begin_string(&nm_funnel_family, src->flags, cache->param,
								cache->param_len);
	for (uint32 i = 0; i < src->nrecords; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (rows[i].event >= src->nstrings)
			nm_state_damaged("A record points outside the dictionary.");
		if (events[rows[i].event] != NM_FUNNEL_OTHER || cache->tracked.others)
			state = put_row(state, src, &rows[i], events[rows[i].event]);
	}
	if (state->nrecords == 0)
		PG_RETURN_NULL();
	nm_dict_flush(state, sizeof(NmFunnelRow));
	PG_RETURN_POINTER(nm_log_canonical(state, &nm_funnel_family));
}
