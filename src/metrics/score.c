/*
 * score.c
 *		Dated scores: score_state, its aggregate, and the score at an instant.
 *
 * A state is a log of the scores of one entity, or after rollup of several.
 * See doc/score.md for the definitions.
 *
 * Copyright (c) 2026, the nudge_metrics authors; PostgreSQL licence
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "nm_guards.h"
#include "nm_rows.h"
#include "nm_span.h"
#include "score.h"

/* arguments of the transition functions */
enum
{
	ARG_AT = 1,
	ARG_SCORE
};

static const char *
score_check_record(const NmState *state pg_attribute_unused(), const void *rec)
{
	const NmScoreRow *row = rec;

	if (!IS_VALID_TIMESTAMP(row->at))
		return "A score lies outside the range of timestamps.";
	if (row->score > NM_SCORE_MAX || row->score < -NM_SCORE_MAX)
		return "A score is out of range.";
	return NULL;
}

static const char *
score_check_param(const NmState *state)
{
	if (state->param != 0 || nm_state_key_type(state) != NM_KEY_BIGINT)
		return "The header of the state is inconsistent.";
	return NULL;
}

const NmFamily nm_score_family = {
	.type_name = "score_state",
	.kind = NM_KIND_SCORE,
	.version = 1,
	.layout = "kq",
	.check_record = score_check_record,
	.check_param = score_check_param,
	.times = NM_TIMES_INSTANTS,
};

#define SCORE_FLAGS (NM_KEY_BIGINT | NM_INSTANTS)

StaticAssertDecl(sizeof(NmScoreRow) == 16, "layout of scores");

NM_LOG_FUNCTIONS(score, &nm_score_family);

/* Transition functions */

/* null_in_row complains about the first argument of a row that is NULL. */
static void
null_in_row(FunctionCallInfo fcinfo)
{
	bool no_time = PG_ARGISNULL(ARG_AT);

	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("\"%s\" of a score must not be null",
					no_time ? "at" : "score"),
			 errdetail("A score that is not known, or not when, says nothing."),
			 errhint("Leave such rows out: FILTER (WHERE score IS NOT NULL).")));
}

int64
nm_points_in(double score, const char *name)
{
	/* NaN is not within the bounds either */
	if (unlikely(!(fabs(score) <= NM_SCORE_MAX / NM_SCORE_UNIT)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"%s\" must be a number from -1000000000 to 1000000000",
						name),
				 errdetail("It is %.17g.", score),
				 errhint("Scores are kept to six decimals: scale larger numbers, and leave out what is none.")));
	return (int64) round(score * NM_SCORE_UNIT);
}

/* score_trans adds a row to the state. */
static pg_attribute_always_inline Datum
score_trans(FunctionCallInfo fcinfo, bool is_date)
{
	NmState *state =
		nm_log_transition_state(fcinfo, &nm_score_family, SCORE_FLAGS);
	NmScoreRow *row;
	int64 at;
	int64 score;

	if (unlikely(PG_ARGISNULL(ARG_AT) || PG_ARGISNULL(ARG_SCORE)))
		null_in_row(fcinfo);
	at = nm_row_time(fcinfo, ARG_AT, is_date);
	score = nm_points_in(PG_GETARG_FLOAT8(ARG_SCORE), "score");
	if (state == NULL)
		state = nm_log_begin(&nm_score_family, SCORE_FLAGS, 0);
	row = nm_log_append(&state, sizeof(NmScoreRow), fcinfo);
	row->at = at;
	row->score = score;
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(nm_score_trans_instant);
Datum
nm_score_trans_instant(PG_FUNCTION_ARGS)
{
	return score_trans(fcinfo, false);
}

PG_FUNCTION_INFO_V1(nm_score_trans_day);
Datum
nm_score_trans_day(PG_FUNCTION_ARGS)
{
	return score_trans(fcinfo, true);
}

/* Reading states and arguments */

void
nm_several_scores(const NmScoreRow *rows, uint32 start, uint32 end,
				  NmReading *reading)
{
	int128 sum = 0;

	for (uint32 i = start; i < end; i++)
	{
		if ((i & 0xFFFFF) == 0xFFFFF)
			CHECK_FOR_INTERRUPTS();
		sum += rows[i].score;
	}
	reading->at = rows[start].at;
	reading->n = end - start;
	reading->score = nm_score_mean(sum, reading->n);
}

uint32
nm_score_upto(const NmScoreView *view, int64 at)
{
	uint32 low = 0;
	uint32 high = view->n;

	/* mostly it is the last one */
	if (high > 0 && view->rows[high - 1].at <= at)
		return high;
	while (low < high)
	{
		uint32 middle = low + (high - low) / 2;

		if (view->rows[middle].at <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
nm_score_view_of(const NmState *state, NmScoreView *view)
{
	view->rows = (const NmScoreRow *) nm_state_records(state);
	view->n = state->nrecords;
	if (!view->has_as_of && view->n > 0)
		view->as_of = view->rows[view->n - 1].at;
	view->n = nm_score_upto(view, view->as_of);
	return view->n > 0;
}

bool
nm_score_view(FunctionCallInfo fcinfo, int as_of_arg, NmScoreView *view)
{
	view->as_of = nm_instant_arg(fcinfo, as_of_arg, "as_of", &view->has_as_of);
	return nm_score_view_of(nm_log_arg(fcinfo, 0, &nm_score_family), view);
}

int64
nm_score_within(FunctionCallInfo fcinfo, int argno, const char *name,
				int64 if_null)
{
	int64 span = nm_span_arg(fcinfo, argno, name, if_null);

	if (span == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument \"%s\" must be longer than 0", name),
						errdetail("A window of no length has no reading."),
						errhint("Pass an interval, such as '30 days'.")));
	return span;
}

bool
nm_reading_at(const NmScoreView *view, int64 at, NmReading *reading)
{
	uint32 i = nm_score_upto(view, at);

	return nm_previous_reading(view->rows, &i, reading);
}

bool
nm_score_window(const NmScoreView *view, int64 span, NmWindow *window)
{
	int64 start = nm_score_start(view->as_of, span);
	uint32 i = view->n;
	int128 sum = 0;
	NmReading reading;

	window->readings = 0;
	window->highest = PG_INT64_MIN;
	window->lowest = PG_INT64_MAX;
	while (nm_previous_reading(view->rows, &i, &reading) && reading.at > start)
	{
		if ((i & 0xFFFF) == 0xFFFF)
			CHECK_FOR_INTERRUPTS();
		window->readings++;
		window->highest = Max(window->highest, reading.score);
		window->lowest = Min(window->lowest, reading.score);
		sum += reading.score;
	}
	if (window->readings == 0)
		return false;
	window->mean = nm_score_mean(sum, window->readings);
	return true;
}

/* What a state holds */

PG_FUNCTION_INFO_V1(nm_score_rows);
Datum
nm_score_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	const NmScoreRow *rows;
	NmRowContext row;

	InitMaterializedSRF(fcinfo, 0);
	state = nm_log_arg(fcinfo, 0, &nm_score_family);
	rows = (const NmScoreRow *) nm_state_records(state);
	nm_row_begin(&row);
	for (uint32 i = 0; i < state->nrecords; i++)
	{
		Datum values[2];
		bool nulls[2] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = TimestampTzGetDatum(rows[i].at);
		values[1] = Float8GetDatum(nm_points_out(rows[i].score));
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(nm_score_readings);
Datum
nm_score_readings(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const NmState *state;
	NmReading reading;
	NmRowContext row;
	uint32 i = 0;

	InitMaterializedSRF(fcinfo, 0);
	state = nm_log_arg(fcinfo, 0, &nm_score_family);
	nm_row_begin(&row);
	while (nm_next_reading((const NmScoreRow *) nm_state_records(state), &i,
						   state->nrecords, &reading))
	{
		Datum values[3];
		bool nulls[3] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = TimestampTzGetDatum(reading.at);
		values[1] = Float8GetDatum(nm_points_out(reading.score));
		values[2] = Int64GetDatum(reading.n);
		nm_row_put(&row, rsinfo, values, nulls);
	}
	nm_row_end(&row);
	PG_RETURN_NULL();
}

/* The score at an instant, and how far below the peak it is */

PG_FUNCTION_INFO_V1(nm_score_at);
Datum
nm_score_at(PG_FUNCTION_ARGS)
{
	NmScoreView view;
	NmReading reading;
	int64 max_age;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	max_age = nm_span_arg(fcinfo, 2, "max_age", NM_SCORE_NO_SPAN);
	if (!nm_score_view(fcinfo, 1, &view) ||
		!nm_reading_at(&view, view.as_of, &reading) ||
		nm_elapsed(reading.at, view.as_of) > max_age)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(nm_points_out(reading.score));
}

PG_FUNCTION_INFO_V1(nm_score_drop);
Datum
nm_score_drop(PG_FUNCTION_ARGS)
{
	NmScoreView view;
	NmWindow window;
	NmReading reading;
	int64 within;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	nm_require_arg(fcinfo, 1, "within");
	within = nm_score_within(fcinfo, 1, "within", 0);
	if (!nm_score_view(fcinfo, 2, &view) ||
		!nm_score_window(&view, within, &window) ||
		!nm_reading_at(&view, view.as_of, &reading))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(nm_points_out(window.highest - reading.score));
}

/* Comparison with others */

/*
 * score_compare sets the latest reading of an entity against the mean of all
 * scores of its peers in the same window.  A merged state does not know whose
 * its scores are, so this is a mean over entities only if each is scored once
 * in a window.
 */
PG_FUNCTION_INFO_V1(nm_score_compare);
Datum
nm_score_compare(PG_FUNCTION_ARGS)
{
	NmScoreView view;
	NmScoreView peers;
	NmReading reading;
	Datum values[5];
	bool nulls[5] = {false};
	int64 start;
	int128 sum = 0;
	int64 n = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	nm_require_arg(fcinfo, 2, "within");
	start = nm_score_within(fcinfo, 2, "within", 0);
	if (!nm_score_view(fcinfo, 3, &view) ||
		!nm_reading_at(&view, view.as_of, &reading))
		PG_RETURN_NULL();
	start = nm_score_start(view.as_of, start);
	if (reading.at <= start)
		PG_RETURN_NULL();
	peers = view;
	peers.has_as_of = true;
	if (!PG_ARGISNULL(1) &&
		nm_score_view_of(nm_log_arg(fcinfo, 1, &nm_score_family), &peers))
		for (; n < peers.n && peers.rows[peers.n - 1 - n].at > start; n++)
		{
			if ((n & 0xFFFFF) == 0xFFFFF)
				CHECK_FOR_INTERRUPTS();
			sum += peers.rows[peers.n - 1 - n].score;
		}
	values[0] = Float8GetDatum(nm_points_out(reading.score));
	values[1] = TimestampTzGetDatum(reading.at);
	nulls[2] = nulls[3] = n == 0;
	if (n > 0)
	{
		int64 mean = nm_score_mean(sum, n);

		values[2] = Float8GetDatum(nm_points_out(mean));
		values[3] = Float8GetDatum(nm_points_out(reading.score - mean));
	}
	values[4] = Int64GetDatum(n);
	return nm_one_row(fcinfo, values, nulls);
}
