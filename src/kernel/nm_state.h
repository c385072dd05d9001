/*
 * nm_state.h
 *		The envelope that all states share, and what a family declares.
 *
 * A state is one flat varlena without pointers.  See doc/states.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef NM_STATE_H
#define NM_STATE_H

#include "postgres.h"
#include "fmgr.h"
#include "nodes/nodes.h"
#include "nm_compat.h"

/*----------
 * NmState: the 32-byte header in front of every state.
 *
 * A state exists in two forms.
 *
 * Canonical: everything that SQL can see.  Records are sorted, the dictionary
 * is sorted and free of unused strings, capacities are zero and VARSIZE is
 * exact, so that equal contents have equal bytes:
 *
 *		header | records | string offsets uint32[nstrings + 1] | string bytes
 *
 * Working: exists only inside one executor node and its tuple queue, while an
 * aggregate runs.  It is marked by NM_WORKING, has slack behind the records
 * and behind the dictionary, and its VARSIZE is its capacity:
 *
 *		header | records (rec_capacity) | dictionary (dict_capacity bytes)
 *
 * The layout of the working dictionary is private to nm_dict.c.
 *----------
 */
typedef struct NmState
{
	int32 vl_len_;        /* varlena header, do not touch directly */
	uint8 magic;          /* NM_MAGIC */
	uint8 kind;           /* NmKind: which family */
	uint8 version;        /* layout version of that family */
	uint8 flags;          /* NM_KEY_*, NM_INSTANTS, NM_WORKING */
	uint32 nrecords;      /* records in use */
	uint32 rec_capacity;  /* room for records; 0 when canonical */
	uint32 param;         /* what shapes the state, e.g. a currency */
	uint32 nstrings;      /* strings in the dictionary */
	uint32 dict_bytes;    /* string bytes in use */
	uint32 dict_capacity; /* size of the dictionary; 0 when canonical */
} NmState;

#define NM_HEADER_SIZE 32

StaticAssertDecl(sizeof(NmState) == NM_HEADER_SIZE, "state header is 32 bytes");

#define NM_MAGIC 0x4E

/* Numbers on disk: never reuse or renumber */
typedef enum NmKind
{
	NM_KIND_MRR = 1,
	NM_KIND_MRR_ITEM = 2,
	NM_KIND_ACTIVITY = 3,
	NM_KIND_FUNNEL = 4,
	NM_KIND_SEQUENCE = 5,
	NM_KIND_FEATURE = 6,
	NM_KIND_JOURNEY = 7,
	NM_KIND_SCORE = 8,
	NM_KIND_SURVEY = 9,
	NM_KIND_PERCENTILE = 10
} NmKind;

/* flags, bits 0-1: the type of the entity key */
#define NM_KEY_MASK 0x03
#define NM_KEY_BIGINT 0x00
#define NM_KEY_UUID 0x01
#define NM_KEY_TEXT 0x02
/* bit 2: times are instants (microseconds) and not civil days */
#define NM_INSTANTS 0x04
/* bit 7: working form, never seen by SQL */
#define NM_WORKING 0x80
#define NM_FLAGS_KNOWN (NM_KEY_MASK | NM_INSTANTS | NM_WORKING)

#define NM_MAX_FIELDS 16
#define NM_UUID_BYTES 16

typedef enum NmTimes
{
	NM_TIMES_ANY,
	NM_TIMES_DAYS,
	NM_TIMES_INSTANTS
} NmTimes;

/*
 * NmFamily: all that the kernel needs to know about one kind of state.
 *
 * The layout is a string with a letter per field of a record, in storage order,
 * which is also the sort order:
 *
 *		k	entity key, 8 bytes: the bigint itself, or a string number
 *		t	time: int32 day, or int64 instant, as the state's flag says
 *		q	int64
 *		i	int32
 *		s	string number, uint32
 *
 * Fields lie at their natural alignment without holes and a record is a
 * multiple of 8 bytes in both time kinds; the first field is always k.
 */
typedef struct NmFamily
{
	const char *type_name; /* name of the SQL type, for messages */
	uint8 kind;
	uint8 version;
	const char *layout;

	/*
	 * Complains about a record that no aggregate could have produced, by
	 * returning what is wrong with it, or NULL if it is fine.
	 */
	const char *(*check_record)(const NmState *state, const void *rec);

	/*
	 * The same for the header's param; where that is a string, the dictionary
	 * is sound by then.
	 */
	const char *(*check_param)(const NmState *state);

	/*
	 * Settles that two states have different params, mostly by an error; NULL
	 * where check_param admits only one.
	 */
	void (*combine_param)(NmState *dst, const NmState *src);

	/*
	 * The param is the number of a string, for what does not fit 32 bits.  A
	 * log's working state gets it first, so that there it is string 0.
	 */
	bool param_is_string;

	/* which times its states have */
	NmTimes times;
} NmFamily;

static inline bool
nm_state_instants(const NmState *state)
{
	return (state->flags & NM_INSTANTS) != 0;
}

static inline int
nm_state_key_type(const NmState *state)
{
	return state->flags & NM_KEY_MASK;
}

static inline char *
nm_state_records(const NmState *state)
{
	return (char *) state + NM_HEADER_SIZE;
}

/*
 * The state that an aggregate's call carries, if it is a working state with
 * the given flags, else NULL.
 */
static inline NmState *
nm_own_state(FunctionCallInfo fcinfo, int flags)
{
	NmState *state = (NmState *) fcinfo->args[0].value;

	if (unlikely(fcinfo->context == NULL || !IsA(fcinfo->context, AggState) ||
				 fcinfo->args[0].isnull || VARATT_IS_EXTENDED(state) ||
				 state->flags != (flags | NM_WORKING)))
		return NULL;
	return state;
}

/* nudge.max_state_size, in megabytes */
extern int nm_max_state_size;

/* NmLayout: where the fields of a record are, for one time kind. */
typedef struct NmLayout
{
	int nfields;
	int size;
	bool has_strings; /* k or s fields hold string numbers */
	char code[NM_MAX_FIELDS];
	int offset[NM_MAX_FIELDS];
	int width[NM_MAX_FIELDS];
} NmLayout;

extern void nm_layout(const NmFamily *family, int flags, NmLayout *layout);
extern int nm_record_size(const NmFamily *family, int flags);

/* nm_field reads field f of a record, whatever its width. */
static inline int64
nm_field(const NmLayout *layout, const char *rec, int f)
{
	if (layout->width[f] == sizeof(int32))
	{
		int32 value;

		memcpy(&value, rec + layout->offset[f], sizeof(value));
		return value;
	}
	else
	{
		int64 value;

		memcpy(&value, rec + layout->offset[f], sizeof(value));
		return value;
	}
}

/* nm_record_compare orders records by their fields. */
static inline int
nm_record_compare(const NmLayout *layout, const char *a, const char *b)
{
	for (int f = 0; f < layout->nfields; f++)
	{
		int64 x = nm_field(layout, a, f);
		int64 y = nm_field(layout, b, f);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

/* bytes of a canonical state with such contents */
static inline Size
nm_canonical_size(int recsize, uint32 nrecords, uint32 nstrings,
				  uint32 dict_bytes)
{
	Size size = NM_HEADER_SIZE + (Size) nrecords * recsize;

	if (nstrings > 0)
		size += ((Size) nstrings + 1) * sizeof(uint32) + dict_bytes;
	return size;
}

/* asks for huge pages behind a large block */
extern void nm_huge_pages(void *block, Size size);

static inline Size
nm_state_limit(void)
{
	return (Size) nm_max_state_size * 1024 * 1024;
}

/* what is wrong with the flags of a state, or NULL */
extern const char *nm_flags_problem(const NmFamily *family, int flags);

/* Raises if a canonical state of this size would be over the limit. */
extern void nm_state_check_size(Size size);

/* checks in O(1) that a state is whole and of a family */
extern void nm_state_check_header(const NmState *state, const NmFamily *family);

/* Complains about a stored state that is not sound. */
pg_noreturn extern void nm_state_damaged(const char *problem);

/* full check of a canonical state: what is wrong with it, or NULL */
extern const char *
nm_state_problem(const NmState *state, const NmFamily *family);

/* compatibility of two states of one family, for combine */
extern void nm_state_check_alike(const NmState *a, const NmState *b);

/* the key of an entity as text, palloc'd */
extern char *nm_state_key_text(const NmState *state, int64 key);

/* Settles the params of two states of one family, for combine. */
extern void nm_state_combine_param(NmState *dst, const NmState *src,
								   const NmFamily *family);

/* where the string offsets of a canonical state are */
static inline const uint32 *
nm_state_offsets(const NmState *state)
{
	return (const uint32 *) ((const char *) state + VARSIZE(state) -
							 state->dict_bytes -
							 ((Size) state->nstrings + 1) * sizeof(uint32));
}

/* string i of a canonical state */
extern const char *nm_state_string(const NmState *state, uint32 i, uint32 *len);

/* Orders strings as a canonical dictionary does. */
static inline int
nm_string_compare(const char *a, uint32 a_len, const char *b, uint32 b_len)
{
	int c = memcmp(a, b, Min(a_len, b_len));

	if (c == 0 && a_len != b_len)
		c = a_len < b_len ? -1 : 1;
	return c;
}

/* The number of a string of a canonical state, or -1. */
extern int64
nm_state_find_string(const NmState *state, const char *data, uint32 len);

/* The same for a text, not compressed. */
static inline int64
nm_state_find_text(const NmState *state, const text *string)
{
	return nm_state_find_string(state, VARDATA_ANY(string),
								VARSIZE_ANY_EXHDR(string));
}

/* text and binary form of a canonical state, palloc'd */
extern char *nm_state_text(const NmState *state, const NmFamily *family);
extern bytea *nm_state_binary(const NmState *state, const NmFamily *family);

/* bodies of the SQL-callable functions of a type */
extern Datum nm_state_in(FunctionCallInfo fcinfo, const NmFamily *family);
extern Datum nm_state_recv(FunctionCallInfo fcinfo, const NmFamily *family);

#endif /* NM_STATE_H */
