/*
 * channel_rules.c
 *		Which channel a visit came by: the first rule that matches.
 *
 * A visit is described by five texts.  Each is first made plain: lower case,
 * no blanks, of a referrer the host, of a click identifier its name.  The rules
 * are read from their table once in a query, and so is the answer for each
 * combination of plain texts found: visits have few.
 *
 * Definitions: doc/channel_rules.md.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "nm_guards.h"
#include "nm_kept.h"

/* Answers kept, and the longest description for which one is. */
#define MEMO_SLOTS 4096
#define MEMO_LENGTH 512

/* Bytes of the longest name of a host in DNS. */
#define LONGEST_HOST 253

/* The channel where no rule matches. */
#define NO_CHANNEL "other"

/* The arguments, in their order; columns of the rules are called the same. */
enum
{
	UTM_SOURCE,
	UTM_MEDIUM,
	UTM_CAMPAIGN,
	REFERRER,
	CLICK_ID,
	NARGUMENTS
};

/* A piece of text that is not its own. */
typedef struct Piece
{
	const char *start;
	int len;
} Piece;

/* A pattern: as text, and whether it stands for nothing but itself. */
typedef struct Pattern
{
	text *like;
	bool is_plain;
} Pattern;

/* The patterns for one argument, of which one must match; none is any text. */
typedef struct Patterns
{
	int n;
	Pattern *patterns;
} Patterns;

typedef struct Rule
{
	text *channel;
	Patterns arguments[NARGUMENTS];
} Rule;

/* The answer for a description. */
typedef struct Memo
{
	uint32 hash;
	int len;
	char *description; /* NULL in a slot not used yet */
	const text *channel;
} Memo;

/* What a query keeps between calls. */
typedef struct Channels
{
	NmKept kept; /* first; the rules and memos live with it */
	int nrules;
	Rule *rules;
	Memo *memos;
	text *no_channel;
	StringInfoData plain; /* the description, its parts ended by NUL */
} Channels;

/* Reading the rules */

static void
read_patterns(Patterns *to, Datum value, bool is_null)
{
	Datum *elements;
	bool *nulls;

	if (is_null)
		return;
	to->n = nm_array_elements(DatumGetArrayTypeP(value), "patterns", TEXTOID,
							  &elements, &nulls);
	nm_refuse_null_elements(nulls, to->n, "patterns");
	to->patterns = palloc_array(Pattern, to->n);
	for (int i = 0; i < to->n; i++)
	{
		text *like = DatumGetTextPCopy(elements[i]);
		char *data = VARDATA(like);
		int len = (int) VARSIZE(like) - VARHDRSZ;

		to->patterns[i].is_plain = true;
		for (int at = 0; at < len; at++)
		{
			data[at] = pg_ascii_tolower((unsigned char) data[at]);
			if (strchr("%_\\", data[at]) != NULL)
				to->patterns[i].is_plain = false;
		}
		to->patterns[i].like = like;
	}
}

/* read_rules fills in the rules; SPI is connected. */
static void
read_rules(Channels *channels)
{
	if (SPI_execute("SELECT r.channel, r.utm_source, r.utm_medium, r.utm_campaign, r.referrer, r.click_id "
					"FROM nudge.channel_rules_in_force r "
					"ORDER BY r.position, r.shipped, r.rule COLLATE pg_catalog.\"C\"",
					true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read nudge.channel_rules_in_force");
	MemoryContextSwitchTo(channels->kept.context);
	channels->nrules = (int) SPI_processed;
	channels->rules = palloc0_array(Rule, Max(channels->nrules, 1));
	for (int i = 0; i < channels->nrules; i++)
	{
		HeapTuple row = SPI_tuptable->vals[i];
		TupleDesc desc = SPI_tuptable->tupdesc;
		bool is_null;

		channels->rules[i].channel =
			DatumGetTextPCopy(SPI_getbinval(row, desc, 1, &is_null));
		for (int a = 0; a < NARGUMENTS; a++)
		{
			Datum value = SPI_getbinval(row, desc, a + 2, &is_null);

			read_patterns(&channels->rules[i].arguments[a], value, is_null);
		}
	}
}

/* current_channels returns the rules, which are read once in a query. */
static Channels *
current_channels(FmgrInfo *flinfo)
{
	Channels *channels = nm_kept_find(flinfo);
	MemoryContext outer;

	if (channels != NULL)
		return channels;
	channels = nm_kept_begin(flinfo, sizeof(Channels));
	outer = MemoryContextSwitchTo(channels->kept.context);
	channels->memos = palloc0_array(Memo, MEMO_SLOTS);
	channels->no_channel = cstring_to_text(NO_CHANNEL);
	initStringInfo(&channels->plain);
	SPI_connect();
	read_rules(channels);
	SPI_finish();
	MemoryContextSwitchTo(outer);
	nm_kept_end(flinfo, channels);
	return channels;
}

/* Making the arguments plain */

static inline bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* append_lower appends a piece in lower case. */
static void
append_lower(StringInfo to, Piece piece)
{
	enlargeStringInfo(to, piece.len + 1);
	for (int i = 0; i < piece.len; i++)
		to->data[to->len++] = pg_ascii_tolower((unsigned char) piece.start[i]);
	to->data[to->len] = '\0';
}

/* Tells whether analytics tools write a piece for "nothing". */
static bool
says_nothing(Piece piece)
{
	static const char *const words[] = {"(direct)", "(none)", "(not set)", "-"};

	if (piece.len > 0 && piece.start[0] != '(' && piece.start[0] != '-')
		return false;
	for (int i = 0; i < (int) lengthof(words); i++)
		if (piece.len == (int) strlen(words[i]) &&
			pg_strncasecmp(piece.start, words[i], piece.len) == 0)
			return true;
	return piece.len == 0;
}

/* plain_piece returns an argument without blanks around it; empty for none. */
static Piece
plain_piece(FunctionCallInfo fcinfo, int argno)
{
	Piece piece = {"", 0};

	if (!PG_ARGISNULL(argno))
	{
		text *argument = PG_GETARG_TEXT_PP(argno);

		piece.start = VARDATA_ANY(argument);
		piece.len = VARSIZE_ANY_EXHDR(argument);
	}
	while (piece.len > 0 && is_blank(piece.start[piece.len - 1]))
		piece.len--;
	while (piece.len > 0 && is_blank(piece.start[0]))
	{
		piece.start++;
		piece.len--;
	}
	if (says_nothing(piece))
		piece.len = 0;
	return piece;
}

/* length_before returns how long a piece is before any of the given bytes. */
static int
length_before(Piece piece, const char *bytes)
{
	int len = 0;

	while (len < piece.len && strchr(bytes, piece.start[len]) == NULL)
		len++;
	return len;
}

static inline Piece
piece_from(Piece piece, int at)
{
	return (Piece){piece.start + at, piece.len - at};
}

/*
 * after_scheme returns an address without its scheme, beginning with the host;
 * empty if it has no host, as mailto:, about: and paths do not.
 */
static Piece
after_scheme(Piece address)
{
	int len = 0;
	Piece rest;

	while (len < address.len &&
		   (is_letter(address.start[len]) || is_digit(address.start[len]) ||
			strchr("+-.", address.start[len]) != NULL))
		len++;
	rest = piece_from(address, len);
	if (len > 0 && rest.len > 0 && rest.start[0] == ':')
	{
		Piece port = piece_from(rest, 1);

		port.len = length_before(port, "/?#");
		if (rest.len >= 3 && rest.start[1] == '/' && rest.start[2] == '/')
			return piece_from(rest, 3);
		/* the port of a host without a scheme, or a scheme without a host */
		for (int i = 0; i < port.len; i++)
			if (!is_digit(port.start[i]))
				return (Piece){"", 0};
		return address;
	}
	if (address.len >= 2 && address.start[0] == '/' && address.start[1] == '/')
		return piece_from(address, 2);
	return address;
}

/* host_of returns the host of an address. */
static Piece
host_of(Piece address)
{
	Piece host = after_scheme(address);

	host.len = length_before(host, "/?#\\ \t\r\n");
	for (int i = host.len - 1; i >= 0; i--)
		if (host.start[i] == '@')
		{
			host = piece_from(host, i + 1);
			break;
		}
	if (host.len > 0 && host.start[0] == '[')
		host.len = Min(length_before(host, "]") + 1, host.len);
	else
		host.len = length_before(host, ":");
	while (host.len > 0 && host.start[host.len - 1] == '.')
		host.len--;
	return host;
}

/*
 * append_names appends the names of the parameters that have a value, with &
 * between them; a word alone is a name too.
 */
static void
append_names(StringInfo to, Piece query)
{
	int begins = to->len;
	int at = length_before(query, "?");

	if (at < query.len)
		query = piece_from(query, at + 1);
	query.len = length_before(query, "#");
	while (query.len > 0)
	{
		Piece name = {query.start, length_before(query, "&")};
		int next = Min(name.len + 1, query.len);
		int equals = length_before(name, "=");

		if (equals > 0 && equals + 1 != name.len)
		{
			name.len = equals;
			if (to->len > begins)
				appendStringInfoChar(to, '&');
			append_lower(to, name);
		}
		query = piece_from(query, next);
	}
}

/* describe makes the arguments of a call plain, one after the other. */
static void
describe(FunctionCallInfo fcinfo, StringInfo to)
{
	resetStringInfo(to);
	for (int a = 0; a < NARGUMENTS; a++)
	{
		Piece piece = plain_piece(fcinfo, a);

		if (a == REFERRER)
			append_lower(to, host_of(piece));
		else if (a == CLICK_ID)
			append_names(to, piece);
		else
			append_lower(to, piece);
		appendStringInfoChar(to, '\0');
	}
}

/* Matching */

static bool
pattern_matches(const Pattern *pattern, const char *value, int len)
{
	text *subject;
	bool matches;

	if (pattern->is_plain)
		return (int) VARSIZE(pattern->like) - VARHDRSZ == len &&
			   memcmp(VARDATA(pattern->like), value, len) == 0;
	subject = cstring_to_text_with_len(value, len);
	matches =
		DatumGetBool(DirectFunctionCall2Coll(textlike, C_COLLATION_OID,
											 PointerGetDatum(subject),
											 PointerGetDatum(pattern->like)));
	pfree(subject);
	return matches;
}

/*
 * value_matches tells whether a pattern matches an argument: of a host it may
 * match any parent domain too, of several names any.
 */
static bool
value_matches(const Pattern *pattern, int argument, const char *value)
{
	const char *separator;

	if (argument == REFERRER)
	{
		int len = strlen(value);

		while (!pattern_matches(pattern, value, len))
		{
			/* what is longer than any name of a host has no parent domains */
			if (len > LONGEST_HOST || (separator = strchr(value, '.')) == NULL)
				return false;
			len -= separator + 1 - value;
			value = separator + 1;
		}
		return true;
	}
	while (argument == CLICK_ID && (separator = strchr(value, '&')) != NULL)
	{
		if (pattern_matches(pattern, value, separator - value))
			return true;
		value = separator + 1;
	}
	return pattern_matches(pattern, value, strlen(value));
}

static bool
rule_matches(const Rule *rule, const char *const *values)
{
	for (int a = 0; a < NARGUMENTS; a++)
	{
		const Patterns *patterns = &rule->arguments[a];
		bool matches = patterns->patterns == NULL;

		for (int i = 0; i < patterns->n && !matches; i++)
			matches = value_matches(&patterns->patterns[i], a, values[a]);
		if (!matches)
			return false;
	}
	return true;
}

/* first_match returns the channel of the first rule that matches. */
static const text *
first_match(const Channels *channels, const char *description)
{
	const char *values[NARGUMENTS];

	for (int a = 0; a < NARGUMENTS; a++)
	{
		values[a] = description;
		description += strlen(description) + 1;
	}
	for (int i = 0; i < channels->nrules; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (rule_matches(&channels->rules[i], values))
			return channels->rules[i].channel;
	}
	return channels->no_channel;
}

/* remembered_match is first_match for what was not asked before. */
static const text *
remembered_match(Channels *channels)
{
	const char *description = channels->plain.data;
	int len = channels->plain.len;
	uint32 hash;
	Memo *memo;

	if (len > MEMO_LENGTH)
		return first_match(channels, description);
	hash = hash_bytes((const unsigned char *) description, len);
	memo = &channels->memos[hash % MEMO_SLOTS];
	if (memo->description == NULL || memo->hash != hash || memo->len != len ||
		memcmp(memo->description, description, len) != 0)
	{
		const text *channel = first_match(channels, description);

		if (memo->description == NULL || memo->len < len)
		{
			char *copy = MemoryContextAlloc(channels->kept.context, len);

			if (memo->description != NULL)
				pfree(memo->description);
			memo->description = copy;
		}
		memcpy(memo->description, description, len);
		memo->hash = hash;
		memo->len = len;
		memo->channel = channel;
	}
	return memo->channel;
}

PG_FUNCTION_INFO_V1(nm_channel_of);

Datum
nm_channel_of(PG_FUNCTION_ARGS)
{
	Channels *channels = current_channels(fcinfo->flinfo);

	describe(fcinfo, &channels->plain);
	PG_RETURN_TEXT_P(DatumGetTextPCopy(PointerGetDatum(remembered_match(channels))));
}
