/*
 * nm_state.c
 *		The envelope that all states share: checks, comparison, order.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include <sys/mman.h>

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "nm_guards.h"
#include "nm_state.h"

#define HUGE_PAGE_SIZE ((Size) 2 * 1024 * 1024)
#define HUGE_PAGES_FROM ((Size) 4 * 1024 * 1024)

int nm_max_state_size = 256;

void
nm_layout(const NmFamily *family, int flags, NmLayout *layout)
{
	int offset = 0;

	memset(layout, 0, sizeof(NmLayout));
	for (const char *c = family->layout; *c; c++)
	{
		int f = layout->nfields++;
		bool narrow =
			*c == 'i' || *c == 's' || (*c == 't' && !(flags & NM_INSTANTS));

		Assert(f < NM_MAX_FIELDS);
		layout->code[f] = *c;
		layout->offset[f] = offset;
		layout->width[f] = narrow ? sizeof(int32) : sizeof(int64);
		Assert(offset % layout->width[f] == 0);
		offset += layout->width[f];
		if (*c == 's' || (*c == 'k' && (flags & NM_KEY_MASK) != NM_KEY_BIGINT))
			layout->has_strings = true;
	}
	Assert(offset % 8 == 0);
	layout->size = offset;
}

int
nm_record_size(const NmFamily *family, int flags)
{
	int size = 0;

	for (const char *c = family->layout; *c; c++)
		size +=
			(*c == 'i' || *c == 's' || (*c == 't' && !(flags & NM_INSTANTS)))
				? 4
				: 8;
	return size;
}

void
nm_state_check_size(Size size)
{
	if (size > nm_state_limit())
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("state of %zu bytes would exceed nudge.max_state_size (%d MB)",
						size, nm_max_state_size),
				 errdetail("The setting keeps states small enough to be dumped and restored as text."),
				 errhint("Group by nudge.bucket(key, n) and add up the rows of the accessors, or have a superuser raise the setting up to 512 MB.")));
}

void
nm_huge_pages(void *block, Size size)
{
#ifdef MADV_HUGEPAGE
	if (size >= HUGE_PAGES_FROM)
	{
		char *start = (char *) TYPEALIGN(HUGE_PAGE_SIZE, block);
		char *end =
			(char *) TYPEALIGN_DOWN(HUGE_PAGE_SIZE, (char *) block + size);

		/* advice only: whatever comes of it is fine */
		if (end > start)
			(void) madvise(start, end - start, MADV_HUGEPAGE);
	}
#endif
}

void
nm_state_damaged(const char *problem)
{
	ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("damaged state"),
					errdetail("%s", problem),
					errhint("Build the state again from its rows.")));
}

const char *
nm_flags_problem(const NmFamily *family, int flags)
{
	bool instants = (flags & NM_INSTANTS) != 0;

	if ((flags & ~NM_FLAGS_KNOWN) || (flags & NM_KEY_MASK) == NM_KEY_MASK)
		return "The state has unknown flags.";
	if (family->times == NM_TIMES_DAYS && instants)
		return "The state has instants where its type has civil days.";
	if (family->times == NM_TIMES_INSTANTS && !instants)
		return "The state has civil days where its type has instants.";
	return NULL;
}

/* header_problem checks in O(1) that a state is what it says and whole. */
static const char *
header_problem(const NmState *state, const NmFamily *family)
{
	Size size = VARSIZE(state);
	Size expected;
	int recsize;
	const char *problem;

	if (size < NM_HEADER_SIZE || state->magic != NM_MAGIC)
		return "The bytes are not those of a state.";
	if (state->kind != family->kind)
		return "The state is of another type.";
	if (state->version == 0)
		return "The state has no version.";
	if (state->version > family->version)
		return "The state was made by a newer version of nudge_metrics.";
	problem = nm_flags_problem(family, state->flags);
	if (problem)
		return problem;
	recsize = nm_record_size(family, state->flags);
	if (state->flags & NM_WORKING)
		expected = NM_HEADER_SIZE + (Size) state->rec_capacity * recsize +
				   state->dict_capacity;
	else
		expected = nm_canonical_size(recsize, state->nrecords, state->nstrings,
									 state->dict_bytes);
	if (size != expected)
		return "The size of the state is not what its header says.";
	if ((state->flags & NM_WORKING)
			? state->nrecords > state->rec_capacity
			: (state->rec_capacity != 0 || state->dict_capacity != 0 ||
			   (state->nstrings == 0 && state->dict_bytes != 0)))
		return "The header of the state is inconsistent.";
	return NULL;
}

void
nm_state_check_header(const NmState *state, const NmFamily *family)
{
	const char *problem = header_problem(state, family);

	if (unlikely(problem != NULL))
		nm_state_damaged(problem);
}

const char *
nm_state_string(const NmState *state, uint32 i, uint32 *len)
{
	const uint32 *offsets = nm_state_offsets(state);

	if (i >= state->nstrings || offsets[i] > offsets[i + 1] ||
		offsets[i + 1] > state->dict_bytes)
		nm_state_damaged("A record points outside the dictionary.");
	*len = offsets[i + 1] - offsets[i];
	return (const char *) (offsets + state->nstrings + 1) + offsets[i];
}

int64
nm_state_find_string(const NmState *state, const char *data, uint32 len)
{
	int64 low = 0;
	int64 high = state->nstrings;

	while (low < high)
	{
		int64 middle = low + (high - low) / 2;
		uint32 other_len;
		const char *other = nm_state_string(state, (uint32) middle, &other_len);
		int c = nm_string_compare(other, other_len, data, len);

		if (c == 0)
			return middle;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

char *
nm_state_key_text(const NmState *state, int64 key)
{
	const char *data;
	uint32 len;

	if (nm_state_key_type(state) == NM_KEY_BIGINT)
		return psprintf(INT64_FORMAT, key);
	if (key < 0 || key > PG_UINT32_MAX)
		key = PG_UINT32_MAX;
	data = nm_state_string(state, (uint32) key, &len);
	if (nm_state_key_type(state) == NM_KEY_UUID && len == NM_UUID_BYTES)
		return DatumGetCString(DirectFunctionCall1(uuid_out,
												   PointerGetDatum(data)));
	return pnstrdup(data, len);
}

/* dictionary_problem checks order, bounds and text of all strings. */
static const char *
dictionary_problem(const NmState *state, const bool *is_key,
				   const bool *is_text)
{
	const uint32 *offsets = nm_state_offsets(state);
	const char *bytes = (const char *) (offsets + state->nstrings + 1);
	const char *previous = NULL;
	uint32 previous_len = 0;

	if (offsets[0] != 0 || offsets[state->nstrings] != state->dict_bytes)
		return "The dictionary does not fill its space.";
	for (uint32 i = 0; i < state->nstrings; i++)
	{
		const char *data = bytes + offsets[i];
		uint32 len = offsets[i + 1] - offsets[i];

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (offsets[i + 1] < offsets[i] || offsets[i + 1] > state->dict_bytes)
			return "The dictionary is out of bounds.";
		if (previous)
		{
			int c = memcmp(previous, data, Min(previous_len, len));

			if (c > 0 || (c == 0 && previous_len >= len))
				return "The dictionary is not in order.";
		}
		if (is_key[i] && nm_state_key_type(state) == NM_KEY_UUID)
		{
			if (len != NM_UUID_BYTES)
				return "A key is not a uuid.";
		}
		if ((is_text[i] || nm_state_key_type(state) != NM_KEY_UUID) &&
			!pg_verify_mbstr(GetDatabaseEncoding(), data, len, true))
			return "A string is not valid in the encoding of this database.";
		previous = data;
		previous_len = len;
	}
	return NULL;
}

/* mark_strings notes which strings a record uses; false if out of range. */
static bool
mark_strings(const NmState *state, const NmLayout *layout, const char *rec,
			 bool *is_key, bool *is_text)
{
	for (int f = 0; f < layout->nfields; f++)
	{
		bool key =
			layout->code[f] == 'k' && nm_state_key_type(state) != NM_KEY_BIGINT;
		int64 number;

		if (!key && layout->code[f] != 's')
			continue;
		number = nm_field(layout, rec, f);
		if (number < 0 || number >= state->nstrings)
			return false;
		if (key)
			is_key[number] = true;
		else
			is_text[number] = true;
	}
	return true;
}

const char *
nm_state_problem(const NmState *state, const NmFamily *family)
{
	const char *problem = header_problem(state, family);
	NmLayout layout;
	bool *is_key;
	bool *is_text;
	const char *previous = NULL;

	if (problem)
		return problem;
	if (state->flags & NM_WORKING)
		return "The state is not in its final form.";
	if (!family->param_is_string)
		problem = family->check_param(state);
	else if (state->param >= state->nstrings)
		problem = "The header points outside the dictionary.";
	if (problem)
		return problem;
	if (state->nrecords == 0)
		return "The state is empty.";
	nm_layout(family, state->flags, &layout);
	if (!layout.has_strings && !family->param_is_string && state->nstrings > 0)
		return "The state has a dictionary that it cannot use.";
	is_key = palloc0((Size) state->nstrings + 1);
	is_text = palloc0((Size) state->nstrings + 1);
	if (family->param_is_string)
		is_text[state->param] = true;
	for (uint32 i = 0; i < state->nrecords; i++)
	{
		const char *rec = nm_state_records(state) + (Size) i * layout.size;

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (layout.has_strings &&
			!mark_strings(state, &layout, rec, is_key, is_text))
			return "A record points outside the dictionary.";
		problem = family->check_record(state, rec);
		if (problem)
			return problem;
		if (previous && nm_record_compare(&layout, previous, rec) > 0)
			return "The records are not in order.";
		previous = rec;
	}
	for (uint32 i = 0; i < state->nstrings; i++)
		if (!is_key[i] && !is_text[i])
			return "The dictionary has a string that no record uses.";
	problem =
		state->nstrings > 0 ? dictionary_problem(state, is_key, is_text) : NULL;
	pfree(is_key);
	pfree(is_text);
	if (problem == NULL && family->param_is_string)
		problem = family->check_param(state);
	return problem;
}

void
nm_state_check_alike(const NmState *a, const NmState *b)
{
	if (nm_state_key_type(a) != nm_state_key_type(b))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("cannot combine states with keys of different types"),
				 errdetail("A bigint, a uuid and a text that look alike are different customers."),
				 errhint("Build both states from keys of one type: bigint, uuid or text.")));
	if (nm_state_instants(a) != nm_state_instants(b))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("cannot combine a state of civil days with a state of instants"),
				 errdetail("Days have no time zone from which their instants would follow."),
				 errhint("Build both from dates, for instance by nudge.civil_date(at, zone), or both from timestamptz.")));
}

void
nm_state_combine_param(NmState *dst, const NmState *src, const NmFamily *family)
{
	if (likely(dst->param == src->param))
		return;
	if (family->combine_param == NULL)
		nm_state_damaged("The header of the state is inconsistent.");
	family->combine_param(dst, src);
}

/* Comparison of canonical bytes, shared by all state types. */

static int
compare_states(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_GETARG_VARLENA_PP(0);
	struct varlena *b = PG_GETARG_VARLENA_PP(1);
	Size a_len = VARSIZE_ANY_EXHDR(a);
	Size b_len = VARSIZE_ANY_EXHDR(b);
	int c = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(a_len, b_len));

	if (c == 0)
		c = a_len < b_len ? -1 : (a_len > b_len ? 1 : 0);
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return c;
}

PG_FUNCTION_INFO_V1(nm_state_eq);
Datum
nm_state_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_states(fcinfo) == 0);
}

PG_FUNCTION_INFO_V1(nm_state_ne);
Datum
nm_state_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_states(fcinfo) != 0);
}

PG_FUNCTION_INFO_V1(nm_state_lt);
Datum
nm_state_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_states(fcinfo) < 0);
}

PG_FUNCTION_INFO_V1(nm_state_le);
Datum
nm_state_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_states(fcinfo) <= 0);
}

PG_FUNCTION_INFO_V1(nm_state_gt);
Datum
nm_state_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_states(fcinfo) > 0);
}

PG_FUNCTION_INFO_V1(nm_state_ge);
Datum
nm_state_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_states(fcinfo) >= 0);
}

PG_FUNCTION_INFO_V1(nm_state_cmp);
Datum
nm_state_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_states(fcinfo));
}

PG_FUNCTION_INFO_V1(nm_state_hash);
Datum
nm_state_hash(PG_FUNCTION_ARGS)
{
	struct varlena *state = PG_GETARG_VARLENA_PP(0);
	Datum hash = hash_any((unsigned char *) VARDATA_ANY(state),
						  VARSIZE_ANY_EXHDR(state));

	PG_FREE_IF_COPY(state, 0);
	PG_RETURN_DATUM(hash);
}

PG_FUNCTION_INFO_V1(nm_state_hash_extended);
Datum
nm_state_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *state = PG_GETARG_VARLENA_PP(0);
	Datum hash =
		hash_any_extended((unsigned char *) VARDATA_ANY(state),
						  VARSIZE_ANY_EXHDR(state), PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(state, 0);
	PG_RETURN_DATUM(hash);
}
