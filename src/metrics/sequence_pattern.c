/*
 * sequence_pattern.c
 *		The language of patterns over events.
 *
 * A pattern is a list of elements, each of which is matched by one row, and of
 * gaps between them:
 *
 *		(?N)		a row of condition N, which is the name of an event
 *		.			any row
 *		(?!N)		any row but one of condition N
 *		.*			any rows, or none, in between
 *		(?!N)*		the same without a row of condition N
 *		(?t>=S)		at least S seconds from the element before to the one
 *					after; also > < <= == !=
 *
 * Elements that follow each other match rows that do.  A time condition without
 * a gap beside it allows any rows in between, as in ClickHouse; with one, the
 * gap says which.  What stands before the first element or behind the last
 * allows anything, since a match may begin and end anywhere.  Rows of no
 * condition are left out before anything is matched.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "common/int.h"
#include "datatype/timestamp.h"
#include "mb/pg_wchar.h"

#include "nm_compat.h"
#include "sequence_pattern.h"

/* elements, gaps and time conditions of a pattern */
#define MAX_PARTS 1000

/* no condition has a larger number */
#define MAX_NUMBER PG_UINT16_MAX

typedef struct Parser
{
	const char *text;
	const char *next;
	int nconditions;
	const uint16 *numbers; /* of the conditions, from 1 */
	NmPattern *pattern;
} Parser;

pg_noreturn static void
bad_pattern(const Parser *parser, const char *at, const char *problem)
{
	int position = pg_mbstrlen_with_len(parser->text, at - parser->text) + 1;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid pattern at character %d", position),
			 errdetail("%s", problem),
			 errhint("A pattern is made of (?1) . .* (?!1) (?!1)* and (?t<=60).")));
}

static void
skip_space(Parser *parser)
{
	while (*parser->next == ' ' || *parser->next == '\t' ||
		   *parser->next == '\n' || *parser->next == '\r')
		parser->next++;
}

static bool
accept(Parser *parser, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(parser->next, word, len) != 0)
		return false;
	parser->next += len;
	return true;
}

/* condition_number reads N), and returns the number of condition N. */
static uint16
condition_number(Parser *parser)
{
	const char *start = parser->next;
	int n = 0;

	while (*parser->next >= '0' && *parser->next <= '9')
	{
		if (n <= MAX_NUMBER)
			n = n * 10 + (*parser->next - '0');
		parser->next++;
	}
	if (parser->next == start)
		bad_pattern(parser, start, "The number of a condition is missing.");
	if (!accept(parser, ")"))
		bad_pattern(parser, parser->next, "A closing parenthesis is missing.");
	if (n < 1 || n > parser->nconditions)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("pattern names a condition that there is not"),
						errdetail("Conditions are numbered from 1 to %d.",
								  parser->nconditions),
						errhint("Add the event to \"conditions\".")));
	return parser->numbers[n - 1];
}

/* seconds reads a number of seconds with up to six decimals, and ")". */
static int64
seconds(Parser *parser)
{
	const char *start = parser->next;
	int64 usecs = 0;
	int64 unit = USECS_PER_SEC;
	bool fraction = false;
	bool digits = false;

	for (;; parser->next++)
	{
		char c = *parser->next;

		if (c == '.' && !fraction)
		{
			fraction = true;
			continue;
		}
		if (c < '0' || c > '9')
			break;
		digits = true;
		if (fraction)
			unit /= 10;
		if (unit == 0)
			bad_pattern(parser, start, "Seconds have at most six decimals.");
		if (!fraction && (pg_mul_s64_overflow(usecs, 10, &usecs)))
			bad_pattern(parser, start, "The time is too long.");
		if (pg_add_s64_overflow(usecs, (c - '0') * unit, &usecs))
			bad_pattern(parser, start, "The time is too long.");
	}
	if (!digits)
		bad_pattern(parser, start, "The number of seconds is missing.");
	skip_space(parser);
	if (!accept(parser, ")"))
		bad_pattern(parser, parser->next, "A closing parenthesis is missing.");
	return usecs;
}

/* previous returns the last element so far. */
static NmElement *
previous(Parser *parser)
{
	return &parser->pattern->elements[parser->pattern->nelements - 1];
}

/* time_condition reads what follows "(?t"; start is where that began. */
static void
time_condition(Parser *parser, const char *start)
{
	static const char *const operators[] = {">=", "<=", "==", "!=", ">", "<"};
	NmPattern *pattern = parser->pattern;
	NmElement *element;
	int op = 0;
	int64 usecs;

	if (pattern->nelements == 0)
		bad_pattern(parser, start,
					"A time condition needs an element before it.");
	element = previous(parser);
	skip_space(parser);
	while (op < (int) lengthof(operators) && !accept(parser, operators[op]))
		op++;
	if (op == lengthof(operators))
		bad_pattern(parser, parser->next,
					"A time is compared by >=, >, <, <=, == or !=.");
	skip_space(parser);
	usecs = seconds(parser);
	element->timed = true;
	if (op == 0 || op == 2)
		element->least = Max(element->least, usecs);
	if (op == 1 || op == 2)
		element->most = Min(element->most, usecs);
	if (op == 4)
		element->least = Max(element->least, usecs + (usecs < PG_INT64_MAX));
	if (op == 5)
		element->most = Min(element->most, usecs - 1);
	if (op == 3)
	{
		pattern->holes[pattern->nholes++] = usecs;
		element->nholes++;
	}
}

static void
add_element(Parser *parser, NmRowTest test, uint16 condition)
{
	NmPattern *pattern = parser->pattern;
	NmElement *element = &pattern->elements[pattern->nelements++];

	memset(element, 0, sizeof(NmElement));
	element->test = test;
	element->condition = condition;
	element->most = PG_INT64_MAX;
	element->bars = pattern->nbars;
	element->holes = pattern->nholes;
}

/* parse_part reads one element, gap or time condition. */
static void
parse_part(Parser *parser)
{
	NmPattern *pattern = parser->pattern;
	const char *start = parser->next;
	bool first = pattern->nelements == 0;

	if (accept(parser, ".*"))
	{
		if (!first)
			previous(parser)->free_gap = true;
	}
	else if (accept(parser, "."))
		add_element(parser, ROW_ANY, 0);
	else if (accept(parser, "(?t"))
		time_condition(parser, start);
	else if (accept(parser, "(?!"))
	{
		uint16 condition = condition_number(parser);

		if (!accept(parser, "*"))
			add_element(parser, ROW_IS_NOT, condition);
		else if (!first)
		{
			pattern->bars[pattern->nbars++] = condition;
			previous(parser)->nbars++;
		}
	}
	else if (accept(parser, "(?"))
		add_element(parser, ROW_IS, condition_number(parser));
	else
		bad_pattern(parser, start, "No part of a pattern begins like this.");
}

void
nm_pattern_parse(const char *text, int nconditions, const uint16 *numbers,
				 NmPattern *pattern)
{
	Parser parser = {.text = text,
					 .next = text,
					 .nconditions = nconditions,
					 .numbers = numbers,
					 .pattern = pattern};

	memset(pattern, 0, sizeof(NmPattern));
	pattern->elements = palloc_array(NmElement, MAX_PARTS);
	pattern->bars = palloc_array(uint16, MAX_PARTS);
	pattern->holes = palloc_array(int64, MAX_PARTS);
	for (skip_space(&parser); *parser.next; skip_space(&parser))
	{
		if (pattern->nparts++ == MAX_PARTS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("pattern is too long"),
					 errdetail("A pattern may have %d parts.", MAX_PARTS),
					 errhint("Match parts of it one after the other.")));
		parse_part(&parser);
	}
	if (pattern->nelements == 0)
		bad_pattern(&parser, text,
					"The pattern has no element, so that no row could match it.");
	if (previous(&parser)->timed)
		bad_pattern(&parser, parser.next,
					"A time condition needs an element behind it.");
}
