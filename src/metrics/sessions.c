/*
 * sessions.c
 *		Sessions: the window function sessionize, and what users do in them.
 *
 * A session ends when the next event of its user comes more than `gap` after
 * the one before, or would make it longer than max_length.  See
 * doc/sessions.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "windowapi.h"

#include "nm_calendar.h"
#include "nm_guards.h"
#include "nm_money.h"
#include "nm_rows.h"
#include "nm_span.h"
#include "sequence.h"

/* rows that the window function lets pile up, less one; a power of 2 */
#define KEPT_ROWS 255
#define NO_LIMIT PG_INT64_MAX

/* arguments of sessions() and session_metrics() */
enum
{
	ARG_STATE,
	ARG_GAP,
	ARG_MAX_LENGTH,
	ARG_PAGE_EVENTS,
	ARG_AS_OF
};

/* The window function */

/* Sessionize: where it is in a partition; all zero before the first row. */
typedef struct Sessionize
{
	int64 session;
	int64 first; /* time of the first row of the session */
	int64 last;  /* time of the row before */
} Sessionize;

/* An operator or the like can call a window function where there is no window. */
static inline void
check_window_call(WindowObject window)
{
	if (unlikely(!WindowObjectIsValid(window)))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("sessionize is a window function"),
				 errdetail("It was called without a window, for example by an operator that is made of it."),
				 errhint("Call it as sessionize(at, gap) OVER (PARTITION BY user_id ORDER BY at).")));
}

/* window_span returns an argument of a row as microseconds, -1 where NULL. */
static inline int64
window_span(WindowObject window, int argno, const char *name)
{
	bool isnull;
	Datum value = WinGetFuncArgCurrent(window, argno, &isnull);

	return isnull ? -1 : nm_span(DatumGetIntervalP(value), name);
}

static void
check_window_row(const Sessionize *s, int64 at, int64 gap)
{
	if (gap < 0)
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("argument \"%s\" must not be null", "gap"),
						errdetail("It is the longest pause within a session."),
						errhint("Pass an interval, such as '30 minutes'.")));
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("argument \"%s\" must be a finite instant", "at"),
				 errdetail("Infinity is not in any session."),
				 errhint("Leave such rows out with WHERE, or make them null.")));
	if (s->session > 0 && at < s->last)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rows of a session are not in order of time"),
				 errdetail("A row is earlier than the row before."),
				 errhint("Order the window by the time: OVER (PARTITION BY user_id ORDER BY at).")));
}

/* A row without a time is in no session, and does not end one. */
PG_FUNCTION_INFO_V1(nm_sessionize);
Datum
nm_sessionize(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	Sessionize *s;
	bool isnull;
	int64 at;
	int64 gap;
	int64 max_length = -1;

	check_window_call(window);
	s = WinGetPartitionLocalMemory(window, sizeof(Sessionize));
	at = DatumGetTimestampTz(WinGetFuncArgCurrent(window, 0, &isnull));

	/* rows that are done with need not be kept, but letting go has a price */
	if ((WinGetCurrentPosition(window) & KEPT_ROWS) == KEPT_ROWS)
		WinSetMarkPosition(window, WinGetCurrentPosition(window));
	if (isnull)
		PG_RETURN_NULL();
	gap = window_span(window, 1, "gap");
	if (PG_NARGS() > 2)
		max_length = window_span(window, 2, "max_length");
	if (unlikely(gap < 0 || TIMESTAMP_NOT_FINITE(at) || at < s->last))
		check_window_row(s, at, gap);
	if (s->session == 0 || nm_elapsed(s->last, at) > gap ||
		(max_length >= 0 && nm_elapsed(s->first, at) > max_length))
	{
		s->session++;
		s->first = at;
	}
	s->last = at;
	PG_RETURN_INT64(s->session);
}

/* Sessions of a state */

typedef struct SessionOptions
{
	const NmState *state;
	int64 gap;
	int64 max_length; /* NO_LIMIT if none */
	bool has_as_of;
	int64 as_of;   /* NO_LIMIT if none */
	bool *is_page; /* by string number; NULL if every event is a page */
} SessionOptions;

/* Session: rows [start, end), of which so many are pages. */
typedef struct Session
{
	uint32 start;
	uint32 end;
	int64 pages;
} Session;

/* span_args reads gap, max_length and as_of. */
static void
span_args(FunctionCallInfo fcinfo, int gap, int max_length, int as_of,
		  SessionOptions *options)
{
	nm_require_arg(fcinfo, gap, "gap");
	options->gap = nm_span_arg(fcinfo, gap, "gap", 0);
	options->max_length =
		nm_span_arg(fcinfo, max_length, "max_length", NO_LIMIT);
	options->as_of =
		nm_instant_arg(fcinfo, as_of, "as_of", &options->has_as_of);
	if (!options->has_as_of)
		options->as_of = NO_LIMIT;
}

static void
session_options(FunctionCallInfo fcinfo, SessionOptions *options)
{
	uint32 *events;
	int n;

	memset(options, 0, sizeof(SessionOptions));
	options->state = nm_log_arg(fcinfo, ARG_STATE, &nm_sequence_family);
	span_args(fcinfo, ARG_GAP, ARG_MAX_LENGTH, ARG_AS_OF, options);
	if (PG_ARGISNULL(ARG_PAGE_EVENTS))
		return;
	events = nm_sequence_names(fcinfo, ARG_PAGE_EVENTS, "page_events",
							   options->state, &n);
	options->is_page = palloc0((Size) options->state->nstrings + 1);
	for (int i = 0; i < n; i++)
		if (events[i] != NM_NO_EVENT)
			options->is_page[events[i]] = true;
}

/*
 * next_session finds the session that begins at row session->end, among a
 * user's rows up to `end`; false if there is none before as_of.
 */
static bool
next_session(const SessionOptions *options, uint32 end, Session *session)
{
	const NmSequenceRow *rows = nm_sequence_records(options->state);
	uint32 i = session->end;
	int64 last;

	if (i >= end || rows[i].at >= options->as_of)
		return false;
	session->start = i;
	session->pages = 0;
	do
	{
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		session->pages +=
			options->is_page == NULL || options->is_page[rows[i].event];
		last = rows[i].at;
		i++;
	} while (i < end && rows[i].at < options->as_of &&
			 nm_elapsed(last, rows[i].at) <= options->gap &&
			 nm_elapsed(rows[session->start].at, rows[i].at) <=
				 options->max_length);
	session->end = i;
	return true;
}

static inline int64
session_start(const SessionOptions *options, const Session *session)
{
	return nm_sequence_records(options->state)[session->start].at;
}

static inline int64
session_end(const SessionOptions *options, const Session *session)
{
	return nm_sequence_records(options->state)[session->end - 1].at;
}

/* session_row puts a session of a user. */
static void
session_row(const SessionOptions *options, const Session *session, int64 key,
			int number, NmRowContext *row, ReturnSetInfo *rsinfo)
{
	const NmSequenceRow *rows = nm_sequence_records(options->state);
	int64 start = session_start(options, session);
	int64 end = session_end(options, session);
	Datum values[11];
	bool nulls[11] = {false};
	int c = 0;

	values[c++] = nm_sequence_key(options->state, key);
	values[c++] = Int32GetDatum(number);
	values[c++] = TimestampTzGetDatum(start);
	values[c++] = TimestampTzGetDatum(end);
	values[c++] = Int64GetDatum(session->end - session->start);
	values[c++] = Int64GetDatum(session->pages);
	values[c++] =
		Float8GetDatum((double) nm_elapsed(start, end) / USECS_PER_SEC);
	values[c++] = nm_sequence_event(options->state, rows[session->start].event);
	values[c++] =
		nm_sequence_event(options->state, rows[session->end - 1].event);
	values[c++] = BoolGetDatum(session->end - session->start == 1);

	/* whatever comes at or after as_of can no longer belong to it */
	nulls[c] = !options->has_as_of;
	values[c++] =
		BoolGetDatum(nm_elapsed(end, options->as_of) > options->gap ||
					 nm_elapsed(start, options->as_of) > options->max_length);
	nm_row_put(row, rsinfo, values, nulls);
}

PG_FUNCTION_INFO_V1(nm_sessions);
Datum
nm_sessions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SessionOptions options;
	NmSequenceReader reader = {0};
	NmRowContext row;
	uint32 start;
	uint32 end;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(ARG_STATE))
		PG_RETURN_NULL();
	session_options(fcinfo, &options);
	reader.state = options.state;
	nm_row_begin(&row);
	while (nm_sequence_user(&reader, &start, &end))
	{
		Session session = {.end = start};
		int number = 0;

		while (next_session(&options, end, &session))
		{
			CHECK_FOR_INTERRUPTS();
			session_row(&options, &session, reader.key, ++number, &row, rsinfo);
		}
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* Metrics */

typedef struct SessionTotals
{
	NmSamples durations;
	int128 duration;
	int64 users;
	int64 returning_users;
	int64 pages;
	int64 bounces;
} SessionTotals;

static void
add_sessions(const SessionOptions *options, SessionTotals *totals)
{
	NmSequenceReader reader = {.state = options->state};
	uint32 start;
	uint32 end;

	while (nm_sequence_user(&reader, &start, &end))
	{
		Session session = {.end = start};
		int64 before = totals->durations.n;

		CHECK_FOR_INTERRUPTS();
		while (next_session(options, end, &session))
		{
			int64 duration = nm_elapsed(session_start(options, &session),
										session_end(options, &session));

			nm_samples_add(&totals->durations, duration);
			totals->duration += duration;
			totals->pages += session.pages;
			totals->bounces += session.end - session.start == 1;
		}
		totals->users += (int64) totals->durations.n > before;
		totals->returning_users += (int64) totals->durations.n > before + 1;
	}
}

PG_FUNCTION_INFO_V1(nm_session_metrics);
Datum
nm_session_metrics(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SessionOptions options;
	SessionTotals totals = {0};
	Datum values[10];
	bool nulls[10] = {false};
	int64 sessions;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(ARG_STATE))
		PG_RETURN_NULL();
	session_options(fcinfo, &options);
	add_sessions(&options, &totals);
	sessions = totals.durations.n;
	values[0] = Int64GetDatum(sessions);
	values[1] = Int64GetDatum(totals.users);
	nulls[2] = nulls[3] = sessions == 0;
	if (sessions > 0)
	{
		values[2] =
			Float8GetDatum((double) totals.duration / sessions / USECS_PER_SEC);
		values[3] =
			Float8GetDatum(nm_median(totals.durations.values, sessions) /
						   USECS_PER_SEC);
	}
	nulls[4] = !nm_ratio_out(totals.pages, sessions, &values[4]);
	values[5] = Int64GetDatum(totals.bounces);
	nulls[6] = !nm_ratio_out(totals.bounces, sessions, &values[6]);
	values[7] = Int64GetDatum(totals.returning_users);
	nulls[8] = !nm_ratio_out(totals.returning_users, totals.users, &values[8]);
	nulls[9] = !nm_ratio_out(sessions, totals.users, &values[9]);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	PG_RETURN_NULL();
}

/* Concurrent users */

/*
 * Presence: when sessions begin and end, in order.  Sessions of a user do not
 * overlap, so that those under way are as many users.
 */
typedef struct Presence
{
	NmSamples starts;
	NmSamples ends;
	Size next_start;
	Size next_end;
	int64 present; /* at the place where the walk is */
} Presence;

/* What is seen from one instant to another. */
typedef struct PresencePeriod
{
	int64 peak;
	int64 peak_at;
	int128 total; /* microseconds of all users */
} PresencePeriod;

static void
presence_make(const SessionOptions *options, Presence *presence)
{
	NmSequenceReader reader = {.state = options->state};
	uint32 start;
	uint32 end;

	memset(presence, 0, sizeof(Presence));
	while (nm_sequence_user(&reader, &start, &end))
	{
		Session session = {.end = start};

		CHECK_FOR_INTERRUPTS();
		while (next_session(options, end, &session))
		{
			nm_samples_add(&presence->starts, session_start(options, &session));
			nm_samples_add(&presence->ends, session_end(options, &session));
		}
	}
	if (presence->starts.n == 0)
		return;
	nm_sort_values(presence->starts.values, presence->starts.n);
	nm_sort_values(presence->ends.values, presence->ends.n);
}

/*
 * presence_walk goes on from instant `from` to `to`.  Who leaves at an instant
 * is still there when another comes.
 */
static void
presence_walk(Presence *presence, int64 from, int64 to, PresencePeriod *period)
{
	Size n = presence->starts.n;
	int64 at = from;

	memset(period, 0, sizeof(PresencePeriod));
	period->peak = presence->present;
	period->peak_at = from;
	for (;;)
	{
		int64 start = presence->next_start < n
						  ? presence->starts.values[presence->next_start]
						  : PG_INT64_MAX;
		int64 end = presence->next_end < n
						? presence->ends.values[presence->next_end]
						: PG_INT64_MAX;
		int64 next = Min(start, end);

		if (next >= to)
			break;
		if ((presence->next_end & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		period->total += (int128) presence->present * (next - at);
		at = next;
		if (start <= end)
		{
			presence->next_start++;
			presence->present++;
			if (presence->present > period->peak)
			{
				period->peak = presence->present;
				period->peak_at = start;
			}
		}
		else
		{
			presence->next_end++;
			presence->present--;
		}
	}
	period->total += (int128) presence->present * (to - at);
}

PG_FUNCTION_INFO_V1(nm_concurrent_users);
Datum
nm_concurrent_users(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SessionOptions options = {0};
	Presence presence;
	NmGrain grain;
	NmCalendar *cal;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	options.state = nm_log_arg(fcinfo, 0, &nm_sequence_family);
	grain = nm_grain_parse(nm_text_arg(fcinfo, 1, "day"), NULL, 1);
	span_args(fcinfo, 3, 4, 5, &options);
	presence_make(&options, &presence);
	if (presence.starts.n == 0)
		PG_RETURN_NULL();
	cal = nm_calendar_make(&grain, nm_zone_parse(nm_text_arg(fcinfo, 2, "UTC")),
						   true, presence.starts.values[0],
						   presence.ends.values[presence.ends.n - 1]);
	nm_row_begin(&row);
	for (int i = 0; i < cal->nperiods; i++)
	{
		int64 from = cal->bounds[i];
		int64 to = Min(cal->bounds[i + 1], options.as_of);
		PresencePeriod period;
		Datum values[4];
		bool nulls[4] = {false};

		CHECK_FOR_INTERRUPTS();
		presence_walk(&presence, from, to, &period);
		values[0] = DateADTGetDatum(cal->starts[i]);
		values[1] = Int64GetDatum(period.peak);
		nulls[2] = period.peak == 0;
		values[2] = TimestampTzGetDatum(period.peak_at);
		values[3] =
			Float8GetDatum((double) period.total / (double) (to - from));
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}
