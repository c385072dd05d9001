/*
 * score.h
 *		The records of score_state, and readings made of them.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#ifndef SCORE_H
#define SCORE_H

#include "postgres.h"
#include "fmgr.h"
#include "datatype/timestamp.h"
#include "nm_log.h"
#include "nm_span.h"
#include "nm_stats.h"

/*
 * One score.  The first field of a record is its key, and here that is the
 * instant: records are sorted by time, then by score.  The state is of one
 * entity, so there is no other key, and its flags say bigint.
 */
typedef struct NmScoreRow
{
	int64 at;    /* instant */
	int64 score; /* in units of 1e-6, so that 79.3 - 69.3 is 10 */
} NmScoreRow;

#define NM_SCORE_UNIT 1000000
#define NM_SCORE_MAX (INT64CONST(1000000000) * NM_SCORE_UNIT)

/* where no span was given */
#define NM_SCORE_NO_SPAN PG_INT64_MAX

/* NmReading: what holds at an instant, the mean of its n scores. */
typedef struct NmReading
{
	int64 at;
	int64 score;
	int64 n;
} NmReading;

/*
 * NmScoreView: the records of a state that are known at as_of, which is the
 * instant of the last one if none was given.
 */
typedef struct NmScoreView
{
	const NmScoreRow *rows;
	uint32 n;
	int64 as_of;
	bool has_as_of;
} NmScoreView;

extern const NmFamily nm_score_family;

/*
 * The view of the state in argument 0, or of another one; false if nothing is
 * known at as_of.
 */
extern bool
nm_score_view(FunctionCallInfo fcinfo, int as_of_arg, NmScoreView *view);
extern bool nm_score_view_of(const NmState *state, NmScoreView *view);

/* How many records are at or before an instant. */
extern uint32 nm_score_upto(const NmScoreView *view, int64 at);

/* A number as a score, or an error that names it. */
extern int64 nm_points_in(double score, const char *name);

/* A span that holds something, or the given value where it is NULL. */
extern int64 nm_score_within(FunctionCallInfo fcinfo, int argno,
							 const char *name, int64 if_null);

/* sum / n, half away from zero. */
static inline int64
nm_score_mean(int128 sum, int64 n)
{
	int128 quotient = sum / n;
	int128 rest = sum % n;

	if (rest * 2 >= n)
		quotient++;
	else if (rest * 2 <= -n)
		quotient--;
	return (int64) quotient;
}

static inline double
nm_points_out(int64 score)
{
	return (double) score / NM_SCORE_UNIT;
}

static inline double
nm_score_days(int64 span)
{
	return (double) span / USECS_PER_DAY;
}

/* The instant a span before another; nothing is as early where there is none. */
static inline int64
nm_score_start(int64 at, int64 span)
{
	return span == NM_SCORE_NO_SPAN ? PG_INT64_MIN : at - span;
}

/* nm_several_scores makes a reading of the records [start, end). */
extern void nm_several_scores(const NmScoreRow *rows, uint32 start, uint32 end,
							  NmReading *reading);

/* The reading that begins at record *i, which moves behind it. */
static inline bool
nm_next_reading(const NmScoreRow *rows, uint32 *i, uint32 end,
				NmReading *reading)
{
	uint32 start = *i;
	uint32 next = start + 1;

	if (start >= end)
		return false;
	while (next < end && rows[next].at == rows[start].at)
		next++;
	*i = next;
	if (likely(next == start + 1))
	{
		reading->at = rows[start].at;
		reading->score = rows[start].score;
		reading->n = 1;
	}
	else
		nm_several_scores(rows, start, next, reading);
	return true;
}

/* The reading that ends before record *i, which moves to its first. */
static inline bool
nm_previous_reading(const NmScoreRow *rows, uint32 *i, NmReading *reading)
{
	uint32 end = *i;
	uint32 start = end;

	if (end == 0)
		return false;
	do
		start--;
	while (start > 0 && rows[start - 1].at == rows[end - 1].at);
	*i = start;
	if (likely(end == start + 1))
	{
		reading->at = rows[start].at;
		reading->score = rows[start].score;
		reading->n = 1;
	}
	else
		nm_several_scores(rows, start, end, reading);
	return true;
}

/* NmWindow: the readings of (as_of - span, as_of]. */
typedef struct NmWindow
{
	int64 readings;
	int64 highest;
	int64 lowest;
	int64 mean;
} NmWindow;

/* The window before as_of; false if it has no reading. */
extern bool
nm_score_window(const NmScoreView *view, int64 span, NmWindow *window);

/* The latest reading at or before an instant; false if there is none. */
extern bool
nm_reading_at(const NmScoreView *view, int64 at, NmReading *reading);

/* NmFall: a reading, and the peak of the span that ends with it. */
typedef struct NmFall
{
	NmReading reading;
	int64 peak;
	int64 peak_at; /* the latest, if it was reached more than once */
} NmFall;

/* The largest fall within the records [first, view->n); false without any. */
extern bool nm_largest_fall(const NmScoreView *view, uint32 first, int64 span,
							NmFall *largest);

/* NmScoreTrend: the line through the readings of a window. */
typedef struct NmScoreTrend
{
	int64 readings;
	int64 first_at;
	int64 last_at;
	bool has_line; /* else the rest is not set */
	NmLine line;   /* days from first_at, points from the first reading */
	double first_score;
} NmScoreTrend;

extern void
nm_score_trend(const NmScoreView *view, int64 span, NmScoreTrend *trend);

/* rising, falling or flat, or NULL if the readings are too few to say. */
extern const char *nm_trend_direction(const NmScoreTrend *trend, double alpha);

/* NmBaseline: the mean of the readings of an entity's first time. */
typedef struct NmBaseline
{
	int64 score;
	int64 readings;
	int64 since;
	int64 until;
	bool has_until; /* false if it lies beyond all timestamps */
	bool complete;
} NmBaseline;

extern void
nm_score_baseline(const NmScoreView *view, int64 span, NmBaseline *baseline);

#endif /* SCORE_H */
