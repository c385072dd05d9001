/*
 * sequence_match.c
 *		Patterns over the events of a user: match, count, times.
 *
 * The language is that of sequence_pattern.c.
 *
 * Which match is reported: it begins at the first row from which the pattern
 * can be completed within the bound; then each element in turn takes the first
 * row from which that is still so.  The next match begins behind its last row.
 * Without a match, the longest part of the pattern from its first element on
 * that can be matched is looked for in the same way.
 *
 * For that, each element and row gets the last row of the chain from there
 * that ends first.  The rows from which the next element may choose are a
 * window between two ends that both move forward from row to row, so that one
 * pass with a queue finds all minima: memory is elements x rows, and time is
 * parts of the pattern x rows.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "nm_guards.h"
#include "nm_rows.h"
#include "nm_span.h"
#include "sequence.h"
#include "sequence_pattern.h"

#define MAX_CONDITIONS 1000
/* elements x rows of a user: 1 GB */
#define MAX_CELLS ((Size) 1 << 28)

/* the end of a chain that cannot be completed */
#define NEVER PG_UINT32_MAX

enum
{
	ARG_STATE,
	ARG_PATTERN,
	ARG_CONDITIONS,
	ARG_WITHIN
};

/* Matcher: a pattern, and the rows of one user that are of any condition. */
typedef struct Matcher
{
	const NmState *state;
	NmPattern pattern;
	uint16 *condition_of; /* by string number; 0 is none */
	int64 within;         /* microseconds; PG_INT64_MAX is no bound */
	NmSequenceReader reader;

	uint32 n;
	uint32 capacity;
	Size cell_capacity;
	int64 *at;
	uint16 *condition;
	uint32 *limit; /* see find_limits */
	uint32 *queue;
	uint32 *cells; /* last row of the first chain, by element and row */
	uint32 *chain; /* rows of the match just found, by element */
} Matcher;

/* condition_arg numbers the conditions, equal names alike. */
static uint16 *
condition_arg(FunctionCallInfo fcinfo, Matcher *m, int *n)
{
	uint32 *events =
		nm_sequence_names(fcinfo, ARG_CONDITIONS, "conditions", m->state, n);
	uint16 *numbers;

	if (*n > MAX_CONDITIONS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many conditions"),
				 errdetail("A pattern may have %d conditions.", MAX_CONDITIONS),
				 errhint("Give events that mean the same one name before they are aggregated.")));
	numbers = palloc_array(uint16, *n + 1);
	m->condition_of =
		palloc_extended(mul_size(m->state->nstrings + (Size) 1, sizeof(uint16)),
						MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < *n; i++)
	{
		/* what no row is has a number of its own */
		numbers[i] = i + 1;
		if (events[i] == NM_NO_EVENT)
			continue;
		if (m->condition_of[events[i]] == 0)
			m->condition_of[events[i]] = numbers[i];
		numbers[i] = m->condition_of[events[i]];
	}
	return numbers;
}

/* matcher_begin reads the arguments that all functions here have. */
static void
matcher_begin(FunctionCallInfo fcinfo, Matcher *m)
{
	uint16 *numbers;
	int nconditions;

	memset(m, 0, sizeof(Matcher));
	m->state = nm_log_arg(fcinfo, ARG_STATE, &nm_sequence_family);
	m->reader.state = m->state;
	nm_require_arg(fcinfo, ARG_PATTERN, "pattern");
	numbers = condition_arg(fcinfo, m, &nconditions);
	nm_pattern_parse(nm_text_arg(fcinfo, ARG_PATTERN, NULL), nconditions,
					 numbers, &m->pattern);
	m->within = nm_span_arg(fcinfo, ARG_WITHIN, "within", PG_INT64_MAX);
	m->chain = palloc_array(uint32, m->pattern.nelements);
}

/* Matching */

/* reserve makes room for n rows of a user. */
static void
reserve(Matcher *m, uint32 n)
{
	Size capacity = Max((Size) n, 64);

	if (n <= m->capacity)
		return;
	if (m->capacity > 0)
	{
		pfree(m->at);
		pfree(m->condition);
		pfree(m->limit);
		pfree(m->queue);
		capacity = Max(capacity, Min((Size) m->capacity * 2, PG_UINT32_MAX));
	}
	m->capacity = (uint32) capacity;
	m->at = palloc_extended(mul_size(capacity, sizeof(int64)), MCXT_ALLOC_HUGE);
	m->condition =
		palloc_extended(mul_size(capacity, sizeof(uint16)), MCXT_ALLOC_HUGE);
	m->limit = palloc_extended(mul_size(capacity + 1, sizeof(uint32)),
							   MCXT_ALLOC_HUGE);
	m->queue =
		palloc_extended(mul_size(capacity, sizeof(uint32)), MCXT_ALLOC_HUGE);
}

/* reserve_cells makes room for all elements and the rows of the user. */
static void
reserve_cells(Matcher *m)
{
	Size needed = (Size) m->n * m->pattern.nelements;

	if (needed <= m->cell_capacity)
		return;
	if (needed > MAX_CELLS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("pattern of %d elements is too long for a user of %u events",
						m->pattern.nelements, m->n),
				 errdetail("Elements times events may be %zu.", MAX_CELLS),
				 errhint("Leave the user out, or cut its events into sessions.")));
	if (m->cells)
		pfree(m->cells);
	m->cell_capacity = Min(Max(needed, m->cell_capacity * 2), MAX_CELLS);
	m->cells = palloc_extended(mul_size(m->cell_capacity, sizeof(uint32)),
							   MCXT_ALLOC_HUGE);
}

/* next_user takes the next user's rows; false after the last. */
static bool
next_user(Matcher *m)
{
	const NmSequenceRow *rows = nm_sequence_records(m->state);
	uint32 start;
	uint32 end;
	uint32 n = 0;

	CHECK_FOR_INTERRUPTS();
	if (!nm_sequence_user(&m->reader, &start, &end))
		return false;
	reserve(m, end - start);
	for (uint32 i = start; i < end; i++)
	{
		uint16 condition = m->condition_of[rows[i].event];

		m->at[n] = rows[i].at;
		m->condition[n] = condition;
		n += condition != 0;
	}
	m->n = n;
	return true;
}

static inline uint32 *
cells_of(const Matcher *m, int element)
{
	return m->cells + (Size) element * m->n;
}

static inline bool
row_passes(const Matcher *m, const NmElement *element, uint32 row)
{
	if (element->test == ROW_ANY)
		return true;
	return (m->condition[row] == element->condition) ==
		   (element->test == ROW_IS);
}

/* later returns a time so much after another; PG_INT64_MAX is no bound. */
static inline int64
later(int64 at, int64 usecs)
{
	int64 result;

	if (usecs == PG_INT64_MAX || pg_add_s64_overflow(at, usecs, &result))
		return PG_INT64_MAX;
	return result;
}

/* elapsed returns the time from one row to a later one. */
static inline int64
elapsed(const Matcher *m, uint32 from, uint32 to)
{
	return nm_elapsed(m->at[from], m->at[to]);
}

/*
 * find_limits sets limit[i] to the first row that cannot be in a gap which
 * begins at row i; n if there is none.
 */
static void
find_limits(Matcher *m, const NmElement *element)
{
	for (uint32 i = 0; i <= m->n; i++)
		m->limit[i] = i;
	for (int b = element->nbars - 1; b >= 0; b--)
	{
		uint16 barred = m->pattern.bars[element->bars + b];

		CHECK_FOR_INTERRUPTS();
		for (uint32 i = m->n; i-- > 0;)
			if (m->condition[i] != barred)
				m->limit[i] = m->limit[i + 1];
	}
}

/*
 * slide completes an element by the rows of the next that lie at least `least`
 * and at most `most` after its own.  The queue holds the rows of the window that
 * may still be the best of one, the best last: a row in front of it and not worse
 * makes it useless.
 */
static void
slide(Matcher *m, int e, int64 least, int64 most, bool limited)
{
	const NmElement *element = &m->pattern.elements[e];
	uint32 *own = cells_of(m, e);
	const uint32 *next = cells_of(m, e + 1);
	uint32 from = m->n;  /* first row of the window */
	uint32 first = m->n; /* the queue is queue[first .. last - 1] */
	uint32 last = m->n;

	for (uint32 row = m->n; row-- > 0;)
	{
		int64 earliest = later(m->at[row], least);
		int64 latest = later(m->at[row], most);

		if ((row & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		while (from > row + 1 && m->at[from - 1] >= earliest)
		{
			from--;
			if (next[from] == NEVER)
				continue;
			while (first < last && next[m->queue[first]] >= next[from])
				first++;
			m->queue[--first] = from;
		}
		while (first < last &&
			   (m->at[m->queue[last - 1]] > latest ||
				(limited && m->queue[last - 1] > m->limit[row + 1])))
			last--;
		if (first < last && row_passes(m, element, row))
			own[row] = Min(own[row], next[m->queue[last - 1]]);
	}
}

/* solve_gap completes an element across a gap or a time condition. */
static void
solve_gap(Matcher *m, int e)
{
	const NmElement *element = &m->pattern.elements[e];
	bool limited = !element->free_gap && element->nbars > 0;
	uint32 *own = cells_of(m, e);
	int64 least = element->least;
	int64 *holes = &m->pattern.holes[element->holes];

	for (uint32 row = 0; row < m->n; row++)
		own[row] = NEVER;
	if (limited)
		find_limits(m, element);

	/* a window for each piece between the differences that are left out */
	nm_sort_values(holes, element->nholes);
	for (int i = 0; i < element->nholes && least <= element->most; i++)
	{
		if (holes[i] < least || holes[i] > element->most)
			continue;
		if (holes[i] > least)
			slide(m, e, least, holes[i] - 1, limited);
		if (holes[i] == PG_INT64_MAX)
			return;
		least = holes[i] + 1;
	}
	if (least <= element->most)
		slide(m, e, least, element->most, limited);
}

/* solve fills the cells of the first n elements, as if these were all. */
static void
solve(Matcher *m, int n)
{
	for (int e = n - 1; e >= 0; e--)
	{
		const NmElement *element = &m->pattern.elements[e];
		uint32 *own = cells_of(m, e);
		const uint32 *next = cells_of(m, e + 1);

		CHECK_FOR_INTERRUPTS();
		if (e == n - 1)
			for (uint32 row = 0; row < m->n; row++)
				own[row] = row_passes(m, element, row) ? row : NEVER;
		else if (element->free_gap || element->nbars > 0 || element->timed)
			solve_gap(m, e);
		else
			for (uint32 row = 0; row < m->n; row++)
				own[row] = row + 1 < m->n && row_passes(m, element, row)
							   ? next[row + 1]
							   : NEVER;
	}
}

/* in_hole tells whether a difference is one that the element may not have. */
static bool
in_hole(const Matcher *m, const NmElement *element, int64 difference)
{
	for (int i = 0; i < element->nholes; i++)
		if (m->pattern.holes[element->holes + i] == difference)
			return true;
	return false;
}

/*
 * find_chain finds the first match of the first n elements that begins at row
 * `from` or later, given that they are solved.
 */
static bool
find_chain(Matcher *m, int n, uint32 from)
{
	const uint32 *ends = cells_of(m, 0);
	int64 bound;

	while (from < m->n &&
		   (ends[from] == NEVER || elapsed(m, from, ends[from]) > m->within))
	{
		if ((++from & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	if (from >= m->n)
		return false;
	bound = later(m->at[from], m->within);
	m->chain[0] = from;
	for (int e = 0; e < n - 1; e++)
	{
		const NmElement *element = &m->pattern.elements[e];
		uint32 row = m->chain[e] + 1;

		/* there is such a row: no gap or end of the window comes before it */
		ends = cells_of(m, e + 1);
		while (ends[row] == NEVER || m->at[ends[row]] > bound ||
			   elapsed(m, m->chain[e], row) < element->least ||
			   in_hole(m, element, elapsed(m, m->chain[e], row)))
		{
			if ((++row & 0xFFFF) == 0)
				CHECK_FOR_INTERRUPTS();
			Assert(row < m->n);
		}
		m->chain[e + 1] = row;
	}
	return true;
}

/* first_match solves the pattern for a user and finds its first match. */
static bool
first_match(Matcher *m)
{
	if (m->n < (uint32) m->pattern.nelements)
		return false;
	reserve_cells(m);
	solve(m, m->pattern.nelements);
	return find_chain(m, m->pattern.nelements, 0);
}

static bool
next_match(Matcher *m)
{
	int n = m->pattern.nelements;

	return find_chain(m, n, m->chain[n - 1] + 1);
}

/*
 * longest_part finds the first chain of as many elements as can be matched,
 * given that not all can.  What can be matched can also be matched in part, so
 * halving finds the number.
 */
static int
longest_part(Matcher *m)
{
	int low = 0;
	int high = Min(m->n, m->pattern.nelements - 1);

	if (high == 0)
		return 0;
	reserve_cells(m);
	while (low < high)
	{
		int middle = (low + high + 1) / 2;

		solve(m, middle);
		if (find_chain(m, middle, 0))
			low = middle;
		else
			high = middle - 1;
	}
	if (low > 0)
	{
		solve(m, low);
		(void) find_chain(m, low, 0);
	}
	return low;
}

/* Results */

/* chain_times returns the times of the rows that conditions (?N) have matched. */
static Datum
chain_times(const Matcher *m, int n)
{
	Datum *times = palloc_array(Datum, n + 1);
	int count = 0;

	for (int e = 0; e < n; e++)
		if (m->pattern.elements[e].test == ROW_IS)
			times[count++] = TimestampTzGetDatum(m->at[m->chain[e]]);
	return PointerGetDatum(construct_array(times, count, TIMESTAMPTZOID,
										   sizeof(TimestampTz), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

PG_FUNCTION_INFO_V1(nm_sequence_match);
Datum
nm_sequence_match(PG_FUNCTION_ARGS)
{
	Matcher m;
	int64 users = 0;

	if (PG_ARGISNULL(ARG_STATE))
		PG_RETURN_NULL();
	matcher_begin(fcinfo, &m);
	while (next_user(&m))
		users += first_match(&m);
	PG_RETURN_INT64(users);
}

/* count_matches counts the matches of a user from the first one on. */
static int64
count_matches(Matcher *m, bool matched)
{
	int64 matches = 0;

	for (; matched; matched = next_match(m))
		matches++;
	return matches;
}

PG_FUNCTION_INFO_V1(nm_sequence_count);
Datum
nm_sequence_count(PG_FUNCTION_ARGS)
{
	Matcher m;
	int64 matches = 0;

	if (PG_ARGISNULL(ARG_STATE))
		PG_RETURN_NULL();
	matcher_begin(fcinfo, &m);
	while (next_user(&m))
		matches += count_matches(&m, first_match(&m));
	PG_RETURN_INT64(matches);
}

PG_FUNCTION_INFO_V1(nm_sequence_users);
Datum
nm_sequence_users(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Matcher m;
	MemoryContext outer = CurrentMemoryContext;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(ARG_STATE))
		PG_RETURN_NULL();
	matcher_begin(fcinfo, &m);
	nm_row_begin(&row);
	for (;;)
	{
		Datum values[4];
		bool nulls[4] = {false};
		bool matched;
		int found;

		/* the arrays of the matcher outlive the row */
		MemoryContextSwitchTo(outer);
		if (!next_user(&m))
			break;
		matched = first_match(&m);
		found = matched ? m.pattern.nelements : longest_part(&m);
		MemoryContextSwitchTo(row.row);
		values[0] = nm_sequence_key(m.state, m.reader.key);
		values[1] = BoolGetDatum(matched);
		values[3] = chain_times(&m, found);
		values[2] = Int64GetDatum(count_matches(&m, matched));
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(nm_sequence_events);
Datum
nm_sequence_events(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Matcher m;
	NmRowContext row;
	MemoryContext outer = CurrentMemoryContext;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(ARG_STATE))
		PG_RETURN_NULL();
	matcher_begin(fcinfo, &m);
	nm_row_begin(&row);
	for (;;)
	{
		int number = 0;
		bool matched;

		MemoryContextSwitchTo(outer);
		if (!next_user(&m))
			break;
		matched = first_match(&m);
		MemoryContextSwitchTo(row.row);
		for (; matched; matched = next_match(&m))
		{
			Datum values[3];
			bool nulls[3] = {false};

			CHECK_FOR_INTERRUPTS();
			values[0] = nm_sequence_key(m.state, m.reader.key);
			values[1] = Int32GetDatum(++number);
			values[2] = chain_times(&m, m.pattern.nelements);
			nm_row_put(&row, rsinfo, values, nulls);
		}
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
