/*
 * nm_wire.c
 *		Text and binary form of states.
 *
 * See doc/states.md for the format.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"

#include "nm_state.h"

/* the header on the wire: 4 bytes, then 4 numbers */
#define WIRE_HEADER_SIZE 20

/*
 * The wire form: header, records and dictionary with all numbers in network
 * order.  It is what send returns and what the text form encodes.
 */

static char *
wire_put32(char *to, uint32 value)
{
	value = pg_hton32(value);
	memcpy(to, &value, sizeof(value));
	return to + sizeof(value);
}

static uint32
wire_get32(const char *from)
{
	uint32 value;

	memcpy(&value, from, sizeof(value));
	return pg_ntoh32(value);
}

/* swap_records turns records into network order or back. */
static void
swap_records(const NmLayout *layout, const char *from, char *to, uint32 n)
{
	for (uint32 i = 0; i < n; i++)
	{
		if ((i & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		for (int f = 0; f < layout->nfields; f++)
		{
			if (layout->width[f] == sizeof(uint32))
			{
				uint32 value;

				memcpy(&value, from + layout->offset[f], sizeof(value));
				value = pg_hton32(value);
				memcpy(to + layout->offset[f], &value, sizeof(value));
			}
			else
			{
				uint64 value;

				memcpy(&value, from + layout->offset[f], sizeof(value));
				value = pg_hton64(value);
				memcpy(to + layout->offset[f], &value, sizeof(value));
			}
		}
		from += layout->size;
		to += layout->size;
	}
}

static Size
wire_size(const NmState *state)
{
	return VARSIZE(state) - NM_HEADER_SIZE + WIRE_HEADER_SIZE;
}

/* wire_write writes the wire form of a canonical state to `to`. */
static void
wire_write(const NmState *state, const NmFamily *family, char *to)
{
	NmLayout layout;

	nm_layout(family, state->flags, &layout);
	*to++ = (char) state->magic;
	*to++ = (char) state->kind;
	*to++ = (char) state->version;
	*to++ = (char) state->flags;
	to = wire_put32(to, state->nrecords);
	to = wire_put32(to, state->param);
	to = wire_put32(to, state->nstrings);
	to = wire_put32(to, state->dict_bytes);
	swap_records(&layout, nm_state_records(state), to, state->nrecords);
	to += (Size) state->nrecords * layout.size;
	if (state->nstrings > 0)
	{
		const uint32 *offsets = nm_state_offsets(state);

		for (uint32 i = 0; i <= state->nstrings; i++)
			to = wire_put32(to, offsets[i]);
		memcpy(to, offsets + state->nstrings + 1, state->dict_bytes);
	}
}

/*
 * wire_read makes a canonical state of wire bytes.  It returns what is wrong
 * with them, or NULL and the state in *result.
 */
static const char *
wire_read(const char *from, Size len, const NmFamily *family, NmState **result)
{
	NmState header;
	NmState *state;
	NmLayout layout;
	Size size;
	const char *problem;

	memset(&header, 0, sizeof(header));
	if (len < WIRE_HEADER_SIZE || (uint8) from[0] != NM_MAGIC)
		return "The bytes are not those of a state.";
	header.magic = NM_MAGIC;
	header.kind = (uint8) from[1];
	header.version = (uint8) from[2];
	header.flags = (uint8) from[3];
	header.nrecords = wire_get32(from + 4);
	header.param = wire_get32(from + 8);
	header.nstrings = wire_get32(from + 12);
	header.dict_bytes = wire_get32(from + 16);

	/* the length must fit before anything is allocated by it */
	size = nm_canonical_size(nm_record_size(family, header.flags),
							 header.nrecords, header.nstrings,
							 header.nstrings > 0 ? header.dict_bytes : 0);
	if (header.kind != family->kind)
		return "The state is of another type.";
	problem = nm_flags_problem(family, header.flags);
	if (problem)
		return problem;
	if (header.flags & NM_WORKING)
		return "The state is not in its final form.";
	if (size != len - WIRE_HEADER_SIZE + NM_HEADER_SIZE)
		return "The size of the state is not what its header says.";
	nm_state_check_size(size);

	state = palloc(size);
	memcpy(state, &header, NM_HEADER_SIZE);
	SET_VARSIZE(state, size);
	nm_layout(family, header.flags, &layout);
	from += WIRE_HEADER_SIZE;
	swap_records(&layout, from, nm_state_records(state), header.nrecords);
	from += (Size) header.nrecords * layout.size;
	if (header.nstrings > 0)
	{
		uint32 *offsets = (uint32 *) nm_state_offsets(state);

		for (uint32 i = 0; i <= header.nstrings; i++)
			offsets[i] = wire_get32(from + (Size) i * sizeof(uint32));
		from += ((Size) header.nstrings + 1) * sizeof(uint32);
		memcpy(offsets + header.nstrings + 1, from, header.dict_bytes);
	}
	*result = state;
	return nm_state_problem(state, family);
}

/* The text form is the wire form in base64 without padding. */

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static Size
base64_size(Size len)
{
	return len / 3 * 4 + (len % 3 == 0 ? 0 : len % 3 + 1);
}

static void
base64_write(const unsigned char *from, Size len, char *to)
{
	Size i;

	for (i = 0; i + 3 <= len; i += 3)
	{
		uint32 bits = from[i] << 16 | from[i + 1] << 8 | from[i + 2];

		if (i % (3 << 20) == 0)
			CHECK_FOR_INTERRUPTS();
		*to++ = base64_digits[bits >> 18];
		*to++ = base64_digits[(bits >> 12) & 63];
		*to++ = base64_digits[(bits >> 6) & 63];
		*to++ = base64_digits[bits & 63];
	}
	if (len - i == 1)
	{
		*to++ = base64_digits[from[i] >> 2];
		*to++ = base64_digits[(from[i] & 3) << 4];
	}
	else if (len - i == 2)
	{
		*to++ = base64_digits[from[i] >> 2];
		*to++ = base64_digits[(from[i] & 3) << 4 | from[i + 1] >> 4];
		*to++ = base64_digits[(from[i + 1] & 15) << 2];
	}
	*to = '\0';
}

/* base64_read returns the bytes of a text form, or NULL if it is not one. */
static char *
base64_read(const char *from, Size len, Size *result_len)
{
	int8 value[256];
	unsigned char *result;
	unsigned char *to;
	uint32 bits = 0;

	if (len % 4 == 1)
		return NULL;
	memset(value, -1, sizeof(value));
	for (int i = 0; i < 64; i++)
		value[(unsigned char) base64_digits[i]] = i;
	to = result = palloc(len / 4 * 3 + 3);
	for (Size i = 0; i < len; i++)
	{
		int v = value[(unsigned char) from[i]];

		if ((i & 0xFFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (v < 0)
			return NULL;
		bits = bits << 6 | (uint32) v;
		if (i % 4 == 3)
		{
			*to++ = bits >> 16;
			*to++ = bits >> 8;
			*to++ = bits;
			bits = 0;
		}
	}
	/* bits that no byte uses must be zero: one text per state */
	if (len % 4 == 2)
	{
		if (bits & 15)
			return NULL;
		*to++ = bits >> 4;
	}
	else if (len % 4 == 3)
	{
		if (bits & 3)
			return NULL;
		*to++ = bits >> 10;
		*to++ = bits >> 2;
	}
	*result_len = to - result;
	return (char *) result;
}

Datum
nm_state_in(FunctionCallInfo fcinfo, const NmFamily *family)
{
	const char *text = PG_GETARG_CSTRING(0);
	Size len;
	char *wire = base64_read(text, strlen(text), &len);
	NmState *state = NULL;
	const char *problem = "The text is not in the base64 form of a state.";

	if (wire)
		problem = wire_read(wire, len, family, &state);
	if (problem)
		NM_INPUT_ERROR(fcinfo,
					   (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid input for type %s", family->type_name),
						errdetail("%s", problem),
						errhint("A state is made by its aggregate, not by hand.")));
	PG_RETURN_POINTER(state);
}

char *
nm_state_text(const NmState *state, const NmFamily *family)
{
	Size len = wire_size(state);
	char *wire = palloc(len);
	char *text = palloc(base64_size(len) + 1);

	wire_write(state, family, wire);
	base64_write((const unsigned char *) wire, len, text);
	pfree(wire);
	return text;
}

bytea *
nm_state_binary(const NmState *state, const NmFamily *family)
{
	Size len = wire_size(state);
	bytea *result = palloc(VARHDRSZ + len);

	SET_VARSIZE(result, VARHDRSZ + len);
	wire_write(state, family, VARDATA(result));
	return result;
}

Datum
nm_state_recv(FunctionCallInfo fcinfo, const NmFamily *family)
{
	StringInfo buf = (StringInfo) PG_GETARG_POINTER(0);
	Size len = buf->len - buf->cursor;
	NmState *state = NULL;
	const char *problem =
		wire_read(pq_getmsgbytes(buf, len), len, family, &state);

	if (problem)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary input for type %s", family->type_name),
				 errdetail("%s", problem),
				 errhint("A state is made by its aggregate, not by hand.")));
	PG_RETURN_POINTER(state);
}
