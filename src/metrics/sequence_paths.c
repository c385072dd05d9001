/*
 * sequence_paths.c
 *		Which event follows which, and the paths that users take.
 *
 * Both walk the events of a user, cut into sessions where a gap is given.  What
 * they hold grows with the distinct pairs and with the distinct beginnings of
 * paths.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "nm_guards.h"
#include "nm_link.h"
#include "nm_money.h"
#include "nm_rows.h"
#include "nm_span.h"
#include "sequence.h"

#define MAX_PATH_LENGTH 100
#define FIRST_CAPACITY NM_FIRST_LINKS

/* Transitions */

typedef struct Pair
{
	uint32 event;
	uint32 next;
	uint32 transitions;
	uint32 users;
	uint32 last_user; /* the last that it was counted for, from 1 */
	uint32 filled;    /* times of it in place so far */
	Size times;       /* where its times begin */
} Pair;

typedef struct Transitions
{
	const NmState *state;
	int64 session_gap; /* -1 if none */
	Pair *pairs;
	uint32 npairs;
	uint32 *pair_of; /* by row: the pair that it ends, or NM_NO_EVENT */
} Transitions;

/* count_pairs finds all pairs and how often they come. */
static void
count_pairs(Transitions *t)
{
	const NmSequenceRow *rows = nm_sequence_records(t->state);
	NmLinks *links = nm_links_make();
	Size capacity = FIRST_CAPACITY;
	uint32 user = 1;

	t->pairs = palloc_array(Pair, capacity);
	for (uint32 i = 0; i < t->state->nrecords; i++)
	{
		uint32 known = t->npairs;
		uint32 number;
		Pair *pair;

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		t->pair_of[i] = NM_NO_EVENT;
		if (i == 0)
			continue;
		if (rows[i].key != rows[i - 1].key)
		{
			user++;
			continue;
		}
		if (t->session_gap >= 0 &&
			nm_elapsed(rows[i - 1].at, rows[i].at) > t->session_gap)
			continue;
		number =
			nm_link_number(links, rows[i - 1].event, rows[i].event, &t->npairs);
		if (number == known)
		{
			t->pairs = nm_grown(t->pairs, known, &capacity, sizeof(Pair));
			memset(&t->pairs[number], 0, sizeof(Pair));
			t->pairs[number].event = rows[i - 1].event;
			t->pairs[number].next = rows[i].event;
		}
		pair = &t->pairs[number];
		pair->transitions++;
		pair->users += pair->last_user != user;
		pair->last_user = user;
		t->pair_of[i] = number;
	}
	nm_link_destroy(links);
}

/* pair_times returns the times of all transitions, those of a pair together. */
static int64 *
pair_times(Transitions *t)
{
	const NmSequenceRow *rows = nm_sequence_records(t->state);
	Size total = 0;
	int64 *times;

	for (uint32 p = 0; p < t->npairs; p++)
	{
		t->pairs[p].times = total;
		total += t->pairs[p].transitions;
	}
	times =
		palloc_extended(mul_size(total + 1, sizeof(int64)), MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < t->state->nrecords; i++)
	{
		Pair *pair;

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (t->pair_of[i] == NM_NO_EVENT)
			continue;
		pair = &t->pairs[t->pair_of[i]];
		times[pair->times + pair->filled++] =
			nm_elapsed(rows[i - 1].at, rows[i].at);
	}
	return times;
}

static int
compare_pairs(const void *a, const void *b)
{
	const Pair *x = a;
	const Pair *y = b;

	CHECK_FOR_INTERRUPTS();
	if (x->event != y->event)
		return x->event < y->event ? -1 : 1;
	return x->next < y->next ? -1 : (x->next > y->next ? 1 : 0);
}

PG_FUNCTION_INFO_V1(nm_event_transitions);
Datum
nm_event_transitions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Transitions t = {0};
	NmRowContext row;
	int64 *times;
	int64 leaving = 0; /* transitions from the event of the row */

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	t.state = nm_log_arg(fcinfo, 0, &nm_sequence_family);
	t.session_gap = nm_span_arg(fcinfo, 1, "session_gap", -1);
	t.pair_of = palloc_extended(mul_size(t.state->nrecords, sizeof(uint32)),
								MCXT_ALLOC_HUGE);
	count_pairs(&t);
	times = pair_times(&t);
	qsort(t.pairs, t.npairs, sizeof(Pair), compare_pairs);
	nm_row_begin(&row);
	for (uint32 p = 0; p < t.npairs; p++)
	{
		const Pair *pair = &t.pairs[p];
		Datum values[6];
		bool nulls[6] = {false};

		CHECK_FOR_INTERRUPTS();
		if (p == 0 || pair->event != t.pairs[p - 1].event)
		{
			leaving = 0;
			for (uint32 q = p; q < t.npairs && t.pairs[q].event == pair->event;
				 q++)
				leaving += t.pairs[q].transitions;
		}
		values[0] = nm_sequence_event(t.state, pair->event);
		values[1] = nm_sequence_event(t.state, pair->next);
		values[2] = Int64GetDatum(pair->transitions);
		values[3] = Int64GetDatum(pair->users);
		nulls[4] = !nm_ratio_out(pair->transitions, leaving, &values[4]);
		values[5] =
			Float8GetDatum(nm_median(times + pair->times, pair->transitions) /
						   USECS_PER_SEC);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* Paths */

/* PathNode: a path, as an event behind a shorter path.  PathNode 0 is the empty one. */
typedef struct PathNode
{
	uint32 parent;
	uint32 event;
	uint32 occurrences; /* of sessions that took exactly this path */
	uint32 users;
	uint32 last_user;
} PathNode;

typedef struct Paths
{
	const NmState *state;
	int max_length;
	uint32 start_event;
	uint32 end_event;
	bool has_start;
	bool has_end;
	int64 session_gap; /* -1 if none */
	bool collapse;
	int64 top;

	NmLinks *links;
	PathNode *nodes;
	uint32 nnodes;
	Size capacity;
	int64 sessions; /* that have the start and the end asked for */

	uint32 events[MAX_PATH_LENGTH]; /* of the session at hand, as a ring */
	int64 nevents;                  /* seen, of which the last are kept */
} Paths;

/* event_arg returns the number of an event name; *is_set if there was one. */
static uint32
event_arg(FunctionCallInfo fcinfo, int argno, const NmState *state,
		  bool *is_set)
{
	text *name;

	*is_set = !PG_ARGISNULL(argno);
	if (!*is_set)
		return NM_NO_EVENT;
	name = PG_GETARG_TEXT_PP(argno);
	return nm_sequence_find(state, name);
}

static void
paths_begin(FunctionCallInfo fcinfo, Paths *paths)
{
	memset(paths, 0, sizeof(Paths));
	paths->state = nm_log_arg(fcinfo, 0, &nm_sequence_family);
	nm_require_arg(fcinfo, 1, "max_length");
	nm_require_arg(fcinfo, 5, "collapse_repeats");
	paths->max_length = PG_GETARG_INT32(1);
	if (paths->max_length < 1 || paths->max_length > MAX_PATH_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" must be from 1 to %d", "max_length",
						MAX_PATH_LENGTH),
				 errdetail("It is the number of events of a path."),
				 errhint("For one long path see nudge.critical_path().")));
	paths->start_event = event_arg(fcinfo, 2, paths->state, &paths->has_start);
	paths->end_event = event_arg(fcinfo, 3, paths->state, &paths->has_end);
	paths->session_gap = nm_span_arg(fcinfo, 4, "session_gap", -1);
	paths->collapse = PG_GETARG_BOOL(5);
	paths->top = PG_ARGISNULL(6) ? PG_INT64_MAX : PG_GETARG_INT32(6);
	if (paths->top < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"%s\" must be at least 1", "top"),
						errdetail("It is the number of rows of the result."),
						errhint("Pass null for all paths.")));
	paths->links = nm_links_make();
	paths->capacity = FIRST_CAPACITY;
	paths->nodes = palloc_array(PathNode, paths->capacity);
	memset(&paths->nodes[0], 0, sizeof(PathNode));
	paths->nnodes = 1;
}

static inline void
keep_event(Paths *paths, uint32 event)
{
	paths->events[paths->nevents++ % paths->max_length] = event;
}

/*
 * cut_path finds the path of a session: from its first event, or from the first
 * start_event on, over max_length events; or up to the first end_event behind
 * that.  Without start_event the path to an end is its last max_length events.
 * False if the session does not have what is asked for.
 */
static bool
cut_path(Paths *paths, uint32 start, uint32 end)
{
	const NmSequenceRow *rows = nm_sequence_records(paths->state);
	bool started = !paths->has_start;

	paths->nevents = 0;
	for (uint32 i = start; i < end; i++)
	{
		uint32 event = rows[i].event;

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (paths->collapse && i > start && event == rows[i - 1].event)
			continue;
		if (!started && event != paths->start_event)
			continue;
		keep_event(paths, event);
		if (paths->has_end ? started && event == paths->end_event
						   : paths->nevents == paths->max_length)
			return true;
		started = true;
	}
	return started && !paths->has_end;
}

/* add_path counts the path just cut for a user. */
static void
add_path(Paths *paths, uint32 user)
{
	int64 n = Min(paths->nevents, paths->max_length);
	uint32 at = 0;
	PathNode *node;

	paths->sessions++;

	/* from one event to another there is the whole way or none */
	if (paths->has_start && paths->nevents > paths->max_length)
		return;
	for (int64 i = paths->nevents - n; i < paths->nevents; i++)
	{
		uint32 event = paths->events[i % paths->max_length];
		uint32 known = paths->nnodes;
		uint32 number = nm_link_number(paths->links, at, event, &paths->nnodes);

		if (number == known)
		{
			paths->nodes = nm_grown(paths->nodes, known, &paths->capacity,
									sizeof(PathNode));
			memset(&paths->nodes[number], 0, sizeof(PathNode));
			paths->nodes[number].parent = at;
			paths->nodes[number].event = event;
		}
		at = number;
	}
	node = &paths->nodes[at];
	node->occurrences++;
	node->users += node->last_user != user;
	node->last_user = user;
}

/* add_user cuts a user's rows [start, end) into sessions. */
static void
add_user(Paths *paths, uint32 start, uint32 end, uint32 user)
{
	const NmSequenceRow *rows = nm_sequence_records(paths->state);
	uint32 first = start;

	for (uint32 i = start + 1; i <= end; i++)
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (i < end &&
			(paths->session_gap < 0 ||
			 nm_elapsed(rows[i - 1].at, rows[i].at) <= paths->session_gap))
			continue;
		if (cut_path(paths, first, i))
			add_path(paths, user);
		first = i;
	}
}

/* node_events writes the events of a path, and returns how many there are. */
static int
node_events(const PathNode *nodes, uint32 number, uint32 *events)
{
	int n = 0;

	for (uint32 at = number; at != 0; at = nodes[at].parent)
		n++;
	for (int i = n; i-- > 0; number = nodes[number].parent)
		events[i] = nodes[number].event;
	return n;
}

/* compare_paths puts the most frequent first, equals in order of their names. */
static int
compare_paths(const void *a, const void *b, void *arg)
{
	const PathNode *nodes = arg;
	uint32 x = *(const uint32 *) a;
	uint32 y = *(const uint32 *) b;
	uint32 x_events[MAX_PATH_LENGTH];
	uint32 y_events[MAX_PATH_LENGTH];
	int nx;
	int ny;

	CHECK_FOR_INTERRUPTS();
	if (nodes[x].occurrences != nodes[y].occurrences)
		return nodes[x].occurrences > nodes[y].occurrences ? -1 : 1;
	nx = node_events(nodes, x, x_events);
	ny = node_events(nodes, y, y_events);
	for (int i = 0; i < Min(nx, ny); i++)
		if (x_events[i] != y_events[i])
			return x_events[i] < y_events[i] ? -1 : 1;
	return nx - ny;
}

/*
 * top_paths returns the most frequent paths in order.  Of more than twice as
 * many as are wanted, the better half is kept, so that this takes no longer than
 * sorting few.
 */
static uint32 *
top_paths(const Paths *paths, uint32 *n)
{
	Size wanted = (Size) Min(paths->top, (int64) paths->nnodes);
	Size room = Min(wanted * 2, (Size) paths->nnodes);
	uint32 *best =
		palloc_extended(mul_size(room, sizeof(uint32)), MCXT_ALLOC_HUGE);
	Size kept = 0;

	for (uint32 i = 1; i < paths->nnodes; i++)
	{
		if (paths->nodes[i].occurrences == 0)
			continue;
		if (kept == room)
		{
			qsort_arg(best, kept, sizeof(uint32), compare_paths, paths->nodes);
			kept = wanted;
		}
		best[kept++] = i;
	}
	qsort_arg(best, kept, sizeof(uint32), compare_paths, paths->nodes);
	*n = (uint32) Min(kept, wanted);
	return best;
}

static void
path_row(const Paths *paths, uint32 number, NmRowContext *row,
		 ReturnSetInfo *rsinfo)
{
	const PathNode *node = &paths->nodes[number];
	uint32 events[MAX_PATH_LENGTH];
	Datum names[MAX_PATH_LENGTH];
	int n = node_events(paths->nodes, number, events);
	Datum values[4];
	bool nulls[4] = {false};

	for (int i = 0; i < n; i++)
		names[i] = nm_sequence_event(paths->state, events[i]);
	values[0] = PointerGetDatum(construct_array(names, n, TEXTOID, -1, false,
												TYPALIGN_INT));
	values[1] = Int64GetDatum(node->occurrences);
	values[2] = Int64GetDatum(node->users);
	nulls[3] = !nm_ratio_out(node->occurrences, paths->sessions, &values[3]);
	nm_row_put(row, rsinfo, values, nulls);
}

PG_FUNCTION_INFO_V1(nm_paths);
Datum
nm_paths(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Paths paths;
	NmSequenceReader reader = {0};
	NmRowContext row;
	uint32 start;
	uint32 end;
	uint32 user = 0;
	uint32 *best;
	uint32 n;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	paths_begin(fcinfo, &paths);
	reader.state = paths.state;
	while (nm_sequence_user(&reader, &start, &end))
	{
		CHECK_FOR_INTERRUPTS();
		add_user(&paths, start, end, ++user);
	}
	best = top_paths(&paths, &n);
	nm_row_begin(&row);
	for (uint32 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		path_row(&paths, best[i], &row, rsinfo);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
